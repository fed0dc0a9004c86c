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
	"perfmon/alarm/sink/internal/sinkcheck"
	"perfmon/docs/docstest"
)

func TestExample(t *testing.T) {
	srv := newServer(t, nil)
	srv.MakeStream(24 * time.Hour)
	s := newSink(t, Options{URLs: []string{srv.URL}})
	s.tries.started = time.Unix(0, 0) // the event is from long ago
	if n, err := s.Deliver(t.Context(), []*alarm.Event{sinkcheck.Raised()}); n != 1 || err != nil {
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
