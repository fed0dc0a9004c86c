package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// Times of a stream.
const (
	lookEvery      = 500 * time.Millisecond // for a new turn
	keepAliveEvery = 15 * time.Second
	takeLimit      = 10 * time.Second // for a reader to take what is sent
)

// watch sends server-sent events until the reader goes: "status" after each
// turn, "plan" with it, "decision" for each since the last.
func (s *Service) watch(w http.ResponseWriter, r *http.Request) {
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
	turns, told := -1, time.Now()
	for {
		if status := s.status(); status.Turns != turns {
			turns = status.Turns
			if !send("status", status) {
				return
			}
			for _, p := range s.Controller.Plans(1) {
				if !send("plan", planOf(&p)) {
					return
				}
			}
			before := told // several may be of one instant
			for _, d := range s.Controller.Decisions(0) {
				if !d.At.After(before) {
					continue
				}
				told = d.At
				if !send("decision", decisionOf(d)) {
					return
				}
			}
		}
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
