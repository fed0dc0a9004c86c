package live

import (
	"context"
	"testing"
	"time"

	"go.uber.org/goleak"

	"perfmon/alarm"
	"perfmon/scaling/rubber/hear"
)

// The server's goroutine that asks for a mirror's messages waits for an answer
// past the server's end.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/nats-io/nats-server/v2/server.(*stream).setupMirrorConsumer.func3"))
}

const (
	hostA = "b0cc7f0e-3f5b-4a44-9d7e-52c1a4a2a001"
	ssd   = "3f0a51c2-7c1e-4c86-9a0e-5a0a3ce30001"
)

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

func text(t testing.TB, e encoder) []byte {
	t.Helper()
	b, err := e.CloudEvent()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// limit is how long a test waits for another goroutine, or another process.
const limit = 3 * time.Minute

// hearing is one that runs, with its clock of now.
type hearing struct {
	*hear.Hearing
	t testing.TB
}

// listen runs a hearing until the test ends.
func listen(t testing.TB, o hear.Options, drivers ...hear.Driver) *hearing {
	t.Helper()
	h, err := hear.New(o, drivers...)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- h.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return &hearing{h, t}
}

// until waits for a view. What it waits for comes from elsewhere, at any time.
func (h *hearing) until(what string, ok func(v hear.View) bool) hear.View {
	h.t.Helper()
	for deadline := time.Now().Add(limit); ; time.Sleep(5 * time.Millisecond) {
		v := h.View()
		if ok(v) {
			return v
		}
		if time.Now().After(deadline) {
			h.t.Fatalf("waited in vain until %s: %+v; %v", what, v, h.Counts())
		}
	}
}

func contended(want hear.Mark) func(v hear.View) bool {
	return func(v hear.View) bool { h := v.Host(hostA); return h != nil && h.Contended == want }
}
