package top

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"perfmon/cmd/internal/tui"
)

// terminal is a pseudo terminal, and what a program has written on it.
type terminal struct {
	t     *testing.T
	keys  *os.File // our side
	slave *os.File // the program's

	mu    sync.Mutex
	out   bytes.Buffer
	all   bytes.Buffer
	sizes []resized     // in order
	more  chan struct{} // something was written
}

// resized is a size that the terminal has had from some byte on.
type resized struct {
	from          int
	columns, rows uint16
}

// resize gives it another size, and tells the program.
func (x *terminal) resize(columns, lines uint16) {
	x.t.Helper()
	x.mu.Lock()
	x.sizes = append(x.sizes, resized{x.all.Len(), columns, lines})
	x.mu.Unlock()
	if err := unix.IoctlSetWinsize(int(x.slave.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: lines, Col: columns}); err != nil {
		x.t.Fatal(err)
	}
	if err := unix.Kill(os.Getpid(), unix.SIGWINCH); err != nil {
		x.t.Fatal(err)
	}
}

// shown is what is on the screen.
func (x *terminal) shown() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	e := newEmulator(int(x.sizes[0].columns), int(x.sizes[0].rows))
	all := x.all.Bytes()
	var rest []byte
	for i, size := range x.sizes {
		to := len(all)
		if i+1 < len(x.sizes) {
			to = x.sizes[i+1].from
		}
		e.resize(int(size.columns), int(size.rows))
		rest = e.write(append(slices.Clone(rest), all[size.from:to]...))
	}
	if len(e.unknown) > 0 {
		x.t.Fatalf("the emulator does not know %q", e.unknown)
	}
	return e.screen()
}

// awaitScreen waits until a screen is shown.
func (x *terminal) awaitScreen(question, want string) {
	x.t.Helper()
	late := time.After(2 * time.Minute)
	for {
		got := x.shown()
		if got == want {
			return
		}
		select {
		case <-x.more:
		case <-late:
			x.t.Fatalf("%s: what is shown differs, -want +got:\n%s", question, cmp.Diff(want, got))
		}
	}
}

// openTerminal opens one of a size.
func openTerminal(t *testing.T, columns, lines uint16) *terminal {
	t.Helper()
	// Non-blocking, so that closing it ends a read.
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Skipf("there are no pseudo terminals here: %v", err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		err = unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: lines, Col: columns})
	}
	if err != nil {
		t.Fatal(err)
	}
	x := &terminal{t: t, keys: os.NewFile(uintptr(fd), "ptmx"), more: make(chan struct{}, 1), sizes: []resized{{0, columns, lines}}}
	if x.slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0); err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	wait.Go(x.read)
	t.Cleanup(func() {
		x.slave.Close()
		x.keys.Close()
		wait.Wait()
	})
	return x
}

