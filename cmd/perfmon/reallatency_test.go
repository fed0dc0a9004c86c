//go:build latency

package main

import (
	"flag"
	"fmt"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"perfmon/rrd"
	"perfmon/xapi/xapitest"
)

var latencyRows = flag.Int("rows", 40, "alarms that are measured with rows of 5 s; a quarter of them with rows of a minute")

// TestRealLatency measures with a real agent and the simulated toolstack how
// long it takes from the moment when a bad row is there until its message has
// been created. It prints figures, and demands none but that alarms come.
func TestRealLatency(t *testing.T) {
	for _, c := range []struct {
		step   int64
		alarms int
		behind time.Duration // when its rows come, after round times
	}{
		{5, *latencyRows, 700 * time.Millisecond}, {5, *latencyRows, 3100 * time.Millisecond},
		{60, *latencyRows / 4, 700 * time.Millisecond}, {60, *latencyRows / 4, 3100 * time.Millisecond},
	} {
		t.Run(fmt.Sprintf("rows of %d s, %v behind", c.step, c.behind), func(t *testing.T) {
			t.Parallel()
			measureLatency(t, c.step, c.alarms, c.behind)
		})
	}
}

func measureLatency(t *testing.T, step int64, alarms int, behind time.Duration) {
	theirs := func() time.Time { return time.Now().Add(-behind) }
	var mu sync.Mutex
	var late []time.Duration
	enough := make(chan struct{})
	const learned = 5 // alarms before it is measured
	p := newQuietPool(t, func(o *xapitest.Options) {
		o.Now = theirs
		o.OnMessage = func(xapitest.Message) {
			mu.Lock()
			defer mu.Unlock()
			now := theirs()
			// The newest row is the bad one: an alarm a row would be too late for.
			late = append(late, now.Sub(time.Unix(now.Unix()/step*step, 0)))
			if len(late) == alarms+learned {
				close(enough)
			}
		}
	})
	// Two VMs take turns, so that each row leads to an alarm.
	other := xapitest.UUID("other")
	p.sim.PutVM(xapitest.VM{UUID: other, Name: "db-01", PowerState: "Running", ResidentOn: p.sim.HostUUID()})
	for i, vm := range []string{p.vm, other} {
		p.sim.SetSeries(rrd.ClassVM, vm, "cpu0", func(at int64) float64 {
			if at > time.Now().Unix()-2*step && (at+step-1)/step%2 == int64(i) {
				return 0.9
			}
			return 0.1
		})
		p.configure("vm", vm, `<config><variable><name value="cpu_usage"/><alarm_trigger_level value="0.5"/><alarm_trigger_period value="1"/><alarm_auto_inhibit_period value="0"/></variable></config>`)
	}
	p.write("perfmon.yaml", "sinks:\n  xapi: {max_per_hour: 0}\n")
	a := p.start("--source", "xapi", "-s", fmt.Sprint(step), "--settings-file", p.path("perfmon.yaml"))
	select {
	case <-enough:
	case <-time.After(time.Duration(alarms+learned+20) * time.Duration(step) * time.Second):
		t.Fatal("the alarms do not come")
	}
	requests, rows := p.sim.Counters()["GET /rrd_updates"].Calls, a.value("perfmon_rows_total")
	a.stop(syscall.SIGTERM)
	mu.Lock()
	defer mu.Unlock()
	got := slices.Sorted(slices.Values(late[learned : learned+alarms]))
	t.Logf("%d alarms: min %.2f s, median %.2f s, max %.2f s behind their rows; %d requests for rows, %s rows (with those looked back at)",
		len(got), got[0].Seconds(), got[len(got)/2].Seconds(), got[len(got)-1].Seconds(), requests, rows)
}
