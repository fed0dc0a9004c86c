package journald

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"perfmon/alarm"
	"perfmon/alarm/sink/internal/sinkcheck"
	"perfmon/docs/docstest"
)

func TestExample(t *testing.T) {
	fake := newJournal(t)
	s := newSink(t, Options{})
	if n, err := s.Deliver(t.Context(), []*alarm.Event{sinkcheck.Raised()}); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	entry := fake.receive()
	var out strings.Builder
	for _, name := range slices.Sorted(maps.Keys(entry)) {
		fmt.Fprintf(&out, "%s=%s\n", name, entry[name])
	}
	docstest.Example(t, "sinks.md", "journald", "", out.String())
}
