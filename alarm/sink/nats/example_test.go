package nats

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

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
	srv := newServer(t, nil)
	srv.MakeStream(24 * time.Hour)
	s := newSink(t, Options{URLs: []string{srv.URL}})
	s.tries.started = time.Unix(0, 0) // the event is from long ago
	if n, err := s.Deliver(t.Context(), []*alarm.Event{raised()}); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	m := srv.Messages()[0]
	var out bytes.Buffer
	fmt.Fprintf(&out, "subject: %s\n", m.Subject)
	for _, name := range slices.Sorted(maps.Keys(m.Header)) {
		fmt.Fprintf(&out, "%s: %s\n", name, strings.Join(m.Header[name], ","))
	}
	fmt.Fprintln(&out)
	if err := json.Indent(&out, m.Data, "", "  "); err != nil {
		t.Fatal(err)
	}
	head, _, _ := strings.Cut(out.String(), "  \"data\": {")
	docstest.Example(t, "sinks.md", "nats", "", head+"  ...")
}
