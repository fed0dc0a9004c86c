package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestReload changes what can be changed while rubber runs, what cannot, and
// what makes no sense.
func TestReload(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "rubber.yaml")
	text := `max_machines: 4
brokers:
  d: {kind: http, url: "http://127.0.0.1:1/", workers_url: "http://127.0.0.1:1/"}
clouds:
  local: {driver: process, process: {dir: machines}}
profiles:
  q: {queue: q, broker: d, cloud: local, command: [/bin/true]}
`
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(text)
	var out strings.Builder
	log := slog.New(slog.NewTextHandler(&out, nil))
	f := serveFlags{config: path, engineListen: "127.0.0.1:1"}
	began, err := f.load(&out)
	if err != nil {
		t.Fatal(err)
	}
	p, err := newParts(began, true, log)
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	try := func(text string, most int, want ...string) {
		t.Helper()
		write(text)
		out.Reset()
		f.reload(t.Context(), p, began, log)
		for _, w := range want {
			if !strings.Contains(out.String(), w) {
				t.Errorf("no %q in %s", w, &out)
			}
		}
		if got := p.controller.Config().Cap; got != most {
			t.Errorf("a cap of %d, not %d", got, most)
		}
	}
	more := strings.Replace(text, "4", "7", 1)
	try(more, 7, "was read again")
	if strings.Contains(out.String(), "restart") {
		t.Errorf("nothing needs a restart: %s", &out)
	}
	try(strings.Replace(text, "127.0.0.1:1/", "127.0.0.1:2/", 1), 4, "needs a restart", "keys=brokers")
	try(text+"engine: {dir: elsewhere}\n", 4, "keys=engine")
	try(more+"nonsense: 1\n", 4, "stays in force", "nonsense")
	try(strings.Replace(more, "q, broker: d", "q, broker: e", 1), 4, "stays in force")
}
