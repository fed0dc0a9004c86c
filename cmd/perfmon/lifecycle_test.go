package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"perfmon/xapi/xapitest"
)

func TestNumloopsCountsFailedPolls(t *testing.T) {
	t.Parallel()
	s := newSite(t) // without a toolstack
	out := s.ends(s.command("--source", "xapi", "-n", "3", "-i", "1", "-d"), exitOK)
	if n := strings.Count(out, "no rows: unreachable"); n != 3 {
		t.Errorf("%d failed polls, want 3:\n%s", n, out)
	}
	if n := strings.Count(out, `level=ERROR msg="PERFMON: no rows`); n != 1 {
		t.Errorf("a failure is logged %d times as it begins, want once:\n%s", n, out)
	}
	if !strings.Contains(out, `msg="PERFMON: perfmon ends" why="all polls are done"`) {
		t.Errorf("it does not say why it ends:\n%s", out)
	}
}

func TestSignalsEndIt(t *testing.T) {
	for _, c := range []struct {
		name  string
		how   os.Signal
		fault *xapitest.Fault
	}{
		{"SIGTERM", syscall.SIGTERM, nil},
		{"SIGINT", syscall.SIGINT, nil},
		{"while an answer hangs", syscall.SIGTERM, &xapitest.Fault{Path: "/rrd_updates", Kind: xapitest.HangHeader}},
		{"in the middle of an answer", syscall.SIGINT, &xapitest.Fault{Path: "/rrd_updates", Kind: xapitest.HangBody, At: 300}},
		{"while every call hangs", syscall.SIGTERM, &xapitest.Fault{Endpoint: xapitest.XAPI, Kind: xapitest.HangHeader}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := newPool(t)
			a := p.start("--source", "xapi")
			a.waitPage(`perfmon_polls_total\{result="ok"\} [1-9]`)
			if got := p.sessions(); got != 1 {
				t.Errorf("%d sessions, want 1", got)
			}
			if c.fault != nil {
				f := p.sim.Install(*c.fault)
				send(t, p.socket, "refresh")
				p.waitFor(func() bool { return f.Hits() > 0 })
			}
			a.stop(c.how)
			a.waitLog(1, `PERFMON: perfmon ends" why="told to by a signal"`)
			if got := p.sessions(); got != 0 && c.name != "while every call hangs" {
				t.Errorf("%d sessions are left", got)
			}
		})
	}
}

func TestOnlyOneInstance(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	a := s.start("--source", "local")
	a.address() // it runs
	if text, err := os.ReadFile(s.path("pid")); err != nil || string(text) != strconv.Itoa(a.cmd.Process.Pid) {
		t.Errorf("pid file %q, want %d and no newline: %v", text, a.cmd.Process.Pid, err)
	}
	pid := fmt.Sprintf("perfmon: another instance, pid %d, is running and holds ", a.cmd.Process.Pid)

	// The lock of the state directory says so, also to one with other sockets.
	out := s.ends(s.command("--control-socket", s.socket+"-other"), exitRunning)
	if want := pid + s.path("state/perfmon.lock") + ": end that one first\n"; out != want {
		t.Errorf("by the lock: %q, want %q", out, want)
	}
	// The bound socket says so, to one with another state directory or none.
	s.write("file", "")
	for _, dir := range []string{s.path("other"), s.path("file/state")} {
		out = s.ends(s.command("--state-dir", dir), exitRunning)
		if want := pid + "the command socket " + s.socket + ": end that one first\n"; !strings.HasSuffix(out, want) {
			t.Errorf("by the socket: %q, want %q", out, want)
		}
	}
	if text, err := os.ReadFile(s.path("pid")); err != nil || string(text) != strconv.Itoa(a.cmd.Process.Pid) {
		t.Errorf("another instance has changed the pid file: %q, %v", text, err)
	}
	a.stop(syscall.SIGTERM)
	s.ends(s.command("--source", "local", "-n", "1"), exitOK) // nobody holds anything any more
}

func TestWithoutStateDirectory(t *testing.T) {
	t.Parallel()
	for name, dir := range map[string]string{"that cannot be made": "file/state", "that is not wanted": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.write("file", "")
			if dir != "" {
				dir = s.path(dir)
			}
			a := s.start("--source", "local", "--state-dir", dir)
			a.waitPage(`perfmon_polls_total\{result="ok"\} [1-9]`)
			a.waitLog(1, "level=WARN .*nothing survives a restart.*--state-dir")
			a.stop(syscall.SIGTERM)
		})
	}
}

