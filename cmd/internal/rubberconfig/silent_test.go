package rubberconfig

import (
	"strings"
	"testing"
)

// TestSilentBroker refuses a profile whose broker does not tell who works, once,
// and no other.
func TestSilentBroker(t *testing.T) {
	text := `
brokers:
  depth: {kind: http, url: "http://127.0.0.1:1/"}
  unused: {kind: http, url: "http://127.0.0.1:1/"}
  whole: {kind: http, url: "http://127.0.0.1:1/", workers_url: "http://127.0.0.1:1/workers"}
  main: {kind: rabbitmq, urls: ["amqp://127.0.0.1"]}
clouds:
  local: {driver: process, process: {dir: machines}}
profiles:
  one: {queue: q, broker: depth, cloud: local, command: [/bin/true]}
  two: {queue: q, broker: main, cloud: local, command: [/bin/true]}
  three: {queue: q, broker: whole, cloud: local, command: [/bin/true]}
`
	var said []string
	for _, p := range Check(t.TempDir(), []byte(text), func(string) string { return "" }) {
		if p.Warning || !strings.Contains(p.Msg, "without knowing who works") {
			t.Errorf("also said: %v", p)
		}
		said = append(said, p.String())
	}
	if len(said) != 1 || !strings.Contains(said[0], "profiles.one: broker depth has no workers_url") || !strings.Contains(said[0], "docs/rubber-work.md") {
		t.Errorf("said %q", said)
	}
}
