package main

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"perfmon/rrd"
)

// TestKilledInTheMiddleOfAnAlarm: an agent that is killed while an alarm fires
// and started again goes on with it: it is not raised anew, and it ends when
// the value is good.
func TestKilledInTheMiddleOfAnAlarm(t *testing.T) {
	t.Parallel()
	p := newPool(t)
	p.configure("vm", p.vm, cpuAbove(0.5))
	a := p.start("--source", "xapi", "-s", "5")
	p.messages(1)
	a.waitPage(`perfmon_alarm_state\{class="vm",state="firing",uuid="` + p.vm + `",variable="cpu_usage"\} 1`)
	a.kill()

	a = p.start("--source", "xapi", "-s", "5")
	a.waitPage(`perfmon_polls_total\{result="ok"\} [2-9]`)
	a.waitPage(`perfmon_alarm_state\{class="vm",state="firing",uuid="` + p.vm + `",variable="cpu_usage"\} 1`)
	if n := a.logged("PERFMON: alarm raised"); n != 0 {
		t.Errorf("raised again %d times after the restart", n)
	}
	p.sim.SetSeries(rrd.ClassVM, p.vm, "cpu0", func(int64) float64 { return 0.1 })
	a.waitLog(1, `msg="PERFMON: alarm cleared" class=vm uuid=`+p.vm+` variable=cpu_usage name=web-01`)
	a.stop(syscall.SIGTERM)
	if n := len(p.sim.Messages()); n != 1 {
		t.Errorf("%d messages, want the one of the first run", n)
	}
}

// TestAbsenceLosesNoRows: what was recorded while the agent was down is judged
// when it is back, at its own times.
func TestAbsenceLosesNoRows(t *testing.T) {
	t.Parallel()
	p := newQuietPool(t)
	now := time.Now().Unix() / 60 * 60
	clock := func(at int64) { p.sim.SetNow(func() time.Time { return time.Unix(at, 0) }) }
	clock(now)
	p.sim.SetSeries(rrd.ClassVM, p.vm, "cpu0", func(at int64) float64 {
		if at > now+600 && at <= now+660 {
			return 0.9 // for a minute, in the absence
		}
		return 0.1
	})
	p.configure("vm", p.vm, cpuAbove(0.5))
	p.poll(func() []string { return nil })
	if n := len(p.sim.Messages()); n != 0 {
		t.Fatalf("%d messages before anything was bad", n)
	}
	clock(now + 1800)
	a := p.start("--source", "xapi")
	p.messages(1)
	a.waitLog(1, fmt.Sprintf(`msg="PERFMON: alarm raised" .*row=%d`, now+660))
	a.waitLog(1, fmt.Sprintf(`msg="PERFMON: alarm cleared" .*row=%d`, now+720))
	a.stop(syscall.SIGTERM)
}
