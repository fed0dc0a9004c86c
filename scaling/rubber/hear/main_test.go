package hear

import (
	"testing"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"perfmon/alarm"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	hostA = "b0cc7f0e-3f5b-4a44-9d7e-52c1a4a2a001"
	hostB = "b0cc7f0e-3f5b-4a44-9d7e-52c1a4a2a002"
	ssd   = "3f0a51c2-7c1e-4c86-9a0e-5a0a3ce30001"
)

// start is when tests begin.
var start = time.Date(2025, 12, 17, 19, 35, 0, 0, time.UTC)

// event is an alarm of a host at an instant of the agent's clock.
func event(kind alarm.Kind, class, uuid, variable string, sequence int64, at time.Time) *alarm.Event {
	e := &alarm.Event{
		ID: alarm.ID{Class: class, UUID: uuid, Variable: variable}, Kind: kind, HostUUID: hostA, Epoch: "e1", Sequence: sequence, Time: at.Unix(),
		State: "firing", Severity: alarm.Critical, Known: true, Value: 0.97, Level: 0.9, Period: 60, Priority: 3, TTL: 180, Since: at.Unix() - 60,
	}
	switch kind {
	case alarm.KindCleared:
		e.State, e.Reason = "inactive", alarm.ReasonLevel
	case alarm.KindNoData:
		e.State, e.Severity, e.Known = "nodata", "", false
	case alarm.KindState:
		e.Announce = at.Unix()
	}
	return e
}

// overload is the host's alarm about its processors.
func overload(kind alarm.Kind, sequence int64, at time.Time) *alarm.Event {
	return event(kind, "host", hostA, "cpu_usage", sequence, at)
}

func beat(sequence int64, at time.Time) *alarm.Heartbeat {
	share, free, total, latency, size := 0.25, 17179869184.0, 137438953472.0, 0.002, 1e12
	return &alarm.Heartbeat{
		HostUUID: hostA, PoolUUID: "pool", Name: "xen-03", Epoch: "e1", Sequence: sequence, Time: at.Unix(), TTL: 30,
		Pressure: &alarm.Pressure{
			Row: at.Unix(), CPUUsage: &share, MemoryFree: &free, MemoryTotal: &total, Watched: 12,
			Storage: []alarm.StoragePressure{{UUID: ssd, Name: "ssd", Latency: &latency, Size: &size}},
		},
	}
}

type encoder interface{ CloudEvent() ([]byte, error) }

func text(t rapid.TB, e encoder) []byte {
	t.Helper()
	b, err := e.CloudEvent()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func newTable(t rapid.TB, rules ...Rule) *Table {
	t.Helper()
	table, err := NewTable(rules, Bounds{})
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// tell hands events over at an instant, and expects the outcome of each.
func tell(t testing.TB, table *Table, at time.Time, e encoder, want Outcome) {
	t.Helper()
	if got := table.Event("test", text(t, e), at, at); got != want {
		t.Errorf("at +%v: %s, want %s", at.Sub(start), got, want)
	}
}

func hostOf(t testing.TB, table *Table, at time.Time) Host {
	t.Helper()
	v := table.View(at)
	h := v.Host(hostA)
	if h == nil {
		t.Fatalf("host A is not known: %+v", v)
	}
	return *h
}
