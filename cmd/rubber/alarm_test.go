//go:build integration

package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"perfmon/alarm/sink/sinktest"
	"perfmon/scaling/rubber/api"
)

const (
	hostA = "aaaaaaaa-0000-4000-8000-000000000001"
	hostB = "bbbbbbbb-0000-4000-8000-000000000002"
)

// TestAlarmMovesMachines is the way of one alarm from /proc to a plan: this
// machine is put under pressure, its agent says so to rubber's engine, and the
// next machine goes elsewhere. The other host has an agent of its own, whose
// level nothing reaches.
func TestAlarmMovesMachines(t *testing.T) {
	address := sinktest.FreeAddress(t)
	s := newSite(t, setup{alarms: "{from: [engine]}", hosts: fmt.Sprintf("[%s, %s]", hostA, hostB), engine: address})
	s.Declare("jobs")
	s.start()
	loops, share := reachable(t)
	s.startAgent("a", hostA, address, share/2)
	s.startAgent("b", hostB, address, 5)
	s.until("both agents to be heard, with the memory of their hosts", time.Minute, func(st *api.Status) bool {
		return len(st.Hosts) == 2 && st.Hosts[0].UUID == hostA && !st.Hosts[0].Silent && !st.Hosts[1].Silent && st.Hosts[0].Total != nil
	})

	pressure(t, loops)
	s.until("the alarm to be heard", time.Minute, func(st *api.Status) bool {
		return slices.Contains(st.Hosts[0].Bad, "contended") && len(st.Hosts[1].Bad) == 0
	})
	gate, open := s.Gate("one")
	s.Publish("jobs", 1, "hold", gate)
	st := s.until("a machine", time.Minute, func(st *api.Status) bool { return inState(st, "booting", "ready") == 1 })
	if got := st.Machines[0].Host; got != hostB {
		t.Errorf("the machine is on %q, want %s: the other one raises an alarm", got, hostB)
	}
	if line := s.startLine(); line == nil || !slices.Contains(line.Avoid, hostA) || slices.Contains(line.Avoid, hostB) ||
		!slices.ContainsFunc(line.Reasons, func(r api.Reason) bool {
			return strings.Contains(r.Text, "cpu_usage") || strings.Contains(r.Text, hostA[:8])
		}) {
		t.Errorf("the plan does not say that %s is avoided, and why: %+v", hostA, line)
	}
	open()
}

// startLine is the first line of all plans by which a machine was asked for.
func (s *site) startLine() *api.Line {
	s.t.Helper()
	var plans api.Plans
	if err := s.ask("GET", "/v1/plans", nil, &plans); err != nil {
		s.t.Fatal(err)
	}
	for _, p := range plans.Plans {
		for i := range p.Lines {
			if p.Lines[i].Action == "start" {
				return &p.Lines[i]
			}
		}
	}
	return nil
}

// startAgent starts a perfmon that watches this machine's /proc, with an alarm
// of the processors at a level, and publishes to rubber's engine.
func (s *site) startAgent(name, host, engine string, level float64) {
	s.t.Helper()
	dir := s.path("agent-" + name)
	for _, d := range []string{dir, dir + "/triggers", dir + "/state"} {
		if err := syscall.Mkdir(d, 0o700); err != nil {
			s.t.Fatal(err)
		}
	}
	s.write("agent-"+name+"/triggers/host.xml", fmt.Sprintf(`<config><variable><name value="cpu_usage"/>`+
		`<alarm_trigger_level value="%v"/><alarm_trigger_period value="5"/></variable></config>`, level), 0o600)
	settings := s.write("agent-"+name+"/perfmon.yaml", fmt.Sprintf("sinks:\n  nats: {urls: [\"nats://%s\"], token_file: ../engine/token}\n", engine), 0o600)
	cmd := exec.Command(agent, "--source", "local", "--host-uuid", host, "--triggers", dir+"/triggers", "--settings-file", settings,
		"--state-dir", dir+"/state", "--pid-file", "", "--api-socket", "", "--web.listen-address", "", "--control-socket", fmt.Sprintf("@rubber-test-%d-%s", os.Getpid(), name))
	cmd.Stdout, cmd.Stderr = s.log, s.log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
}

// reachable is how many busy loops keep all processors busy that these tests
// may use, and which share of this machine's that is: a container has few of
// many. What others use at the same time adds to that share; it is never less.
func reachable(t *testing.T) (loops int, share float64) {
	t.Helper()
	stat, err := os.ReadFile("/proc/stat")
	if err != nil {
		t.Fatal(err)
	}
	all := 0
	for line := range strings.Lines(string(stat)) {
		if strings.HasPrefix(line, "cpu") && !strings.HasPrefix(line, "cpu ") {
			all++
		}
	}
	loops = runtime.GOMAXPROCS(0) // by affinity and quota
	return loops, min(1, float64(loops)/float64(max(all, 1)))
}

// pressure keeps processors busy until the test ends, and leaves them to whoever
// has something to do: that is pressure as well.
func pressure(t *testing.T, loops int) {
	t.Helper()
	for range loops {
		cmd := exec.Command("nice", "-n", "19", "sh", "-c", "while :; do :; done")
		cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		})
	}
}
