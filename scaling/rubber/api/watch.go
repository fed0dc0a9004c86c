package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"perfmon/scaling/rubber"
)

// Times of a stream.
const (
	lookEvery      = 500 * time.Millisecond // for a new turn
	keepAliveEvery = 15 * time.Second
	takeLimit      = 10 * time.Second // for a reader to take what is sent
)

// watch sends server-sent events until the reader goes: "status" and "plan" at
// first and after each turn, "decision" for each that is new.
func (s *Service) watch(w http.ResponseWriter, r *http.Request) {
	machines, ok := s.firstMachines(w, r)
	if !ok {
		return
	}
	select {
	case s.watchers <- struct{}{}:
		defer func() { <-s.watchers }()
	default:
		s.refuse(w, http.StatusServiceUnavailable, Refusal{Message: "as many as may be watch already", Fix: "end one of them, or ask for /v1/status now and then"})
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // for a proxy
	out := http.NewResponseController(w)
	_ = out.SetReadDeadline(time.Time{}) // the server's would end the stream
	send := func(event string, value any) bool {
		b, err := json.Marshal(value)
		if err != nil {
			return false
		}
		_ = out.SetWriteDeadline(time.Now().Add(takeLimit))
		if _, err := fmt.Fprintf(w, "event: %s\ndata: %s\n\n", event, b); err != nil {
			return false
		}
		return out.Flush() == nil
	}
	look, alive := time.NewTicker(lookEvery), time.NewTicker(keepAliveEvery)
	defer look.Stop()
	defer alive.Stop()
	var seen *rubber.Status
	var planned time.Time
	told := s.Controller.Decisions(0)
	for {
		if now := s.Controller.Status(); now != seen {
			seen = now
			if !send("status", s.status(machines, "")) {
				return
			}
			for _, p := range s.Controller.Plans(1) {
				if p.At.Equal(planned) {
					continue
				}
				planned = p.At
				if !send("plan", planOf(&p)) {
					return
				}
			}
		}
		decisions := s.Controller.Decisions(0)
		for _, d := range newer(decisions, told) {
			if !send("decision", decisionOf(d)) {
				return
			}
		}
		told = decisions
		select {
		case <-r.Context().Done():
			return
		case <-alive.C:
			_ = out.SetWriteDeadline(time.Now().Add(takeLimit))
			if _, err := fmt.Fprint(w, ": \n\n"); err != nil || out.Flush() != nil {
				return
			}
		case <-look.C:
		}
	}
}

// newer is what a list has beyond an older state of it. Several decisions may
// be of one instant, and the oldest ones are forgotten.
func newer(now, before []rubber.Decision) []rubber.Decision {
	if len(before) == 0 {
		return now
	}
	last := before[len(before)-1]
	for i := len(now) - 1; i >= 0; i-- {
		if now[i] == last {
			return now[i+1:]
		}
	}
	return now
}
