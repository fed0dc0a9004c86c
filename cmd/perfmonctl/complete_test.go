package main

import (
	"strings"
	"testing"

	"perfmon/cmd/internal/verbs"
)

// TestCompletion: what a shell is offered, as cobra's scripts ask for it.
func TestCompletion(t *testing.T) {
	socket := wholeAgent().start(t)
	f := func(want string, args ...string) {
		t.Helper()
		code, out, _ := runs(append([]string{"__complete"}, args...)...)
		if code != verbs.ExitOK || strings.TrimSpace(out) != strings.TrimSpace(want) {
			t.Errorf("%q: exit code %d\n%swant\n%s", args, code, out, want)
		}
	}
	s := "--api-socket=" + socket
	f("vm:web-07\tvm 3857a1a4-2d5a-4d0e-a1c6-000000000002\n:36", "explain", s, "vm:w")
	f("web-07\tvm 3857a1a4-2d5a-4d0e-a1c6-000000000002\n:36", "objects", s, "we")
	f("host\tthis host\n:36", "alarms", s, "ho")
	f("3857a1a4-2d5a-4d0e-a1c6-000000000002\tvm web-07\n:36", "history", s, "3857")
	f("vm:54837276-2d5a-4d0e-a1c6-000000000003\tvm a database with quite a long name, of the kind that people give\n:36", "config", s, "vm:5483")
	f("東京データベース\tvm 70af4348-2d5a-4d0e-a1c6-000000000004\n:36", "explain", s, "東")
	f("memory_free_kib\tclearing, < 1M\n:36", "explain", s, "host", "mem")
	f(":4", "explain", s, "host", "cpu_usage", "")
	f("5f0c3a9be1d27c48\t: load test on web-07\n:36", "silence", "end", s, "5")
	f("class=vm\nclass=host\nclass=sr\n:6", "silence", "add", s, "cl")
	f("inactive\npending\nfiring\nclearing\nnodata\n:4", "alarms", s, "--state", "")
	f("table\njson\n:4", "status", s, "--output", "")
	f("xml\njson\n:4", "config", s, "--output", "")
	f("bash\nzsh\nfish\n:4", "completion", "")
	f("vm\nhost\nsr\n:4", "objects", "--class", "")
	f("level=\nlabels=\n:6", "set", "vm:web", "cpu_usage", "l")
	f("labels=\n:6", "set", "vm:web", "cpu_usage", "level=1", "l")
	f("alarms\twhat is not fine now, the worst first\n:4", "al")
	// Nobody answers: there is nothing to offer, and nothing is said.
	code, out, complaints := runs("__complete", "explain", "--api-socket="+socketName(t), "")
	if code != verbs.ExitOK || out != ":36\n" || strings.Contains(complaints, "no socket") {
		t.Errorf("exit code %d: %q %q", code, out, complaints)
	}
}
