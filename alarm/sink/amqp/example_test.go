package amqp

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"perfmon/alarm"
)

var update = flag.Bool("update", false, "rewrite the example in docs/sinks.md")

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
	broker := newBroker(t)
	s := newSink(t, broker.options())
	if n, err := s.Deliver(t.Context(), []*alarm.Event{raised()}); n != 1 || err != nil {
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
	checkExample(t, "amqp", head+"  ...")
}

// checkExample compares the block between "<!-- example NAME -->" and
// "<!-- end -->" in docs/sinks.md with what was really sent. The lock is for
// the tests of the other sinks, which rewrite blocks of the same page.
func checkExample(t *testing.T, name, got string) {
	t.Helper()
	page, err := os.OpenFile("../../../docs/sinks.md", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer page.Close()
	if err := syscall.Flock(int(page.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(page)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(text), "<!-- example "+name+" -->\n")
	want, tail, ok2 := strings.Cut(rest, "<!-- end -->")
	if !ok || !ok2 {
		t.Fatalf("docs/sinks.md has no place for the example of %s", name)
	}
	block := "```\n" + strings.TrimRight(got, "\n") + "\n```\n"
	if want == block {
		return
	}
	if !*update {
		t.Fatalf("docs/sinks.md shows\n%swhat was sent is\n%sIf that is right, run the test with -update.", want, block)
	}
	out := head + "<!-- example " + name + " -->\n" + block + "<!-- end -->" + tail
	if err := page.Truncate(0); err != nil {
		t.Fatal(err)
	}
	if _, err := page.WriteAt([]byte(out), 0); err != nil {
		t.Fatal(err)
	}
}
