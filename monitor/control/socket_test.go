package control

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestCommands(t *testing.T) {
	f := start(t)
	for _, c := range []struct {
		datagram string
		want     Command
	}{{"refresh", Refresh}, {"debug_mem\n", DebugMem}, {"refresh\r\n", Refresh}} {
		f.send(t, c.datagram)
		f.want(t, string(c.want), Accepted)
		f.wantCommand(t, c.want)
	}
	if err := Send(f.name, Refresh); err != nil {
		t.Fatal(err)
	}
	f.want(t, "refresh", Accepted)
	f.wantCommand(t, Refresh)
	f.stop()
	if f.log.Len() != 0 {
		t.Errorf("good commands were logged as bad ones:\n%s", f.log)
	}
}

func TestBadDatagrams(t *testing.T) {
	f := start(t)
	for _, c := range datagrams {
		if c.result == Accepted {
			continue
		}
		f.send(t, c.in)
		f.want(t, Other, c.result)
	}
	f.send(t, strings.Repeat("r", 100_000))
	f.want(t, Other, TooLong)
	f.wantQuiet(t, DebugMem)
	f.wantQuiet(t, Refresh)
}

func TestLogIsBoundedAndQuoted(t *testing.T) {
	f := newFixture(t)
	var clock atomic.Int64 // seconds
	f.socket.now = func() time.Time { return time.Unix(clock.Load(), 0) }
	f.run(t)

	evil := "\x1b[31mred\nMar 1 00:00:00 fake: line\n" + strings.Repeat("A", 100)
	for range 50 {
		f.send(t, evil)
		f.want(t, Other, Unknown)
	}
	clock.Add(int64(logInterval / time.Second))
	for range 3 {
		f.send(t, evil)
		f.want(t, Other, Unknown)
	}
	f.stop()

	lines := strings.Split(strings.TrimSpace(f.log.String()), "\n")
	if len(lines) != 3 {
		t.Fatalf("%d log lines, want one for each interval and one at the end:\n%s", len(lines), f.log)
	}
	for i, swallowed := range []string{"swallowed=0", "swallowed=49", "swallowed=2"} {
		if !strings.Contains(lines[i], swallowed) || !strings.Contains(lines[i], "reason=unknown") {
			t.Errorf("line %d lacks %s or its reason: %s", i, swallowed, lines[i])
		}
	}
	if strings.Contains(f.log.String(), "\x1b") {
		t.Error("an escape character reached the log")
	}
	if n := strings.Count(lines[0], "A"); n > logBytes {
		t.Errorf("%d bytes of the datagram reached the log", n)
	}
	if want := fmt.Sprintf("uid=%d", os.Getuid()); !strings.Contains(lines[0], want) {
		t.Errorf("no %s in %s", want, lines[0])
	}
}

func TestCoalesce(t *testing.T) {
	f := start(t)
	// The first is taken by the handler, which waits for us; of the others
	// one waits and the rest are one with it.
	f.send(t, "refresh")
	f.want(t, "refresh", Accepted)
	<-f.entered
	f.send(t, "refresh")
	f.want(t, "refresh", Accepted)
	for range 100 {
		f.send(t, "refresh\n")
		f.want(t, "refresh", Coalesced)
	}
	f.send(t, "debug_mem")
	f.want(t, "debug_mem", Accepted)
	f.send(t, "debug_mem")
	f.want(t, "debug_mem", Coalesced)

	got := map[Command]int{}
	for range 3 {
		got[<-f.commands]++
	}
	if diff := cmp.Diff(map[Command]int{Refresh: 2, DebugMem: 1}, got); diff != "" {
		t.Errorf("handled (-want +got):\n%s", diff)
	}
	f.wantQuiet(t, Refresh)
	f.wantQuiet(t, DebugMem)
}

