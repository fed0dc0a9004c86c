//go:build !integration

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"
)

// jobServer is a small server of jobs that keeps to what package httpjson asks
// of one: it has one queue, hands its tasks to workers that come for them, tells
// rubber who they are, and takes its commands.
type jobServer struct {
	t   *testing.T
	url string

	mu      sync.Mutex
	changed chan struct{} // closed, and made anew, with each change
	away    bool          // for rubber; workers still come
	waiting []int         // tasks
	open    map[int]bool  // tasks that may end
	ended   []int         // those that have
	workers map[string]*jobState
	told    []string // commands of rubber, with what the worker had: "cancel worker@a 1"
	refused int      // questions of rubber while it was away
}

// jobState is one worker.
type jobState struct {
	process int
	seen    time.Time
	task    int  // 0: none
	left    bool // the queue
	end     bool // it is told to end
	begun   int
}

func newJobServer(t *testing.T) *jobServer {
	s := &jobServer{t: t, changed: make(chan struct{}), open: map[int]bool{}, workers: map[string]*jobState{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /depth", s.rubber(s.depth))
	mux.HandleFunc("GET /workers", s.rubber(s.list))
	mux.HandleFunc("POST /workers", s.rubber(s.command))
	mux.HandleFunc("POST /work", s.work)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

// do changes something, and lets whoever waits for a change know.
func (s *jobServer) do(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
	close(s.changed)
	s.changed = make(chan struct{})
}

// rubber serves rubber, unless the server is away for it.
func (s *jobServer) rubber(f func(http.ResponseWriter, *http.Request)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Token") != "open sesame" {
			s.t.Errorf("%s %s without its token", r.Method, r.URL)
		}
		s.do(func() {
			if s.away {
				s.refused++
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			f(w, r)
		})
	}
}

func (s *jobServer) depth(w http.ResponseWriter, r *http.Request) {
	if r.FormValue("queue") != "jobs" {
		fmt.Fprint(w, `{"absent": true}`)
		return
	}
	running := 0
	for _, one := range s.workers {
		if one.task > 0 {
			running++
		}
	}
	fmt.Fprintf(w, `{"ready": %d, "unacked": %d}`, len(s.waiting), running)
}

func (s *jobServer) list(w http.ResponseWriter, _ *http.Request) {
	type entry struct {
		Name     string   `json:"name"`
		Process  int      `json:"process"`
		Seen     float64  `json:"seen_seconds"`
		Queues   []string `json:"queues"`
		Slots    int      `json:"slots"`
		Active   int      `json:"active"`
		Reserved int      `json:"reserved"`
		Begun    int      `json:"begun"`
	}
	list := []entry{}
	for name, one := range s.workers {
		e := entry{Name: name, Process: one.process, Seen: time.Since(one.seen).Seconds(), Queues: []string{"jobs"}, Slots: 1, Active: min(one.task, 1), Begun: one.begun}
		if one.left {
			e.Queues = []string{}
		}
		list = append(list, e)
	}
	if err := json.NewEncoder(w).Encode(map[string]any{"complete": true, "workers": list}); err != nil {
		s.t.Error(err)
	}
}

func (s *jobServer) command(w http.ResponseWriter, r *http.Request) {
	var c struct {
		Command, Worker, Queue string
		Process                int
	}
	if err := json.NewDecoder(r.Body).Decode(&c); err != nil {
		s.t.Error(err)
	}
	one := s.workers[c.Worker]
	if one == nil || one.process != c.Process {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	s.told = append(s.told, fmt.Sprintf("%s %s %d", c.Command, c.Worker, one.task))
	switch c.Command {
	case "cancel":
		one.left = true
	case "resume":
		one.left = false
	case "shutdown":
		one.end = true
	}
	w.WriteHeader(http.StatusAccepted)
}

// said is what a worker says and is told, in turn.
type said struct {
	Process int
	Task    int  // that it has; 0: none
	Finish  bool // the task may end; of the worker: it has
	End     bool // it may end; of the worker: it does
}

// work answers a worker when there is news for it, or soon.
func (s *jobServer) work(w http.ResponseWriter, r *http.Request) {
	name, in := r.FormValue("name"), said{}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		s.t.Error(err)
	}
	s.do(func() { s.came(name, in) })
	soon := time.After(100 * time.Millisecond)
	for late := false; ; {
		s.mu.Lock()
		out, changed := s.next(name, in), s.changed
		s.mu.Unlock()
		if out != in || late {
			if err := json.NewEncoder(w).Encode(out); err != nil {
				s.t.Log(err) // a worker that was killed
			}
			return
		}
		select {
		case <-changed:
		case <-soon:
			late = true
		}
	}
}

// came notes what a worker says.
func (s *jobServer) came(name string, in said) {
	one := s.workers[name]
	if one == nil {
		one = &jobState{process: in.Process}
		s.workers[name] = one
	}
	one.seen = time.Now()
	if in.Finish {
		s.ended = append(s.ended, one.task)
		one.task = 0
	}
	if in.End {
		delete(s.workers, name)
	}
}

// next is what a worker is told now.
func (s *jobServer) next(name string, in said) said {
	one := s.workers[name]
	if one == nil {
		return said{Process: in.Process, End: true}
	}
	if one.task == 0 && !one.left && len(s.waiting) > 0 {
		one.task, s.waiting = s.waiting[0], s.waiting[1:]
		one.begun++
	}
	return said{Process: in.Process, Task: one.task, Finish: one.task > 0 && s.open[one.task], End: one.end && one.task == 0}
}

// jobWorker is a worker of one slot: jobworker NAME URL.
func jobWorker() {
	name, url := os.Args[1], os.Args[2]
	in := said{Process: os.Getpid()}
	for {
		body, err := json.Marshal(in)
		if err != nil {
			panic(err)
		}
		resp, err := http.Post(url+"?name="+name, "application/json", bytes.NewReader(body))
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		answer, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		var out said
		if err != nil || json.Unmarshal(answer, &out) != nil {
			fmt.Fprintln(os.Stderr, strconv.Quote(string(answer)), err)
			os.Exit(1)
		}
		if in.End {
			return
		}
		in = out
	}
}

// busy is the tasks that workers have, in order.
func (s *jobServer) busy() (tasks []int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range s.workers {
		if one.task > 0 {
			tasks = append(tasks, one.task)
		}
	}
	slices.Sort(tasks)
	return tasks
}

// holder is the worker that has a task.
func (s *jobServer) holder(task int) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, one := range s.workers {
		if one.task == task {
			return name
		}
	}
	return ""
}

// commands is what rubber has said.
func (s *jobServer) commands() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.told)
}
