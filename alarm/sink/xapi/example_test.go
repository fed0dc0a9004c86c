package xapi

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"perfmon/alarm"
	"perfmon/docs/docstest"
	"perfmon/xapi"
)

// example is the alarm of the examples in docs/sinks.md.
func example() *alarm.Event {
	return &alarm.Event{
		ID:   alarm.ID{Class: "vm", UUID: "5d0d2a4c-7b7c-4e0e-8a53-0d1ab7a10001", Variable: "cpu_usage"},
		Kind: alarm.KindRaised, HostUUID: "b0cc7f0e-3f5b-4a44-9d7e-52c1a4a2a001", Name: "web-07",
		Epoch: "1", Sequence: 7, Time: 1766000100, Since: 1766000040, State: "firing", Severity: alarm.Critical,
		Known: true, Value: 0.97, Level: 0.9, Period: 120, Priority: 3, TTL: 180,
	}
}

// show is a message as the page has it.
func show(m xapi.Message) string {
	return fmt.Sprintf("name: %s\npriority: %d\ncls: %s\nobj_uuid: %s\nbody:\n%s", m.Name, m.Priority, m.Class, m.UUID, m.Body)
}

func TestExampleCleared(t *testing.T) {
	e := example()
	e.Kind, e.Sequence, e.Time, e.Value, e.Reason = alarm.KindCleared, 9, 1766000940, 0.41, alarm.ReasonLevel
	docstest.Example(t, "sinks.md", "xapi cleared", "", show(clearedMessage(e)))
}

func TestExampleSummary(t *testing.T) {
	ts := &fake{}
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Unix(1766000100, 0)))
		s := newSink(t, ts, limited(DefaultMaxPerHour))
		for n := range 500 {
			e := example()
			e.UUID = strings.TrimSuffix(e.UUID, "001") + fmt.Sprintf("%03d", 1+n%165)
			e.Name, e.Sequence = fmt.Sprintf("web-%02d", 1+n%165), int64(7+n)
			deliver(t, s, e)
			time.Sleep(30 * time.Millisecond)
		}
		time.Sleep(firstSummary)
		if _, err := s.Tend(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
	docstest.Example(t, "sinks.md", "xapi summary", "", show(ts.log[len(ts.log)-1].Message))
}
