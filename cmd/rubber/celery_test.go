//go:build integration

package main

import (
	"syscall"
	"testing"
	"time"

	"perfmon/scaling/rubber/api"
)

// TestCelery is the whole way with nothing simulated: tasks come to a RabbitMQ,
// rubber starts Celery workers, they work, and go when there is no more to do.
// 500 tasks: none is lost, none runs twice, and none is delivered twice but
// those that were with a worker when the broker went away.
func TestCelery(t *testing.T) {
	s := newSite(t, setup{})
	s.Declare("jobs")
	s.start()
	none := func(st *api.Status) bool { return len(st.Machines) == 0 }
	s.until("no machine without work", time.Minute, none)

	// Load arrives, and ends.
	gate, open := s.Gate("all")                     // so that the first workers leave something to the last
	ids := s.Publish("jobs", 4*(2+2), "hold", gate) // each of four has two that run and two that wait
	ids = append(ids, s.Publish("jobs", 284, "work", 0.1)...)
	s.until("all four machines to work", 2*time.Minute, func(st *api.Status) bool { return inState(st, "ready") == 4 })
	open()
	s.until("the tasks to be done", 2*time.Minute, func(*api.Status) bool { return s.Ended() == 300 })
	s.until("the workers to go", 2*time.Minute, none)
	s.Exactly(ids, false)

	// A worker that is busy finishes its task before it goes.
	gate, open = s.Gate("busy")
	ids = append(ids, s.Publish("jobs", 1, "hold", gate)...)
	st := s.until("a worker to be busy", time.Minute, func(st *api.Status) bool {
		return len(s.Runs()) == 301 && inState(st, "ready") == 1 && st.Machines[0].Busy != nil && *st.Machines[0].Busy == 1
	})
	busy := st.Machines[0].Intent
	if err := s.ask("POST", "/v1/machines/"+busy+"/drain", api.Request{Reason: "a test"}, &api.Status{}); err != nil {
		t.Fatal(err)
	}
	s.until("it to be drained", time.Minute, func(st *api.Status) bool { return inState(st, "draining") == 1 })
	ids = append(ids, s.Publish("jobs", 50, "work", 0.1)...) // for its peers
	s.until("others to do the rest", 2*time.Minute, func(*api.Status) bool { return s.Ended() == 350 })
	st = s.until("the busy one to wait", time.Minute, func(st *api.Status) bool { return inState(st, "draining") >= 1 })
	if m := machine(st, busy); m == nil || m.State != "draining" {
		t.Fatalf("the busy worker is %+v while its task runs", m)
	}
	open()
	s.until("the busy one to go", time.Minute, func(st *api.Status) bool { return machine(st, busy) == nil })
	if n := s.Ended(); n != 351 {
		t.Errorf("%d tasks have ended, want 351: the one that ran when its worker was to go, too", n)
	}
	s.Exactly(ids, false)

	// The broker goes and comes back in the middle. All slots have begun by then
	// what they go on with: a start that the broker does not hear of any more would
	// be one of two.
	gate, open = s.Gate("away")
	ids = append(ids, s.Publish("jobs", 40, "work", 0.6)...)
	ids = append(ids, s.Publish("jobs", 109, "hold", gate)...)
	s.until("some to be done, and the rest to be begun", 2*time.Minute, func(st *api.Status) bool {
		return s.Ended() == 391 && len(s.Runs()) == 391+8 && inState(st, "ready") == 4
	})
	messages.Stop(syscall.SIGTERM)
	st = s.until("demand to be unknown", time.Minute, func(st *api.Status) bool { return st.Profiles[0].Waits == nil })
	if n := inState(st, "draining", "deleting"); n > 0 || len(st.Machines) == 0 {
		t.Errorf("%d of %d machines are let go while the broker is away", n, len(st.Machines))
	}
	messages.Start()
	open()
	s.until("the tasks to be done", 3*time.Minute, func(*api.Status) bool { return s.Ended() == 500 })
	s.Exactly(ids, true)
	s.until("the workers to go", 2*time.Minute, none)
}

func machine(st *api.Status, intent string) *api.Machine {
	for i := range st.Machines {
		if st.Machines[i].Intent == intent {
			return &st.Machines[i]
		}
	}
	return nil
}
