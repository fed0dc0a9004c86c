// Package sinktest starts the real servers that tests hand alarms to: an
// Alertmanager and a RabbitMQ from Debian's packages, and a NATS server in
// the test's own process. Each has ports and a directory of its own, and ends
// with the test.
package sinktest

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// startLimit is how long a server may take until it answers.
const startLimit = 3 * time.Minute

// FreePorts are ports of the loopback address that nobody has, for programs that
// have to be told one. A server may take seconds until it listens, and may be
// stopped and started again. So none is of the range (from 32768 on) out of
// which the kernel serves whoever listens on port 0 meanwhile: it might be the
// same. And until the test ends nobody else gets one of them from here, no other
// test process either: each is taken by an abstract socket that tells its number,
// which goes with the process if that is killed.
func FreePorts(t testing.TB, n int) []string {
	t.Helper()
	var ports []string
	for tries := 0; len(ports) < n; tries++ {
		port := fmt.Sprint(10_000 + rand.IntN(20_000))
		if err := take(t, port); err != nil {
			if tries > 1000 {
				t.Fatal(err)
			}
			continue
		}
		ports = append(ports, port)
	}
	return ports
}

// take takes a port until the test ends, if nobody has it.
func take(t testing.TB, port string) error {
	mark, err := net.Listen("unix", "@perfmon-test-port-"+port)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", port))
	if err != nil {
		mark.Close()
		return err
	}
	l.Close()
	t.Cleanup(func() { mark.Close() })
	return nil
}

// FreeAddress is the loopback address with one of FreePorts.
func FreeAddress(t testing.TB) string {
	t.Helper()
	return net.JoinHostPort("127.0.0.1", FreePorts(t, 1)[0])
}

// start runs a program in a group of its own. What it prints is appended to
// the file log in its directory.
func start(t testing.TB, dir string, env []string, name string, args ...string) *exec.Cmd {
	t.Helper()
	log, err := os.OpenFile(filepath.Join(dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd := exec.Command(name, args...)
	cmd.Env, cmd.Dir, cmd.Stdout, cmd.Stderr = env, dir, log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatalf("start %s; make integration installs it: %v", name, err)
	}
	return cmd
}

// end stops a program and all that it has started.
func end(cmd *exec.Cmd, signal syscall.Signal) {
	_ = cmd.Process.Signal(signal)
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	select {
	case <-done:
	case <-time.After(30 * time.Second):
		_ = cmd.Process.Kill()
		<-done
	}
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
}

// untilAnswers waits for a server that has no way to say that it is there.
func untilAnswers(t testing.TB, dir, what string, answers func() bool) {
	t.Helper()
	for deadline := time.Now().Add(startLimit); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if answers() {
			return
		}
	}
	log, _ := os.ReadFile(filepath.Join(dir, "log"))
	t.Fatalf("%s does not start:\n%s", what, log)
}
