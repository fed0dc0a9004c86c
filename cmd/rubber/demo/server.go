package demo

import (
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

// maxBody is how long a question may be, in bytes.
const maxBody = 1 << 20

// Handler serves the shop to its workers and, as package httpjson asks, to
// rubber. Whoever asks has to know the token.
func (s *Shop) Handler(token string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /depth", s.depth)
	mux.HandleFunc("GET /workers", s.list)
	mux.HandleFunc("POST /workers", s.command)
	mux.HandleFunc("POST /report", func(w http.ResponseWriter, q *http.Request) {
		var r Report
		if read(w, q, &r) {
			answer(w, http.StatusOK, s.Hear(time.Now(), r))
		}
	})
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if subtle.ConstantTimeCompare([]byte(q.Header.Get("Authorization")), []byte(token)) != 1 {
			answer(w, http.StatusUnauthorized, problem{"the token is missing or wrong"})
			return
		}
		mux.ServeHTTP(w, q)
	})
}

type problem struct {
	Error string `json:"error"`
}

func read(w http.ResponseWriter, q *http.Request, into any) bool {
	err := json.NewDecoder(http.MaxBytesReader(w, q.Body, maxBody)).Decode(into)
	if err != nil {
		answer(w, http.StatusBadRequest, problem{err.Error()})
	}
	return err == nil
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // whoever asked has gone, then
}

func (s *Shop) depth(w http.ResponseWriter, q *http.Request) {
	if q.URL.Query().Get("queue") != s.queue {
		answer(w, http.StatusOK, map[string]bool{"absent": true})
		return
	}
	s.mu.Lock()
	d := struct {
		Ready     int     `json:"ready"`
		Unacked   int     `json:"unacked"`
		Consumers int     `json:"consumers"`
		Oldest    float64 `json:"oldest_seconds"`
	}{Ready: len(s.waiting)}
	for _, one := range s.workers {
		d.Unacked += len(one.jobs)
		if !one.stopped {
			d.Consumers++
		}
	}
	if len(s.waiting) > 0 {
		d.Oldest = time.Since(s.waiting[0].came).Seconds()
	}
	s.mu.Unlock()
	answer(w, http.StatusOK, d)
}

// member is a worker in the list.
type member struct {
	Name     string   `json:"name"`
	Process  int64    `json:"process"`
	Seen     float64  `json:"seen_seconds"`
	Queues   []string `json:"queues"`
	Slots    int      `json:"slots"`
	Active   int      `json:"active"`
	Reserved int      `json:"reserved"`
	Begun    int64    `json:"begun"`
}

func (s *Shop) list(w http.ResponseWriter, _ *http.Request) {
	now := time.Now()
	s.mu.Lock()
	l := struct {
		Complete bool     `json:"complete"` // nobody worked before the shop opened
		Silence  float64  `json:"silence_seconds"`
		Workers  []member `json:"workers"`
	}{true, lost.Seconds(), []member{}}
	for name, one := range s.workers {
		m := member{Name: name, Process: one.process, Seen: now.Sub(one.last).Seconds(), Queues: []string{}, Slots: one.slots, Active: len(one.jobs), Begun: one.begun}
		if !one.stopped {
			m.Queues = []string{s.queue}
		}
		l.Workers = append(l.Workers, m)
	}
	s.mu.Unlock()
	slices.SortFunc(l.Workers, func(a, b member) int { return strings.Compare(a.Name, b.Name) })
	answer(w, http.StatusOK, l)
}

func (s *Shop) command(w http.ResponseWriter, q *http.Request) {
	var c struct {
		Command string `json:"command"`
		Worker  string `json:"worker"`
		Process int64  `json:"process"`
		Queue   string `json:"queue"`
	}
	if !read(w, q, &c) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.workers[c.Worker]
	switch {
	case one == nil || one.process != c.Process:
		answer(w, http.StatusNotFound, problem{"no such worker"})
	case c.Command == "shutdown":
		one.end = true
		w.WriteHeader(http.StatusAccepted)
	case c.Queue != s.queue:
		answer(w, http.StatusConflict, problem{"no such queue"})
	case c.Command == "cancel" || c.Command == "resume":
		one.stopped = c.Command == "cancel"
		w.WriteHeader(http.StatusNoContent)
	default:
		answer(w, http.StatusBadRequest, problem{"no such command"})
	}
}
