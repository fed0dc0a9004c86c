package journald

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/coreos/go-systemd/v22/journal"

	"perfmon/alarm"
)

// Options say how entries are written. The zero value is what a host needs.
type Options struct {
	// Send writes an entry; nil is the journal of this host.
	Send func(message string, priority journal.Priority, fields map[string]string) error
	// Stderr gets a line for each entry that Send fails for; nil is standard
	// error.
	Stderr io.Writer
}

// Sink writes to the journal.
type Sink struct {
	opts Options
	// busy is the end of a write that a caller did not wait for any longer,
	// nil if there is none. The journal's socket knows no deadline.
	busy chan struct{}
}

// New makes a sink. It does not write anything.
func New(o Options) (*Sink, error) {
	if o.Send == nil {
		o.Send = journal.Send
	}
	if o.Stderr == nil {
		o.Stderr = os.Stderr
	}
	return &Sink{opts: o}, nil
}

// Deliver writes an entry for each event, oldest first. An error means that
// neither the journal nor standard error took the next one, or not in time;
// it is worth another try. Not to be called concurrently.
func (s *Sink) Deliver(ctx context.Context, events []*alarm.Event) (taken int, err error) {
	for _, e := range events {
		if err := s.wait(ctx); err != nil {
			return taken, err
		}
		done := make(chan struct{})
		var failed error
		go func() {
			defer close(done)
			failed = s.put(e)
		}()
		s.busy = done
		if err := s.wait(ctx); err != nil {
			return taken, err
		}
		if failed != nil {
			return taken, failed
		}
		taken++
	}
	return taken, nil
}

// Close waits for a write that is still on its way.
func (s *Sink) Close(ctx context.Context) error { return s.wait(ctx) }

// wait waits for the write before this one.
func (s *Sink) wait(ctx context.Context) error {
	if s.busy == nil {
		return nil
	}
	select {
	case <-s.busy:
		s.busy = nil
		return nil
	case <-ctx.Done():
		return fmt.Errorf("journald: wait for the journal to take an entry: %w", ctx.Err())
	}
}

func (s *Sink) put(e *alarm.Event) error {
	text := message(e)
	err := s.opts.Send(text, priority(e), fields(e))
	if err == nil {
		return nil
	}
	if _, err2 := fmt.Fprintln(s.opts.Stderr, "perfmon: alarm:", text); err2 != nil {
		return errors.Join(fmt.Errorf("journald: send entry: %w", err), fmt.Errorf("journald: write a line instead: %w", err2))
	}
	return nil
}
