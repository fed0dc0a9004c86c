package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"perfmon/cmd/internal/scripttest"
	"perfmon/cmd/internal/verbs"
	"perfmon/docs/docstest"
)

// TestAgentScript runs scripts beside an agent each, which they start with the
// flags $AGENT. Those of testdata/pool have a simulated toolstack too. Beside
// the commands of TestScript there is
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
	setup := func(e *testscript.Env) error {
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
	}
	run := func(t *testing.T, dir string, setup func(*testscript.Env) error) {
		testscript.Run(t, testscript.Params{
			Dir:                 dir,
			UpdateScripts:       docstest.Updating(),
			RequireExplicitExec: true,
			RequireUniqueNames:  true,
			Setup:               setup,
			Cmds:                scripttest.Commands(),
		})
	}
	run(t, "testdata/agent", setup)
	t.Run("pool", func(t *testing.T) {
		run(t, "testdata/pool", func(e *testscript.Env) error {
			if _, err := simulate(e); err != nil {
				return err
			}
			return setup(e)
		})
	})
}

// TestStranger: a user who may not ask is told so in one line.
func TestStranger(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("it takes root to be somebody else")
	}
	socket := wholeAgent().start(t)
	name, heard := commands(t)
	dir := filepath.Dir(socket)
	for path, mode := range map[string]os.FileMode{dir: 0o755, socket: 0o600} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	// The test's own program, where everybody may run it.
	program, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "perfmonctl")
	if err := os.WriteFile(path, program, 0o755); err != nil {
		t.Fatal(err)
	}
	f := func(code int, args ...string) {
		t.Helper()
		cmd := exec.Command(path, append(slices.Clone(args), "--api-socket", socket)...)
		cmd.Dir = "/"
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		out, err := cmd.CombinedOutput()
		out = bytes.TrimPrefix(out, []byte("perfmonctl unknown\n")) // version says that first
		var exit *exec.ExitError
		if want := "perfmonctl: " + socket + ": permission denied: run perfmonctl as root\n"; !errors.As(err, &exit) || exit.ExitCode() != code || string(out) != want {
			t.Errorf("%q: %v, says\n%swant\n%s", args, err, out, want)
		}
	}
	for _, args := range askingVerbs(t, name) {
		f(verbs.ExitFailed, args...)
	}
	f(pluginUnknown, "status", "--exit-code")
	f(pluginUnknown, "alarms", "--exit-code")
	if len(heard) > 0 {
		t.Error("a command was sent that the agent does not hear")
	}
}
