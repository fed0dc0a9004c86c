package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestTopOnTerminals: what is said on a terminal that cannot do it, and on one
// that can while no agent is there. cmd/perfmonctl/top tests the view itself.
func TestTopOnTerminals(t *testing.T) {
	tty, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("there are no pseudo terminals here: %v", err)
	}
	defer tty.Close()
	f := func(term, want string) {
		t.Helper()
		t.Setenv("TERM", term)
		var complaints bytes.Buffer
		code := run([]string{"top", "--api-socket", filepath.Join(t.TempDir(), "s")}, strings.NewReader(""), tty, &complaints)
		if code != exitFailed || !strings.HasPrefix(complaints.String(), "perfmonctl: "+want) {
			t.Errorf("TERM=%s: exit code %d, says %q, want %q", term, code, &complaints, want)
		}
	}
	f("dumb", `top needs a terminal that can move its cursor, and TERM is "dumb": print one frame with --once`)
	f("", `top needs a terminal that can move its cursor, and TERM is "": `)
	f("xterm", "there is no socket ")
}
