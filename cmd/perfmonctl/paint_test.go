package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestFinish(t *testing.T) {
	f := func(text, want, wantColor string) {
		t.Helper()
		if got := (screen{}).finish(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
		if got := (screen{color: true}).finish(text); got != wantColor {
			t.Errorf("%q in colours: %q, want %q", text, got, wantColor)
		}
	}
	f("", "", "")
	f(paint(plain, "x"), "x", "x")
	f(paint(bad, ""), "", "")
	f(paint(bad, "x")+"y", "xy", "\x1b[31;1mx\x1b[0my")
	f("\x1b[31mx\u009b2J\r", "\ufffd[31mx\ufffd2J\ufffd", "\ufffd[31mx\ufffd2J\ufffd")
}

func TestCut(t *testing.T) {
	f := func(text string, columns int, want string) {
		t.Helper()
		if got := cut(text, columns); got != want {
			t.Errorf("%q to %d: %q, want %q", text, columns, got, want)
		}
	}
	f("", 3, "")
	f("abc", 3, "abc")
	f("abcd", 3, "ab…")
	f("東京都", 5, "東京…")
	f("東京都", 4, "東…")
	f("e\u0301e\u0301e\u0301", 3, "e\u0301e\u0301e\u0301")
	f(paint(bad, "abcd"), 3, string(bad)+"ab…"+string(plain))
	f(paint(bad, "a")+"bcd", 3, paint(bad, "a")+"b…")
}

func TestColumns(t *testing.T) {
	table := func() [][]string {
		return [][]string{{"~NAME", ">N", "~NOTE"}, {"a name that is long", "1", "because"}, {"b", "1000", "line\nbreak\x1b"}}
	}
	f := func(width int, want string) {
		t.Helper()
		on := screen{width: width}
		if got := on.finish(on.columns(table())); got != want {
			t.Errorf("%d columns:\n%swant\n%s", width, got, want)
		}
	}
	f(0, "NAME                    N  NOTE\na name that is long     1  because\nb                    1000  line break\ufffd\n")
	f(30, "NAME            N  NOTE\na name tha…     1  because\nb            1000  line break\ufffd\n")
	f(1, "NAME         N  NOTE\na name …     1  because\nb         1000  line br…\n")
}

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
	socket := wholeAgent().start(t)
	f := func(term, noColor string, want bool) {
		t.Helper()
		t.Setenv("TERM", term)
		t.Setenv("NO_COLOR", noColor)
		var complaints bytes.Buffer
		if code := run([]string{"alarms", "--api-socket", socket}, strings.NewReader(""), tty, &complaints); code != exitOK {
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
