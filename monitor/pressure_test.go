package monitor

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"perfmon/alarm"
)

func TestPressure(t *testing.T) {
	w := newWorld(t, Options{},
		"host/h/cpu_avg", "host/h/cpu0", "host/h/hostload", "host/h/memory_free_kib", "host/h/memory_total_kib",
		"host/h/latency_11112222", "vm/a/runstate_full_contention", "vm/a/runstate_partial_contention",
		"vm/b/runstate_full_contention", "vm/b/cpu0")
	w.inv.Objects[Object{"sr", "11112222-0000-0000-0000-000000000000"}] = &Facts{Name: "ssd", Resident: true, SR: &SRFacts{Size: 1000, Utilisation: 400}}
	w.inv.Objects[Object{"sr", "99"}] = &Facts{Name: "iso", Resident: true, SR: &SRFacts{}}
	w.give("vm", "a", "cpu_usage level=0.5 period=60 regex=runstate_full_contention")
	w.give("vm", "b", "cpu_usage level=0.5 period=60")
	w.row(60, 0.25, 0.9, 1.5, 1024, 4096, 2500, 0.25, 0.5, 0.25, 0.9)
	w.poll(65)
	value := func(v float64) *float64 { return &v }
	fired := []alarm.FiringAlarm{{Class: "vm", UUID: "b", Variable: "cpu_usage", Severity: alarm.Critical}}
	want := &alarm.Pressure{
		Row: t0 + 60, CPUUsage: value(0.25), CPULoad: value(1.5), CPUContention: value(0.5), CPUContentionMax: value(0.75),
		MemoryFree: value(1 << 20), MemoryTotal: value(4 << 20),
		Storage: []alarm.StoragePressure{
			{UUID: "11112222-0000-0000-0000-000000000000", Name: "ssd", Latency: value(0.0025), Size: value(1000), Used: value(400)},
			{UUID: "99", Name: "iso"},
		},
		Firing: 1, Watched: 2, Alarms: fired,
	}
	if d := cmp.Diff(want, w.m.Snapshot().Pressure(w.wall)); d != "" {
		t.Errorf("pressure (-want +got):\n%s", d)
	}

	want = &alarm.Pressure{Storage: []alarm.StoragePressure{}, Firing: 1, Watched: 2, Alarms: fired}
	if d := cmp.Diff(want, w.m.Snapshot().Pressure(w.wall.Add(4*time.Minute))); d != "" {
		t.Errorf("pressure of a row that is too old (-want +got):\n%s", d)
	}
}

// TestPressureOfProcessors: hosts without cpu_avg have the mean of their
// processors; columns of processor states are none.
func TestPressureOfProcessors(t *testing.T) {
	w := newWorld(t, Options{}, "host/h/cpu0", "host/h/cpu1", "host/h/cpu2", "host/h/cpu0-C1")
	w.row(60, 0.2, 0.4, nan, 0.9)
	w.poll(65)
	if got := w.m.Snapshot().Pressure(w.wall).CPUUsage; got == nil || *got < 0.299 || *got > 0.301 {
		t.Errorf("usage %v, want 0.3", got)
	}
}
