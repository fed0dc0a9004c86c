// Package sinkcheck is what the tests of several sinks have in common: the
// event that they hand over, and a sink that ends with its test.
package sinkcheck

import (
	"context"
	"testing"

	"perfmon/alarm"
)

// The objects of the event.
const (
	HostUUID = "b0cc7f0e-3f5b-4a44-9d7e-52c1a4a2a001"
	VMUUID   = "5d0d2a4c-7b7c-4e0e-8a53-0d1ab7a10001"
)

// Raised is the event of the examples in docs/sinks.md, a new one each time.
func Raised() *alarm.Event {
	return &alarm.Event{
		ID:   alarm.ID{Class: "vm", UUID: VMUUID, Variable: "cpu_usage"},
		Kind: alarm.KindRaised, HostUUID: HostUUID, PoolUUID: "c9a1d4d2-11a7-4f0f-8d5c-7e1f0c3e0001", Name: "web-07",
		Epoch: "1", Sequence: 7, Time: 1766000100, Since: 1766000040, State: "firing", Severity: alarm.Critical,
		Known: true, Value: 0.97, Level: 0.9, Period: 120, Priority: 3, TTL: 180, Labels: map[string]string{"team": "web"},
	}
}

// As is that event with a change.
func As(change func(*alarm.Event)) *alarm.Event {
	e := Raised()
	change(e)
	return e
}

// Numbered are n such events with the sequence numbers from 0 on.
func Numbered(n int) []*alarm.Event {
	var events []*alarm.Event
	for i := range n {
		events = append(events, As(func(e *alarm.Event) { e.Sequence = int64(i) }))
	}
	return events
}

// Open makes a sink that is closed with the test, which closing must not fail.
func Open[O any, S interface{ Close(context.Context) error }](t *testing.T, make func(O) (S, error), o O) S {
	t.Helper()
	s, err := make(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s
}
