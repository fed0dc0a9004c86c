package journald

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"perfmon/alarm"
	"perfmon/docs/docstest"
)

const (
	hostUUID = "b0cc7f0e-3f5b-4a44-9d7e-52c1a4a2a001"
	vmUUID   = "5d0d2a4c-7b7c-4e0e-8a53-0d1ab7a10001"
)

// raised is the event of the examples in docs/sinks.md.
func raised() *alarm.Event {
	return &alarm.Event{
		ID:   alarm.ID{Class: "vm", UUID: vmUUID, Variable: "cpu_usage"},
		Kind: alarm.KindRaised, HostUUID: hostUUID, PoolUUID: "c9a1d4d2-11a7-4f0f-8d5c-7e1f0c3e0001", Name: "web-07",
		Epoch: "1", Sequence: 7, Time: 1766000100, Since: 1766000040, State: "firing", Severity: alarm.Critical,
		Known: true, Value: 0.97, Level: 0.9, Period: 120, Priority: 3, TTL: 180, Labels: map[string]string{"team": "web"},
	}
}

func TestExample(t *testing.T) {
	fake := newJournal(t)
	s := newSink(t, Options{})
	if n, err := s.Deliver(t.Context(), []*alarm.Event{raised()}); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	entry := fake.receive()
	var out strings.Builder
	for _, name := range slices.Sorted(maps.Keys(entry)) {
		fmt.Fprintf(&out, "%s=%s\n", name, entry[name])
	}
	docstest.Example(t, "sinks.md", "journald", "", out.String())
}