func (x *terminal) read() {
	b := make([]byte, 4096)
	for {
		n, err := x.keys.Read(b)
		x.mu.Lock()
		x.out.Write(b[:n])
		x.all.Write(b[:n])
		x.mu.Unlock()
		select {
		case x.more <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

// escapes are sequences that a terminal carries out.
var escapes = regexp.MustCompile("\x1b(\\[[0-9;?>=$]*[a-zA-Z~]|\\][^\a]*\a|[=>78])")

// await waits until texts have been written, and forgets what has been up to
// then.
func (x *terminal) await(texts ...string) string {
	x.t.Helper()
	late := time.After(2 * time.Minute)
	for {
		x.mu.Lock()
		raw := x.out.String()
		x.mu.Unlock()
		shown := escapes.ReplaceAllString(raw, "")
		missing := slices.DeleteFunc(slices.Clone(texts), func(text string) bool { return strings.Contains(shown, text) || strings.Contains(raw, text) })
		if len(missing) == 0 {
			x.mu.Lock()
			x.out.Reset()
			x.mu.Unlock()
			return raw
		}
		select {
		case <-x.more:
		case <-late:
			x.t.Fatalf("%q is not written; this is: %q", missing, raw)
		}
	}
}

func (x *terminal) type_(keys string) {
	x.t.Helper()
	if _, err := x.keys.WriteString(keys); err != nil {
		x.t.Fatal(err)
	}
}

// run runs the whole of it on the terminal. The channel has its outcome.
func (x *terminal) run(ctx context.Context, s *server, environment []string, color bool) <-chan error {
	ended := make(chan error, 1)
	later := time.Until(time.Unix(begin+10, 0))
	go func() {
		ended <- Run(ctx, Options{
			Agent: client{s.socket}, Terminal: tui.Terminal{
				Frames: 30, Color: color, Input: x.slave, Output: x.slave, Environment: environment,
				Location: time.UTC, Now: func() time.Time { return time.Now().Add(later) },
			},
		})
	}()
	return ended
}

// TestTerminal is a session on a terminal: keys, a resize, a restart of the
// agent; and the terminal is left as it was found.
func TestTerminal(t *testing.T) {
	s := serve(t, newWorld(200))
	x := openTerminal(t, 80, 24)
	before, err := unix.IoctlGetTermios(int(x.slave.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	ended := x.run(context.Background(), s, []string{"TERM=xterm-256color"}, true)
	if raw := x.await("202 VMs and SRs by cpu", "6 alarms: 1 critical"); !strings.Contains(raw, "\x1b[?1049h") {
		t.Errorf("it does not switch to the other screen: %q", raw)
	}
	x.type_("a")
	x.await("alarms") // of the title no more has changed
	x.type_("\r")
	x.await("cpu_usage: average of 2 data sources")
	x.type_("\x1b")
	x.await("q quit")
	s.stop()
	x.await("away since")
	s.start(t)
	s.polls <- struct{}{}
	x.await("sinks that take nothing")
	x.type_("q")
	if err := <-ended; err != nil {
		t.Error(err)
	}
	x.await("\x1b[?1049l")
	after, err := unix.IoctlGetTermios(int(x.slave.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	if *before != *after {
		t.Errorf("the terminal was %+v, and is %+v", before, after)
	}
}

// TestTerminalWithoutColor: with NO_COLOR none is sent.
func TestTerminalWithoutColor(t *testing.T) {
	s := serve(t, newWorld(20))
	x := openTerminal(t, 80, 24)
	ctx, cancel := context.WithCancel(context.Background())
	ended := x.run(ctx, s, []string{"TERM=xterm-256color", "NO_COLOR=1"}, false)
	raw := x.await("22 VMs and SRs by cpu", "6 alarms: 1 critical")
	x.type_("\r")
	raw += x.await("cpu_usage: average of 2 data sources")
	if at := regexp.MustCompile("\x1b\\[[0-9;]*[34][0-7][;m]").FindString(raw); at != "" {
		t.Errorf("a colour is sent: %q", at)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("when its context ends: %v", err)
	}
}

// TestResize: what is shown is the frame, on a terminal of whatever size, also
// after it had another.
func TestResize(t *testing.T) {
	s := serve(t, newWorld(200))
	x := openTerminal(t, 80, 24)
	ended := x.run(context.Background(), s, []string{"TERM=xterm-256color"}, true)
	x.await("202 VMs and SRs by cpu", "6 alarms: 1 critical")
	help := func(columns, lines int) string {
		m := &model{Screen: tui.Screen{Terminal: tui.Terminal{Width: columns, Height: lines}, Help: true}}
		e := newEmulator(columns, lines)
		e.write([]byte(strings.ReplaceAll(m.render(), "\n", "\r\n")))
		return e.screen()
	}
	f := func(columns, lines int) {
		t.Helper()
		x.resize(uint16(columns), uint16(lines))
		if why := tui.TooSmall(columns, lines); why != "" {
			x.awaitScreen(why, why+strings.Repeat("\n", lines))
			return
		}
		x.await("rows to ") // drawn anew
		x.type_("?")
		x.awaitScreen(fmt.Sprintf("help, %d×%d", columns, lines), help(columns, lines))
		x.type_("x")
		x.await("VMs and SRs by cpu")
	}
	f(120, 40)
	f(59, 15)
	f(200, 60)
	f(60, 16)
	f(160, 16)
	f(80, 50)
	x.type_("q")
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// TestTerminalWithoutSize: one that does not know its size has 80×24 cells.
func TestTerminalWithoutSize(t *testing.T) {
	s := serve(t, newWorld(200))
	x := openTerminal(t, 0, 0)
	ended := x.run(context.Background(), s, []string{"TERM=xterm-256color"}, true)
	x.await("202 VMs and SRs by cpu", "6 alarms: 1 critical", "q quit")
	x.type_("q")
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
