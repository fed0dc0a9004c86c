//go:build !integration

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"perfmon/cmd/internal/rubberconfig"
	"perfmon/scaling/rubber"
	"perfmon/scaling/rubber/plan"
)

// jobSite is a rubber whose queue is a jobServer's, and whose machines are
// jobworkers: of one slot, two at most.
type jobSite struct {
	*jobServer
	p *parts
}

func newJobSite(t *testing.T) *jobSite {
	t.Helper()
	s := newJobServer(t)
	worker, err := exec.LookPath("jobworker")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, text string) string {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return filepath.Join(dir, name)
	}
	write("token", "open sesame\n")
	path := write("rubber.yaml", fmt.Sprintf(`
owner: test
max_machines: 2
brokers:
  main: {kind: http, url: "%s/depth", workers_url: "%s/workers", header: X-Token, secret_file: token}
clouds:
  here: {driver: process, process: {dir: machines, grace: 1s}}
profiles:
  jobs: {queue: jobs, command: [%q, "worker@{name}", "%s/work"]}
alarms: {from: none}
engine: {dir: engine, listen: "127.0.0.1:0"}
planner: {interval: 100ms, beta: 0, quiet: 1, start_cost: 500ms, load_window: 1s, recent: 300ms, spare_window: 1s, down_every: 500ms, up_every: 500ms}
limits: {settle: 100ms, ask: 100ms}
api: {socket: rubber.sock}
web: {listen: none}
`, s.url, s.url, worker, s.url))
	c, err := rubberconfig.Load(path, func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	p, err := newParts(c, false, quiet)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.run(ctx, func() {}) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		for _, m := range p.controller.Status().Machines { // only when the test has failed
			if err := p.clouds["here"].Delete(context.Background(), m.ID); err != nil {
				t.Error(err)
			}
		}
	})
	return &jobSite{s, p}
}

// until waits for something to be so.
func (s *jobSite) until(what string, done func(*rubber.Status) bool) *rubber.Status {
	s.t.Helper()
	deadline := time.After(time.Minute)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		st := s.p.controller.Status()
		if done(st) {
			return st
		}
		select {
		case <-tick.C:
		case <-deadline:
			text, _ := json.MarshalIndent(st, "", " ")
			s.t.Fatalf("no %s; said %q, %v run; status:\n%s", what, s.commands(), s.busy(), text)
		}
	}
}

// turns waits for some more turns of rubber.
func (s *jobSite) turns(n int) *rubber.Status {
	s.t.Helper()
	from := s.p.controller.Status().Turns
	return s.until(fmt.Sprintf("%d turns", n), func(st *rubber.Status) bool { return st.Turns >= from+n })
}

// in counts machines in a state.
func in(st *rubber.Status, state plan.State) (n int) {
	for _, m := range st.Machines {
		if m.State == state {
			n++
		}
	}
	return n
}

// TestJobs is the whole way with a server of jobs that speaks HTTP: load comes,
// machines start, are ready with their first word, work, and go when they are
// empty. What is busy stays, and while the server is away everything does.
func TestJobs(t *testing.T) {
	s := newJobSite(t)
	s.until("rest without work", func(st *rubber.Status) bool {
		return st.Role == rubber.Active && st.Turns > 1 && len(st.Machines) == 0 && st.Profiles[0].WorkersKnown
	})
	s.do(func() { s.waiting = []int{1, 2, 3} })
	st := s.until("two ready machines", func(st *rubber.Status) bool { return in(st, plan.Ready) == 2 && st.Profiles[0].Busy == 2 })
	if p := st.Profiles[0]; !slices.Equal(s.busy(), []int{1, 2}) || p.Waits != 1 || p.Slots != 2 {
		t.Errorf("%v run, %+v", s.busy(), p)
	}
	for _, m := range st.Machines {
		if !m.EverReady || m.FirstHeartbeat.IsZero() {
			t.Errorf("%+v", m)
		}
	}

	// An operator wants the one gone that has the first task.
	busy := s.holder(1)
	machine := strings.TrimPrefix(busy, "worker@")
	if err := s.p.controller.Drain(t.Context(), machine, "a test"); err != nil {
		t.Fatal(err)
	}
	s.until("it to leave the queue", func(*rubber.Status) bool { return len(s.commands()) > 0 })
	st = s.turns(5)
	if got, want := s.commands(), []string{"cancel " + busy + " 1"}; !slices.Equal(got, want) || in(st, plan.Draining) != 1 || !slices.Contains(s.busy(), 1) {
		t.Errorf("said %q, %v run, %d machines drain: what is busy is waited for", got, s.busy(), in(st, plan.Draining))
	}

	// The server goes away, and the task ends; which rubber cannot know.
	s.do(func() { s.away = true })
	s.until("rubber to know that it knows nothing", func(st *rubber.Status) bool { return !st.Profiles[0].WorkersKnown && !st.Brokers[0].OK })
	s.do(func() { s.open[1], s.open[2] = true, true })
	s.until("the last task to begin", func(*rubber.Status) bool { return slices.Equal(s.busy(), []int{3}) })
	st = s.turns(5)
	if len(s.commands()) != 1 || in(st, plan.Draining) != 1 || in(st, plan.Ready) != 1 {
		t.Errorf("said %q, and %d of 2 machines are left, while nobody knows who works", s.commands(), len(st.Machines))
	}
	if s.refused == 0 {
		t.Error("nobody has asked the server")
	}

	// It is back. Who is empty goes; who is busy stays.
	s.do(func() { s.away = false })
	s.until("the drained one to go", func(st *rubber.Status) bool { return st.Machine(machine) == nil })
	last := s.holder(3)
	st = s.turns(5)
	if m := st.Machine(strings.TrimPrefix(last, "worker@")); m == nil || m.State != plan.Ready || s.holder(3) != last {
		t.Errorf("%q had the last task, %q has it, and its machine is %+v", last, s.holder(3), m)
	}

	// And no work is left.
	s.do(func() { s.open[3] = true })
	s.until("the last one to go", func(st *rubber.Status) bool { return len(st.Machines) == 0 })
	said := s.commands()
	for _, want := range []string{"shutdown " + busy + " 0", "cancel " + last + " 0", "shutdown " + last + " 0"} {
		if !slices.Contains(said, want) {
			t.Errorf("said %q, and not %q", said, want)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if slices.Sort(s.ended); !slices.Equal(s.ended, []int{1, 2, 3}) || len(s.workers) > 0 {
		t.Errorf("%v have ended, each once; %d workers are left", s.ended, len(s.workers))
	}
}
