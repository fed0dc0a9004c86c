package main

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"
)

// output is what a command prints when it goes well.
func output(t *testing.T, args ...string) string {
	t.Helper()
	var out, complaints bytes.Buffer
	if code := run(args, strings.NewReader(""), &out, &complaints); code != exitOK || complaints.Len() > 0 {
		t.Errorf("%q: exit code %d: %s", args, code, &complaints)
	}
	return out.String()
}

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
		if want := "perfmonctl: write output: no space left on device\n"; code != exitFailed || complaints.String() != want {
			t.Errorf("%q: exit code %d, says %q, want %q", args, code, &complaints, want)
		}
	}
}
