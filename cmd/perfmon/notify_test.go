package main

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// notices are what a service manager hears.
type notices struct {
	t    *testing.T
	conn *net.UnixConn
}

// manager makes a service manager's socket and tells the site of it.
func manager(t *testing.T, s *site) *notices {
	t.Helper()
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: s.path("notify"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	s.env = append(s.env, "NOTIFY_SOCKET="+s.path("notify"))
	return &notices{t, conn}
}

// next is the next notice, as lines. It has to come within a time.
func (n *notices) next(limit time.Duration) []string {
	n.t.Helper()
	buf := make([]byte, 4096)
	n.conn.SetReadDeadline(time.Now().Add(limit))
	size, err := n.conn.Read(buf)
	if err != nil {
		n.t.Fatalf("no further notice: %v", err)
	}
	return strings.Split(strings.TrimSuffix(string(buf[:size]), "\n"), "\n")
}

// until reads notices up to one with that line, and returns them all.
func (n *notices) until(line string) (all []string) {
	n.t.Helper()
	deadline := time.Now().Add(limit)
	for {
		notice := n.next(time.Until(deadline))
		all = append(all, notice...)
		if slices.Contains(notice, line) {
			return all
		}
		if time.Now().After(deadline) { // there may be signs of life without end
			n.t.Fatalf("no notice %q, but %q", line, all)
		}
	}
}

func TestNotices(t *testing.T) {
	t.Parallel()
	p := newPool(t)
	n := manager(t, p.site)
	const watchdog = 4 * time.Second // without a sign of life for so long, the service manager kills
	p.env = append(p.env, fmt.Sprintf("WATCHDOG_USEC=%d", watchdog.Microseconds()))
	a := p.start("--source", "xapi", "-i", long)

	if got := n.until("READY=1"); slices.Contains(got, "STOPPING=1") {
		t.Errorf("first it says %q", got)
	}
	n.until("STATUS=polling")
	for range 2 { // with nothing to do, it still says that it turns
		if got := n.next(limit); !slices.Contains(got, "WATCHDOG=1") {
			t.Errorf("it says %q, want WATCHDOG=1", got)
		}
	}
	if err := p.sim.SetRRDD(false); err != nil {
		t.Fatal(err)
	}
	send(t, p.socket, "refresh")
	if got := n.until("STATUS=no rows: unreachable"); slices.Contains(got, "READY=1") {
		t.Errorf("ready a second time: %q", got)
	}
	if err := p.sim.SetRRDD(true); err != nil {
		t.Fatal(err)
	}
	n.until("STATUS=polling")
	if err := a.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	n.until("STOPPING=1")
	a.wait(endingLimit, exitOK)
}

// TestNoNoticeOfAnInstanceThatCannotRun: the service manager must not take a
// second instance for a service that has begun.
func TestNoNoticeOfAnInstanceThatCannotRun(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	a := s.start("--source", "local")
	a.address()
	n := manager(t, s)
	s.ends(s.command("--source", "local"), exitRunning)
	n.conn.SetReadDeadline(time.Now())
	if size, err := n.conn.Read(make([]byte, 100)); err == nil {
		t.Errorf("it has said something, %d bytes", size)
	}
	a.stop(syscall.SIGTERM)
}
