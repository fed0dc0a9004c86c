package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"perfmon/cmd/internal/verbs"
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
		if code != verbs.ExitFailed || !strings.HasPrefix(complaints.String(), "perfmonctl: "+want) {
			t.Errorf("TERM=%s: exit code %d, says %q, want %q", term, code, &complaints, want)
		}
	}
	f("dumb", `top needs a terminal that can move its cursor, and TERM is "dumb": print one frame with --once`)
	f("", `top needs a terminal that can move its cursor, and TERM is "": `)
	f("xterm", "there is no socket ")
	size := func(columns, rows uint16) {
		t.Helper()
		if err := unix.IoctlSetWinsize(int(tty.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Col: columns, Row: rows}); err != nil {
			t.Fatal(err)
		}
	}
	size(59, 16)
	f("xterm", "the terminal is too small: 59×16, top needs 60×16: make it larger, or print one frame with --once\n")
	size(60, 15)
	f("xterm", "the terminal is too small: 60×15, top needs 60×16: ")
	size(60, 16)
	f("xterm", "there is no socket ")
}
