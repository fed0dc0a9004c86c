//go:build integration

package main

import (
	"os"
	"strings"
	"testing"
	"time"

	"perfmon/scaling/rubber/api"
)

// TestCeleryOfAnotherName has a worker whose name does not lead to its machine:
// it is at work when its machine's time to be heard is over, and finishes; then
// its machine goes.
func TestCeleryOfAnotherName(t *testing.T) {
	s := newSite(t, setup{})
	b, err := os.ReadFile(s.config)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer("celery@{name}", "tiles@fixed", "limits: {", "limits: {booting: 30s, silent: 5s, ", "max_machines: 4", "max_machines: 1").Replace(string(b))
	s.write("rubber.yaml", text, 0o600)
	s.Declare("jobs")
	s.start()
	gate, open := s.Gate("all")
	ids := s.Publish("jobs", 1, "hold", gate)
	s.until("the worker to be busy", time.Minute, func(*api.Status) bool { return len(s.Runs()) == 1 })
	s.until("its machine to be left alone", time.Minute, func(st *api.Status) bool {
		return len(st.Machines) == 1 && strings.Contains(st.Machines[0].Trouble, "tiles@fixed")
	})
	begun := time.Now()
	st := s.until("that to last for longer than a silent one is kept", time.Minute, func(*api.Status) bool { return time.Since(begun) > 10*time.Second })
	if len(st.Machines) != 1 || st.Machines[0].State != "booting" || s.Ended() != 0 {
		t.Errorf("machines: %+v, %d tasks have ended", st.Machines, s.Ended())
	}
	open()
	s.until("the machine to go", time.Minute, func(st *api.Status) bool { return len(st.Machines) == 0 })
	s.Exactly(ids, false)
}
