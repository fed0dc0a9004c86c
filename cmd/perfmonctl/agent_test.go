package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"perfmon/docs/docstest"
)

// patience is how long a script waits for what has to come.
const patience = time.Minute

// TestAgentScript runs scripts beside an agent each, which they start with the
// flags $AGENT. Beside the commands of TestScript there is
//
//	until PATTERN PROGRAM ARGUMENT...
//
// which runs a program again and again until it prints a line that matches.
func TestAgentScript(t *testing.T) {
	dir := t.TempDir()
	build := exec.Command("go", "build", "-buildvcs=false", "-o", filepath.Join(dir, "perfmon"), "../perfmon")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build perfmon: %v\n%s", err, out)
	}
	var sites atomic.Int64
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/agent",
		UpdateScripts:       docstest.Updating(),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			own, err := os.MkdirTemp("", "ctl") // short, for the address of a socket
			if err != nil {
				return err
			}
			e.Defer(func() { os.RemoveAll(own) })
			socket := filepath.Join(own, "s")
			e.Setenv("GORACE", "atexit_sleep_ms=0")
			e.Setenv("PATH", dir+string(os.PathListSeparator)+e.Getenv("PATH"))
			e.Setenv("TZ", "UTC")
			e.Setenv("SOCKET", socket)
			e.Setenv("CONTROL", fmt.Sprintf("@perfmonctl-test-%d-%d", os.Getpid(), sites.Add(1)))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "until": until},
	})
}

func until(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: until pattern program [argument...]")
	}
	pattern, err := regexp.Compile("(?m)" + args[0])
	ts.Check(err)
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		err := ts.Exec(args[1], args[2:]...)
		out := ts.ReadFile("stdout")
		if pattern.MatchString(out) {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("no %q in %v after %v:\n%s", args[0], args[1:], patience, fmt.Sprint(out, err))
		}
	}
}
