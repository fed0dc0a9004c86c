package xapi

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"perfmon/alarm"
	"perfmon/alarm/sink/internal/sinkcheck"
	"perfmon/docs/docstest"
	"perfmon/xapi"
)

// show is a message as the page has it.
func show(m xapi.Message) string {
	return fmt.Sprintf("name: %s\npriority: %d\ncls: %s\nobj_uuid: %s\nbody:\n%s", m.Name, m.Priority, m.Class, m.UUID, m.Body)
}

func TestExampleCleared(t *testing.T) {
	e := sinkcheck.Raised()
	e.Kind, e.Sequence, e.Time, e.Value, e.Reason = alarm.KindCleared, 9, 1766000940, 0.41, alarm.ReasonLevel
	docstest.Example(t, "sinks.md", "xapi cleared", "", show(clearedMessage(e)))
}

func TestExampleSummary(t *testing.T) {
	ts := &fake{}
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Unix(1766000100, 0)))
		s := newSink(t, ts, limited(DefaultMaxPerHour))
		for n := range 500 {
			e := sinkcheck.Raised()
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
