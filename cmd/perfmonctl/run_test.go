package main

import (
	"bytes"
	"errors"
	"os"
	"testing"

	"perfmon/cmd/internal/verbs"
)

// full is a disk without space.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestOutputThatCannotBeWritten(t *testing.T) {
	for _, args := range [][]string{
		{"dump", "../../rrd/testdata/rrd_updates/head/slim_60s_MAX.xml"},
		{"dump", "--format", "json", "../../rrd/testdata/rrd_updates/head/slim_60s_MAX.xml"},
		{"dump", "--quiet", "../../rrd/testdata/rrd_updates/head/slim_60s_MAX.xml"},
		{"check", "../../packaging/triggers/host.xml"},
		{"test", "../../monitor/replay/testdata/level.test"},
	} {
		var complaints bytes.Buffer
		code := run(args, os.Stdin, full{}, &complaints)
		if want := "perfmonctl: write output: no space left on device\n"; code != verbs.ExitFailed || complaints.String() != want {
			t.Errorf("%q: exit code %d, says %q, want %q", args, code, &complaints, want)
		}
	}
}

// TestWrongValueOfAFlag: it says what is wanted, in words.
func TestWrongValueOfAFlag(t *testing.T) {
	f := func(want string, args ...string) {
		t.Helper()
		var out, complaints bytes.Buffer
		code := run(args, os.Stdin, &out, &complaints)
		if got := complaints.String(); code != verbs.ExitUsage || got != "perfmonctl: "+want+"\n" || out.Len() > 0 {
			t.Errorf("%q: exit code %d, says %q", args, code, got)
		}
	}
	f(`--limit "x": want a whole number ('perfmonctl history --help' says more)`, "history", "--limit", "x")
	f(`--limit "99999999999999999999": want a whole number ('perfmonctl history --help' says more)`, "history", "--limit=99999999999999999999")
	f(`--watch "maybe": want true or false ('perfmonctl alarms --help' says more)`, "alarms", "--watch=maybe")
	f(`--log-lines "-": want a whole number ('perfmonctl support-bundle --help' says more)`, "support-bundle", "--log-lines", "-")
}
