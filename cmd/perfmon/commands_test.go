package main

import (
	"syscall"
	"testing"

	"perfmon/monitor/control"
)

// long is an interval after which no test is still there: what polls sooner
// has been told to.
const long = "86400"

func TestCommands(t *testing.T) {
	t.Parallel()
	p := newPool(t)
	p.base = append(p.base, "--source", "xapi", "-i", long)
	a := p.start()
	a.waitPage(`perfmon_polls_total\{result="ok"\} 1`)
	for _, counter := range []string{
		`perfmon_commands_total\{command="refresh",result="accepted"\} 0`,
		`perfmon_commands_total\{command="debug_mem",result="accepted"\} 0`,
		`perfmon_toolstack_calls_total\{method="rrd_updates",result="ok"\} 1`,
		`perfmon_toolstack_calls_total\{method="rrd_updates",result="refused"\} 0`,
		`perfmon_toolstack_calls_total\{method="event.from",result="absent"\} 0`,
		`perfmon_toolstack_calls_total\{method="message.create",result="ok"\} 0`,
	} {
		a.waitPage(counter) // before the first, so that a rate sees it
	}

	// What is refused is counted and logged, and no reason to poll.
	long := make([]byte, control.MaxDatagram+1)
	for i := range long {
		long[i] = 'x'
	}
	for _, c := range []struct{ datagram, result string }{
		{"reload", control.Unknown},
		{"", control.Unknown},
		{"refresh now", control.Unknown},
		{"refresh\xff", control.NotUTF8},
		{string(long), control.TooLong},
	} {
		send(t, p.socket, c.datagram)
	}
	a.waitPage(`perfmon_commands_total\{command="other",result="unknown"\} 3$`)
	a.waitPage(`perfmon_commands_total\{command="other",result="not_utf8"\} 1`)
	a.waitPage(`perfmon_commands_total\{command="other",result="too_long"\} 1`)
	for _, result := range []string{control.Unknown, control.NotUTF8, control.TooLong} {
		if n := a.logged(`level=WARN msg="PERFMON: command refused" reason=` + result); n != 1 {
			t.Errorf("%d lines about %s, want one for all of them", n, result)
		}
	}
	send(t, p.socket, "debug_mem\n")
	a.waitLog(1, `PERFMON: debug_mem" vms=2 hosts=1 srs=0 .*heap_bytes=[1-9]`)
	a.waitPage(`perfmon_commands_total\{command="debug_mem",result="accepted"\} 1`)
	if got := a.value(`perfmon_polls_total{result="ok"}`); got != "1" {
		t.Errorf("%s polls: something has polled that is no reason to", got)
	}

	// refresh reads everything, and polls.
	before := p.sim.Counters()["GET /rrd_updates"].Calls
	p.sim.ResetCounters()
	send(t, p.socket, "refresh")
	a.waitPage(`perfmon_polls_total\{result="ok"\} [2-9]`)
	a.waitPage(`perfmon_commands_total\{command="refresh",result="accepted"\} 1`)
	p.waitFor(func() bool {
		for _, r := range p.sim.Requests() {
			if r.Method == "event.from" && len(r.Args) > 2 && r.Args[2] == "" { // from the beginning
				return true
			}
		}
		return false
	})
	if before != 1 {
		t.Errorf("%d requests for rows before the refresh, want 1", before)
	}
	if n := a.logged("PERFMON: refresh"); n != 1 {
		t.Errorf("%d lines about one refresh", n)
	}
	a.stop(syscall.SIGTERM)
}

func TestHangupReadsTheTriggersAgain(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	a := s.start("--source", "local", "-i", long)
	a.waitPage(`perfmon_polls_total\{result="ok"\} 1`)
	a.waitLog(1, "level=WARN .*no trigger file.*"+s.path("triggers/host.xml"))
	if err := a.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	a.waitLog(2, "no trigger file") // it has looked again, though nothing has changed
	a.waitPage(`perfmon_polls_total\{result="ok"\} [2-9]`)
	a.stop(syscall.SIGTERM)
}

func TestChangedTriggerFileIsInForceWithoutASignal(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.write("triggers/host.xml", cpuAbove(0.5))
	a := s.start("--source", "local", "-i", long)
	level := func(value string) {
		t.Helper()
		a.waitPage(`perfmon_alarm_level\{class="host",uuid="[0-9a-f-]+",variable="cpu_usage"\} ` + value + "$")
	}
	level("0.5")
	s.write("triggers/host.xml", cpuAbove(0.7))
	level("0.7")
	s.write("triggers/host.xml", "<config><variable")
	a.waitLog(1, "level=ERROR .*PERFMON: trigger configuration: .*class=host .*at=1:")
	a.waitPage(`perfmon_config_errors\{class="host",uuid="[0-9a-f-]+"\} 1`)
	level("0.7") // the last good ones stay
	s.write("triggers/host.xml", cpuAbove(0.9))
	level("0.9")
	s.write("triggers/host.xml", string(make([]byte, maxTriggerFile+1)))
	a.waitLog(1, "level=ERROR .*triggers not read: the last ones stay in force.*larger than 4194304 bytes")
	level("0.9")
	s.write("triggers/host.xml", cpuAbove(0.6))
	level("0.6")
	if got := a.value(`perfmon_polls_total{result="ok"}`); got != "1" {
		t.Errorf("%s polls: a changed file is no reason to poll", got)
	}
	a.stop(syscall.SIGTERM)
}
