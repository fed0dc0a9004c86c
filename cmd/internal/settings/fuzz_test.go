package settings

import (
	"strings"
	"testing"

	"perfmon/cmd/internal/strictyaml"
)

// FuzzSettings: whatever the file, there is an answer that is bounded and has
// its place, and a file without errors gives sinks that open.
func FuzzSettings(f *testing.F) {
	for _, c := range wrong {
		if len(c.text) < 1000 {
			f.Add(c.text)
		}
	}
	f.Add("sinks: {xapi: , a: {kind: alertmanager, urls: [http://a]}, w: {kind: webhook, url: https://a, filter: {classes: [vm]}}}")
	f.Add("sinks: {nats: {urls: [tls://a], deadline: 1d, stream: S}, amqp: {urls: [amqp://a], username: u}, journald: }")
	f.Fuzz(func(t *testing.T, text string) {
		// No file of this machine is read.
		if strings.Contains(text, "_file") {
			return
		}
		r := &strictyaml.Reader{Dir: "/nowhere", Env: noEnv}
		s := readSettings(r, []byte(text))
		found := r.Found()
		if len(found) > strictyaml.MaxProblems+1 {
			t.Fatalf("%d problems", len(found))
		}
		lines := 2
		for _, c := range text {
			if strings.ContainsRune("\n\r\u0085\u2028\u2029", c) { // all of which end a line in YAML
				lines++
			}
		}
		for _, p := range found {
			if p.Line < 0 || p.Line > lines || p.Msg == "" || p.Column > 0 && p.Line == 0 {
				t.Errorf("problem %+v", p)
			}
			if line := p.Format("f"); len(line) > 2000 || strings.Contains(line, "\n") {
				t.Errorf("a line %q", line)
			}
		}
		if r.Errors > 0 {
			return
		}
		for _, x := range s.Sinks {
			if x.Kind == kindXAPI {
				continue
			}
			d, err := x.Open(discard)
			if err != nil {
				t.Fatalf("%s: %v", x, err)
			}
			if err := d.Close(t.Context()); err != nil {
				t.Errorf("%s: close: %v", x, err)
			}
			if x.Deadline <= 0 || x.Limit <= 0 || x.Timeout <= 0 || !sinkName.MatchString(x.Name) {
				t.Errorf("%s: %s %d %s", x, x.Deadline, x.Limit, x.Timeout)
			}
		}
	})
}
