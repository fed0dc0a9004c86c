package amqp

import (
	"bytes"
	"encoding/json"
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
	broker := newBroker(t)
	s := newSink(t, broker.options())
	if n, err := s.Deliver(t.Context(), []*alarm.Event{sinkcheck.Raised()}); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	m := broker.taken()[0]
	var out bytes.Buffer
	fmt.Fprintf(&out, "exchange: %s\nrouting key: %s\n", m.exchange, m.route)
	for _, name := range slices.Sorted(maps.Keys(m.properties)) {
		fmt.Fprintf(&out, "%s: %s\n", name, m.properties[name])
	}
	fmt.Fprintln(&out)
	if err := json.Indent(&out, m.body, "", "  "); err != nil {
		t.Fatal(err)
	}
	head, _, _ := strings.Cut(out.String(), "  \"data\": {")
	docstest.Example(t, "sinks.md", "amqp", "", head+"  ...")
}
