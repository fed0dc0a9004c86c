package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"perfmon/alarm"
	"perfmon/monitor"
)

// Times of a stream.
const (
	keepAliveEvery = 15 * time.Second
	takeTimeout    = 10 * time.Second // for a reader to take what is sent
	reconnectAfter = 3 * time.Second  // that a browser is told to wait
)

// watch sends news as server-sent events until the reader goes, or the agent
// ends.
func (l *local) watch(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	overview, err := trueOrFalse(query, "overview", true)
	if err != nil {
		l.refuse(w, refusalOf(err))
		return
	}
	wanted, err := l.transitionsOf(query.Get("object"), "")
	if err != nil {
		l.refuse(w, refusalOf(err))
		return
	}
	if l.Feed == nil {
		l.refuse(w, &Refusal{status: http.StatusNotFound, Message: "this agent has no news to watch", Fix: "ask for /v1/status now and then"})
		return
	}
	watcher := l.Feed.watch(public(r.Context()))
	if watcher == nil {
		l.refuse(w, &Refusal{status: http.StatusServiceUnavailable, Message: "as many as may be watch already", Fix: "end one of them, or ask for /v1/status now and then"})
		return
	}
	defer l.Feed.leave(watcher)

	l.mark(w)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // for a proxy
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return
	}
	out := &stream{w: w, control: http.NewResponseController(w), takeTime: l.takeTime}
	// The server's time to read a request would end the stream.
	if err := out.control.SetReadDeadline(time.Time{}); err != nil {
		l.Logger.Debug("watch: the read deadline stays", "err", err)
	}
	out.text("retry: %d\n\n", reconnectAfter.Milliseconds())
	last := r.Header.Get("Last-Event-ID")
	if last == "" {
		last = query.Get("last")
	}
	told := l.resume(out, last, wanted)
	if s := l.Monitor.Snapshot(); s != nil {
		out.event(EventPoll, "", l.polls.of(l, s, overview))
	}
	if out.send() != nil {
		return
	}
	alive := time.NewTicker(l.keepAlive)
	defer alive.Stop()
	for {
		select {
		case <-r.Context().Done():
			return
		case <-alive.C:
			out.comment()
		case <-watcher.wake:
			news := l.Feed.take(watcher)
			if news.over {
				return
			}
			for _, e := range news.transitions {
				if wanted(e) && !told[e.EventID()] {
					out.transition(e)
				}
			}
			told = nil
			if news.silences {
				out.value(EventSilence, "", silencesOf(news.poll, l.now().Unix()))
			}
			if news.poll != nil {
				out.event(EventPoll, "", l.polls.of(l, news.poll, overview))
			}
		}
		if out.send() != nil {
			return
		}
	}
}

// resume sends what was said after the event of an id, and returns which
// events that was. Of an id that is not remembered nothing follows.
func (l *local) resume(out *stream, last string, wanted func(*alarm.Event) bool) map[string]bool {
	if last == "" {
		return nil
	}
	var missed []*alarm.Event
	told, found := map[string]bool{}, false
	for e := range l.History() {
		if found = lineOf(e.EventID()) == last; found {
			break
		}
		missed = append(missed, e)
	}
	if !found {
		return nil
	}
	for _, e := range slices.Backward(missed) {
		told[e.EventID()] = true
		if wanted(e) {
			out.transition(e)
		}
	}
	return told
}

// stream writes server-sent events (the HTML standard, "Server-sent events").
type stream struct {
	w        http.ResponseWriter
	control  *http.ResponseController
	takeTime time.Duration
	pending  [][]byte // what is shared is not copied
}

func (s *stream) transition(e *alarm.Event) { s.value(EventAlarm, e.EventID(), transitionOf(e)) }

func (s *stream) value(event, id string, v any) {
	b, err := encode(v)
	if err != nil {
		return // a value of ours that JSON cannot have: there is none
	}
	s.event(event, id, b)
}

// event appends an event. data is one line.
func (s *stream) event(event, id string, data []byte) {
	if id != "" {
		s.text("id: %s\n", lineOf(id))
	}
	s.text("event: %s\ndata: ", event)
	s.pending = append(s.pending, data)
	s.text("\n\n")
}

func (s *stream) comment() { s.text(":\n\n") }

func (s *stream) text(format string, args ...any) {
	s.pending = append(s.pending, fmt.Appendf(nil, format, args...))
}

// send sends what was appended; the reader has to take it in time.
func (s *stream) send() error {
	if len(s.pending) == 0 {
		return nil
	}
	if err := s.control.SetWriteDeadline(time.Now().Add(s.takeTime)); err != nil {
		return err
	}
	for _, b := range s.pending {
		if _, err := s.w.Write(b); err != nil {
			return err
		}
	}
	s.pending = nil
	return s.control.Flush()
}

// lineOf is an id on one line: names of variables may have any character.
func lineOf(id string) string {
	var b []byte
	for i := range len(id) {
		if c := id[i]; c < ' ' || c == '%' || c == 0x7f {
			b = fmt.Appendf(b, "%%%02X", c)
		} else {
			b = append(b, c)
		}
	}
	return string(b)
}

// encode is a value as JSON on one line.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// polls makes the event of a poll once, however many watch.
type polls struct {
	mu sync.Mutex
	// mu guards everything that follows.
	snapshot *monitor.Snapshot
	made     map[bool][]byte // with an overview, and without
}

// of is the event of a snapshot, as JSON. Nobody may change it.
func (p *polls) of(l *local, s *monitor.Snapshot, overview bool) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.snapshot != s {
		p.snapshot, p.made = s, map[bool][]byte{}
	}
	if p.made[overview] == nil {
		now := l.now()
		poll := WatchPoll{Head: head(), Brief: l.brief(s, now)}
		if overview {
			poll.Overview = l.overviews.of(s, now)
		}
		b, err := encode(poll)
		if err != nil {
			l.Logger.Error("a poll cannot be told", "err", err)
			b = []byte("{}")
		}
		p.made[overview] = b
	}
	return p.made[overview]
}
