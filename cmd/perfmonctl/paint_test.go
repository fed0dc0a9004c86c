package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"perfmon/cmd/internal/verbs"
	"perfmon/monitor/api"
)

// TestOnATerminal: there are colours on a terminal, unless somebody wants
// none, and tables are cut to its width.
func TestOnATerminal(t *testing.T) {
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("there are no pseudo terminals here: %v", err)
	}
	defer master.Close()
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	tty, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("the pseudo terminal cannot be opened: %v", err)
	}
	defer tty.Close()
	if err := unix.IoctlSetWinsize(int(tty.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 80}); err != nil {
		t.Fatal(err)
	}
	agent := wholeAgent()
	// Of another day its headline would have the date, and be a little too wide.
	agent.answers["/v1/alarms"].(*api.Variables).Row = time.Now().Unix()
	socket := agent.start(t)
	f := func(term, noColor string, want bool) {
		t.Helper()
		t.Setenv("TERM", term)
		t.Setenv("NO_COLOR", noColor)
		var complaints bytes.Buffer
		if code := run([]string{"alarms", "--api-socket", socket}, strings.NewReader(""), tty, &complaints); code != verbs.ExitOK {
			t.Fatalf("exit code %d: %s", code, &complaints)
		}
		if _, err := tty.WriteString("end\n"); err != nil {
			t.Fatal(err)
		}
		colours := false
		for lines := bufio.NewScanner(master); lines.Scan() && !strings.HasPrefix(lines.Text(), "end"); {
			line := lines.Text()
			colours = colours || strings.Contains(line, "\x1b[31;1mcritical\x1b[0m")
			if !want && textWidth(strings.TrimSuffix(line, "\r")) > 80 {
				t.Errorf("too wide: %q", line)
			}
		}
		if colours != want {
			t.Errorf("TERM=%s NO_COLOR=%s: colours: %v, want %v", term, noColor, colours, want)
		}
	}
	f("xterm", "", true)
	f("xterm", "1", false)
	f("dumb", "", false)
}