// A disk that is full or read-only when the agent starts is the journal's
// trouble: it reads what is there, and is written again once that is possible.
func TestStateDirectoryOnABadDisk(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(dir string) error{
		"read-only": func(dir string) error { return unix.Mount("none", dir, "", unix.MS_REMOUNT|unix.MS_RDONLY, "") },
		"full": func(dir string) error {
			err := os.WriteFile(filepath.Join(dir, "filler"), make([]byte, 2<<20), 0o600)
			if !errors.Is(err, unix.ENOSPC) {
				return fmt.Errorf("the disk is not full: %v", err)
			}
			return nil
		},
	} {
		for _, used := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, used before %t", name, used), func(t *testing.T) {
				t.Parallel()
				s := newSite(t)
				dir := s.path("small")
				if err := os.Mkdir(dir, 0o700); err != nil {
					t.Fatal(err)
				}
				if err := unix.Mount("none", dir, "tmpfs", 0, "size=1m,mode=0700"); err != nil {
					t.Skipf("this test mounts a small disk, which is not allowed here: %v", err)
				}
				t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
				if used {
					s.ends(s.command("--source", "local", "-n", "1", "--state-dir", dir), exitOK)
				}
				if err := spoil(dir); err != nil {
					t.Fatal(err)
				}
				a := s.start("--source", "local", "--state-dir", dir)
				if used && name == "full" {
					a.waitPage(`perfmon_journal_file_bytes [1-9]`) // there is room in the file
				} else {
					a.waitPage(`perfmon_journal_degraded 1`)
					a.waitLog(1, "level=ERROR .*journal cannot be written")
				}
				a.stop(syscall.SIGTERM)
			})
		}
	}
}

func TestPIDFileThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.write("file", "")
	out := s.ends(s.command("--source", "local", "-n", "1", "--pid-file", s.path("file/pid")), exitOK)
	if !strings.Contains(out, "level=WARN") || !strings.Contains(out, s.path("file/pid")) {
		t.Errorf("it does not say so:\n%s", out)
	}
}

func TestLogReaderThatHasGone(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	a := s.start("--source", "local", "-i", "600")
	address := a.address()
	a.stderr.Close()
	<-a.ended
	for range 3 { // each is a line in the log, which nobody reads
		send(t, s.socket, "debug_mem")
	}
	send(t, s.socket, "refresh")
	client := webClient(t)
	for deadline := time.Now().Add(limit); strings.Contains(get(t, client, "http://"+address+"/metrics"), `perfmon_polls_total{result="ok"} 1`); {
		if time.Now().After(deadline) {
			t.Fatal("it does not poll any more")
		}
		time.Sleep(30 * time.Millisecond)
	}
	a.stop(syscall.SIGTERM)
}

// reap waits for a process that went to the background, and returns its exit
// code.
func reap(t *testing.T, pid int) int {
	t.Helper()
	var status unix.WaitStatus
	for deadline := time.Now().Add(endingLimit); ; time.Sleep(20 * time.Millisecond) {
		got, err := unix.Wait4(pid, &status, unix.WNOHANG, nil)
		if err != nil && !errors.Is(err, unix.EINTR) {
			t.Fatal(err)
		}
		if got == pid {
			return status.ExitStatus()
		}
		if time.Now().After(deadline) {
			t.Fatalf("pid %d does not end", pid)
		}
	}
}

func TestDaemon(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	cmd := s.command("--daemon", "--source", "local", "--state-dir", "state")
	cmd.Dir = s.dir // what is relative is relative to there
	if out := s.ends(cmd, exitOK); out != "" {
		t.Errorf("going to the background says %q", out)
	}
	text, err := os.ReadFile(s.path("pid"))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(string(text))
	if err != nil {
		t.Fatalf("pid file: %v", err)
	}
	ended := false
	t.Cleanup(func() {
		if !ended && unix.Kill(pid, unix.SIGKILL) == nil {
			unix.Wait4(pid, nil, 0, nil)
		}
	})
	if sid, err := unix.Getsid(pid); err != nil || sid != pid {
		t.Errorf("session %d of %d: %v", sid, pid, err)
	}
	proc := filepath.Join("/proc", strconv.Itoa(pid))
	for link, want := range map[string]string{"fd/0": os.DevNull, "fd/1": os.DevNull, "fd/2": os.DevNull, "cwd": "/"} {
		if got, err := os.Readlink(filepath.Join(proc, link)); err != nil || got != want {
			t.Errorf("%s is %q, want %q: %v", link, got, want, err)
		}
	}
	if text, err := os.ReadFile(s.path("state/perfmon.lock")); err != nil || string(text) != strconv.Itoa(pid) {
		t.Errorf("the lock says %q, want %d: %v", text, pid, err)
	}

	out := s.ends(s.command("--daemon", "--source", "local"), exitRunning)
	if want := fmt.Sprintf("perfmon: another instance, pid %d, is running and holds %s: end that one first\n", pid, s.path("state/perfmon.lock")); out != want {
		t.Errorf("a second one says %q, want %q", out, want)
	}
	if err := unix.Kill(pid, unix.SIGTERM); err != nil {
		t.Fatal(err)
	}
	code := reap(t, pid)
	ended = true // from now on the number may be somebody else's
	if code != exitOK {
		t.Errorf("exit code %d, want %d", code, exitOK)
	}
	if _, err := os.Stat(s.path("pid")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the pid file is left: %v", err)
	}

	// One that cannot run says why, and ends as it would in the foreground.
	s.write("file", "")
	out = s.ends(s.command("--daemon", "--source", "local", "--triggers", s.path("file")), exitFatal)
	if want := "perfmon: --triggers " + s.path("file") + ": not a directory\n"; out != want {
		t.Errorf("one that cannot run says %q, want %q", out, want)
	}
	if out := s.ends(s.command("--daemon", "-i", "0"), exitUsage); !strings.HasPrefix(out, "perfmon: --interval 0: ") {
		t.Errorf("wrong flags: %q", out)
	}
}
