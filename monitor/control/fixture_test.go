package control

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var names atomic.Int64

// uniqueName is an abstract name that no other test has.
func uniqueName(t *testing.T) string {
	t.Helper()
	return fmt.Sprintf("@perfmon-test-%d-%d", os.Getpid(), names.Add(1))
}

// outcome is one call of OnCommand.
type outcome struct{ Word, Result string }

// fixture is a Socket with its surroundings. Outcomes come in the order of
// the datagrams, commands as they are handled.
type fixture struct {
	name     string
	socket   *Socket
	outcomes chan outcome
	entered  chan Command  // as the handler begins
	commands chan Command  // as it ends
	log      *bytes.Buffer // to be read after stop
	stop     func()
}

// start runs a Socket whose handler waits for somebody to take from commands.
func start(t *testing.T) *fixture {
	t.Helper()
	f := newFixture(t)
	f.run(t)
	return f
}

// newFixture is a fixture with a Socket that is bound and does not run yet.
func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{
		name:     uniqueName(t),
		outcomes: make(chan outcome, 100_000),
		entered:  make(chan Command, 1_000),
		commands: make(chan Command),
		log:      &bytes.Buffer{},
	}
	s, err := Listen(f.name, f.options())
	if err != nil {
		t.Fatal(err)
	}
	f.socket = s
	return f
}

func (f *fixture) options() Options {
	return Options{
		Logger:    slog.New(slog.NewTextHandler(f.log, nil)),
		OnCommand: func(word, result string) { f.outcomes <- outcome{word, result} },
	}
}

func (f *fixture) run(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- f.socket.Run(ctx, func(c Command) {
			f.entered <- c
			select {
			case f.commands <- c:
			case <-ctx.Done():
			}
		})
	}()
	f.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
		if err := f.socket.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(f.stop)
}

// send sends raw bytes.
func (f *fixture) send(t *testing.T, datagram string) {
	t.Helper()
	conn := dial(t, f.name)
	if _, err := conn.Write([]byte(datagram)); err != nil {
		t.Fatal(err)
	}
}

func dial(t *testing.T, name string) *net.UnixConn {
	t.Helper()
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Net: "unixgram", Name: name})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func (f *fixture) want(t *testing.T, word, result string) {
	t.Helper()
	if diff := cmp.Diff(outcome{word, result}, <-f.outcomes); diff != "" {
		t.Errorf("outcome (-want +got):\n%s", diff)
	}
}

func (f *fixture) wantCommand(t *testing.T, want Command) {
	t.Helper()
	if got := <-f.commands; got != want {
		t.Errorf("handled %q, want %q", got, want)
	}
}

// wantQuiet demands that no command waits: it sends one, and that must be the
// next that is handled.
func (f *fixture) wantQuiet(t *testing.T, sentinel Command) {
	t.Helper()
	f.send(t, string(sentinel))
	f.want(t, string(sentinel), Accepted)
	f.wantCommand(t, sentinel)
}
