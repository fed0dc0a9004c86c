//go:build integration

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"perfmon/alarm/sink/sinktest"
	"perfmon/monitor/control"
)

// These tests run the program itself, as `make run` does: on this host's
// /proc, with the example triggers.

// patience is how long a test waits for what has to come: the longest period
// of a trigger that it waits for, and a lot more.
const patience = 3 * time.Minute

// program builds perfmon once for all tests.
func program(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "perfmon")
	build := exec.Command("go", "build", "-buildvcs=false", "-o", path, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return path
}

// place is what one instance has for itself.
type place struct {
	program, dir, socket, address string
}

func newPlace(t *testing.T) *place {
	t.Helper()
	return &place{
		program: program(t),
		dir:     t.TempDir(),
		socket:  fmt.Sprintf("@perfmon-process-%d-%s", os.Getpid(), t.Name()),
		address: sinktest.FreeAddress(t),
	}
}

func (p *place) pidFile() string { return filepath.Join(p.dir, "perfmon.pid") }

// command is perfmon in this place, with more flags.
func (p *place) command(flags ...string) *exec.Cmd {
	return exec.Command(p.program, append([]string{
		"--source", "local", "--triggers", "../../packaging/triggers",
		"--state-dir", filepath.Join(p.dir, "state"), "--pid-file", p.pidFile(),
		"--control-socket", p.socket, "--api-socket", filepath.Join(p.dir, "api"),
		"--web.listen-address", p.address,
	}, flags...)...)
}

// page is the metrics page, "" while there is none.
func (p *place) page() string {
	client := http.Client{Timeout: 5 * time.Second}
	defer client.CloseIdleConnections()
	resp, err := client.Get("http://" + p.address + "/metrics")
	if err != nil {
		return ""
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		return ""
	}
	return string(body)
}

// waitFor waits until some line of the page begins with start and ends with
// end.
func (p *place) waitFor(t *testing.T, start, end string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		page := p.page()
		for line := range strings.Lines(page) {
			if line = strings.TrimSuffix(line, "\n"); strings.HasPrefix(line, start) && strings.HasSuffix(line, end) {
				return
			}
		}
		select {
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done():
			t.Fatalf("no line %s ... %s on the page:\n%s", start, end, page)
		}
	}
}

// exits runs a command that is expected to end by itself.
func exits(t *testing.T, cmd *exec.Cmd, want int, says string) {
	t.Helper()
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if got := cmd.ProcessState.ExitCode(); got != want || !strings.Contains(string(out), says) {
		t.Errorf("exit code %d, want %d and %q:\n%s", got, want, says, out)
	}
}

// burn keeps one CPU busy until the test ends.
func burn(t *testing.T) {
	var stop atomic.Bool
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // for ever: the thread with its affinity goes with us
		var all, one unix.CPUSet
		if err := unix.SchedGetaffinity(0, &all); err == nil {
			for cpu := range 1024 {
				if all.IsSet(cpu) {
					one.Set(cpu)
					break
				}
			}
			_ = unix.SchedSetaffinity(0, &one) // without it the scheduler may move us, and it takes longer
		}
		for !stop.Load() {
		}
	}()
	t.Cleanup(func() {
		stop.Store(true)
		<-done
	})
}

func TestProcess(t *testing.T) {
	p := newPlace(t)
	agent := p.command()
	stderr, err := agent.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := agent.Start(); err != nil {
		t.Fatal(err)
	}
	alarms := make(chan string, 100)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			t.Log(lines.Text())
			if strings.Contains(lines.Text(), "cpu_busiest") {
				alarms <- lines.Text()
			}
		}
	}()
	defer func() {
		agent.Process.Kill()
		<-ended
		agent.Wait()
	}()
	burn(t)
	p.waitFor(t, `perfmon_polls_total{result="ok"}`, "")

	// A second instance says who the first is, whether it would share the
	// state or only the socket.
	pid := fmt.Sprintf("pid %d", agent.Process.Pid)
	exits(t, p.command(), exitRunning, pid)
	exits(t, p.command("--state-dir", filepath.Join(p.dir, "other")), exitRunning, pid)
	exits(t, p.command("--interval", "0"), exitUsage, "--interval")

	if err := control.Send(p.socket, control.Refresh); err != nil {
		t.Fatal(err)
	}
	p.waitFor(t, `perfmon_commands_total{command="refresh",result="accepted"}`, " 1")

	select {
	case line := <-alarms:
		if !strings.Contains(line, "PERFMON: ") {
			t.Errorf("the stock prefix is missing: %s", line)
		}
	case <-time.After(patience):
		t.Fatalf("a busy CPU raised no alarm:\n%s", p.page())
	}
	p.waitFor(t, `perfmon_alarm_state{class="host",state="firing"`, `variable="cpu_busiest"} 1`)

	if err := agent.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	<-ended
	if err := agent.Wait(); err != nil {
		t.Errorf("after SIGTERM: %v", err)
	}
	if _, err := os.Stat(p.pidFile()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the pid file is left: %v", err)
	}
	exits(t, p.command("--numloops", "1"), exitOK, "")
}

func TestProcessDaemon(t *testing.T) {
	p := newPlace(t)
	exits(t, p.command("--daemon"), exitOK, "")
	text, err := os.ReadFile(p.pidFile())
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(string(text)) // no newline, as the stock daemon writes it
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Kill(pid, syscall.SIGKILL)
	p.waitFor(t, `perfmon_polls_total{result="ok"}`, "")
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		if _, err := os.Stat(p.pidFile()); errors.Is(err, os.ErrNotExist) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("it does not end after SIGTERM")
		}
	}
}