// A handler that never returns must not keep a flood from being read, and
// neither may make the queue of what waits longer.
func TestFlood(t *testing.T) {
	f := start(t)
	f.send(t, "refresh")
	f.want(t, "refresh", Accepted)
	<-f.entered

	const clients, each = 4, 2_000
	words := []string{"refresh", "debug_mem", "nonsense", "\xff", strings.Repeat("x", 300)}
	var flood sync.WaitGroup
	for range clients {
		conn := dial(t, f.name)
		flood.Go(func() {
			for i := range each {
				if _, err := conn.Write([]byte(words[i%len(words)])); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	got := map[outcome]int{}
	for range clients * each {
		got[<-f.outcomes]++
	}
	flood.Wait()
	perWord := clients * each / len(words)
	want := map[outcome]int{
		{"refresh", Accepted}: 1, {"refresh", Coalesced}: perWord - 1,
		{"debug_mem", Accepted}: 1, {"debug_mem", Coalesced}: perWord - 1,
		{Other, Unknown}: perWord, {Other, NotUTF8}: perWord, {Other, TooLong}: perWord,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
	for range 3 {
		<-f.commands
	}
	f.wantQuiet(t, Refresh)
	f.stop()
	if n := strings.Count(f.log.String(), "\n"); n > 6 {
		t.Errorf("%d log lines for three kinds of a flood:\n%s", n, f.log)
	}
}

func TestStop(t *testing.T) {
	f := newFixture(t)
	for range 3 { // the name stays ours between runs
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- f.socket.Run(ctx, func(c Command) { f.commands <- c }) }()
		f.wantQuiet(t, Refresh)
		cancel()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Listen(f.name, Options{}); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("second socket of the name: %v", err)
	}
	if err := f.socket.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.socket.Close(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("second close: %v", err)
	}
	again, err := Listen(f.name, Options{})
	if err != nil {
		t.Fatalf("the name is not free after Close: %v", err)
	}
	again.Close()
}

func TestRunAfterCancel(t *testing.T) {
	f := newFixture(t)
	defer f.socket.Close()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := f.socket.Run(ctx, func(Command) {}); err != nil {
		t.Error(err)
	}
}

func TestCloseEndsRun(t *testing.T) {
	f := newFixture(t)
	done := make(chan error, 1)
	go func() { done <- f.socket.Run(context.Background(), func(c Command) { f.commands <- c }) }()
	f.wantQuiet(t, Refresh)
	if err := f.socket.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Errorf("run: %v", err)
	}
	if err := f.socket.Run(context.Background(), func(Command) {}); err != nil {
		t.Errorf("run of a closed socket: %v", err)
	}
}

// A command that is being handled when the agent stops is waited for.
func TestStopWaitsForHandler(t *testing.T) {
	f := newFixture(t)
	defer f.socket.Close()
	ctx, cancel := context.WithCancel(context.Background())
	var finished atomic.Bool
	done := make(chan error, 1)
	go func() {
		done <- f.socket.Run(ctx, func(c Command) {
			f.entered <- c
			<-f.commands
			finished.Store(true)
		})
	}()
	f.send(t, "refresh")
	<-f.entered
	cancel()
	f.commands <- Refresh
	if err := <-done; err != nil {
		t.Error(err)
	}
	if !finished.Load() {
		t.Error("Run returned before its handler")
	}
}

func TestBadNames(t *testing.T) {
	for _, name := range []string{"", "@", "perfmon", "/run/perfmon.sock"} {
		if s, err := Listen(name, Options{}); err == nil {
			s.Close()
			t.Errorf("Listen(%q) succeeded", name)
		}
		if err := Send(name, Refresh); err == nil {
			t.Errorf("Send(%q) succeeded", name)
		}
	}
	if _, err := Listen("@"+strings.Repeat("x", 200), Options{}); err == nil {
		t.Error("a name longer than the kernel has room for was taken")
	}
}

func TestSendToNobody(t *testing.T) {
	if err := Send(uniqueName(t), Refresh); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("got %v, want ECONNREFUSED", err)
	}
}
