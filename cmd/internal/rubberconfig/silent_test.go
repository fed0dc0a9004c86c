package rubberconfig

import (
	"strings"
	"testing"
)

// TestSilentBroker warns of a broker that tells of no workers, and of no other.
func TestSilentBroker(t *testing.T) {
	text := `
brokers:
  depth: {kind: http, url: "http://127.0.0.1:1/"}
  main: {kind: rabbitmq}
clouds:
  local: {driver: process, process: {dir: machines}}
profiles:
  one: {queue: q, broker: depth, cloud: local, command: [/bin/true]}
  two: {queue: q, broker: main, cloud: local, command: [/bin/true]}
`
	var said []string
	for _, p := range Check(t.TempDir(), []byte(text), func(string) string { return "" }) {
		if strings.Contains(p.Msg, "not who works") {
			said = append(said, p.Msg)
			if !p.Warning {
				t.Errorf("an error: %s", p.Msg)
			}
		}
	}
	if len(said) != 1 || !strings.Contains(said[0], `"one"`) {
		t.Errorf("said %q", said)
	}
}
