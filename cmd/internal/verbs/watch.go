package verbs

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"perfmon/cmd/internal/eventstream"
	"perfmon/cmd/internal/localapi"
)

// watchPause is how long it is waited before a server that has gone is asked
// again.
const watchPause = time.Second

// Stream is a server's stream of events that a verb shows as they come. All is
// needed.
type Stream struct {
	Server string // as people call it
	// Open opens the stream. When ctx ends, so does the stream.
	Open func(ctx context.Context) (io.ReadCloser, error)
	// Begin is called once, when the stream has been opened first, and shows how
	// things are. What comes meanwhile waits in the stream.
	Begin func(ctx context.Context) error
	// Take takes an event, or a comment; an error ends it all.
	Take func(e eventstream.Event) error

	begun bool
}

// Watch shows the stream until an interrupt, which ends it well. A server that
// cannot be asked at first is an error; one that goes away later is waited for.
func (s *Stream) Watch(cmd *cobra.Command) error {
	ctx, stop := Interruptible()
	defer stop()
	told := false
	for {
		err := s.follow(ctx, func() { told = false })
		switch {
		case ctx.Err() != nil:
			return nil
		case !localapi.IsAway(err) || !s.begun:
			return err
		case !told:
			Tell(cmd, fmt.Errorf("%s has gone; it is waited for", s.Server))
			told = true
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(watchPause):
		}
	}
}

// follow shows what comes until the stream ends; that is an error.
func (s *Stream) follow(ctx context.Context, heard func()) error {
	stream, err := s.Open(ctx)
	if err != nil {
		return err
	}
	defer stream.Close()
	if !s.begun {
		s.begun = true
		if err := s.Begin(ctx); err != nil {
			return err
		}
	}
	var stop error
	err = eventstream.Read(stream, func(e eventstream.Event) error {
		heard() // what ends without a word was no server that is back
		stop = s.Take(e)
		return stop
	})
	if stop != nil {
		return stop
	}
	return &localapi.AwayError{Text: err, Cause: err}
}
