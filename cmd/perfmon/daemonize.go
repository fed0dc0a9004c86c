package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// A process that goes to the background starts itself again, detached, with
// this variable set, and a pipe as file 3 on which the child says that it
// runs, or why it does not.
const (
	daemonEnv    = "PERFMON_DAEMON_CHILD"
	daemonPipeFD = 3
	daemonReady  = "ready"
)

func isDaemonChild() bool { return os.Getenv(daemonEnv) == "1" }

// detach starts the child and waits until it runs. Its exit code is the
// child's when that does not come so far.
func detach(args []string, stderr io.Writer) int {
	code, err := startDetached(args)
	if err != nil {
		fmt.Fprintf(stderr, "perfmon: %v\n", err)
	}
	return code
}

func startDetached(args []string) (int, error) {
	self, err := os.Executable()
	if err != nil {
		return exitFatal, fmt.Errorf("find own program: %w", err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		return exitFatal, fmt.Errorf("make pipe: %w", err)
	}
	defer r.Close()
	child := exec.Command(self, args...)
	child.Env = append(os.Environ(), daemonEnv+"=1")
	child.ExtraFiles = []*os.File{w}
	child.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	err = child.Start()
	w.Close()
	if err != nil {
		return exitFatal, fmt.Errorf("start in the background: %w", err)
	}
	said, _ := io.ReadAll(io.LimitReader(r, 4<<10))
	if string(said) == daemonReady {
		return exitOK, child.Process.Release()
	}
	err = child.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return exitFatal, fmt.Errorf("the background process ended before it ran: %v %s", err, said)
	}
	// An exit code and its reason, or a crash without one.
	reason := strings.TrimSpace(string(said))
	if reason == "" {
		reason = "the background process ended: " + exit.Error()
	}
	code := exit.ExitCode()
	if code <= 0 {
		code = exitFatal
	}
	return code, errors.New(reason)
}

var parentTold sync.Once

// reportToParent tells the process that started this one in the background
// how the start went: nil for running. Only the first report counts.
func reportToParent(err error) {
	if !isDaemonChild() {
		return
	}
	parentTold.Do(func() {
		pipe := os.NewFile(daemonPipeFD, "pipe "+strconv.Itoa(daemonPipeFD))
		if pipe == nil {
			return
		}
		defer pipe.Close()
		if err != nil {
			fmt.Fprint(pipe, err)
			return
		}
		fmt.Fprint(pipe, daemonReady)
	})
}
