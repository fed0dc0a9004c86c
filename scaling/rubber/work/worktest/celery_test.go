package worktest

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// listener hears what a test would be told.
type listener struct {
	testing.TB
	said []string
}

func (l *listener) Helper() {}
func (l *listener) Errorf(format string, args ...any) {
	l.said = append(l.said, fmt.Sprintf(format, args...))
}
func (l *listener) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

func TestExactly(t *testing.T) {
	f := func(log string, redelivered bool, want ...string) {
		t.Helper()
		l := &listener{TB: t}
		s := &Site{Dir: t.TempDir(), t: l}
		if log != "" {
			if err := os.WriteFile(s.log(), []byte(log), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		s.Exactly([]string{"x", "y"}, redelivered)
		if strings.Join(l.said, "; ") != strings.Join(want, "; ") {
			t.Errorf("%q: %q", log, l.said)
		}
	}
	const x = "start x q a first 1\nend x q a first 2\n"
	const y = "start y q b first 1\nend y q b first 2\n"
	f(x+y, false)
	f("start x q a first 1\n"+y+"end x q a first 3\n", false)
	f("", false, "x ran 0 times", "y ran 0 times")
	f(x, false, "y ran 0 times")
	f(x+y+y, false, "y ran 2 times")
	f(x+"start y q b first 1\n", false, "y began on b and did not end")
	f(x+"start y q b first 1\nend y q", false, "y began on b and did not end")
	f(x+"start y q b first 1\n"+y, false, "y began on b and did not end", "y ran 2 times")
	again := "start y q b redelivered 1\nend y q b redelivered 2\n"
	f(x+again, true)
	f(x+again, false, "y was delivered to b a second time")
	f(x+y+strings.ReplaceAll(x, " x ", " z "), false, "others ran: map[z:1]")
}
