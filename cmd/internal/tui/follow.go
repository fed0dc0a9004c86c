package tui

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	tea "charm.land/bubbletea/v2"

	"perfmon/cmd/internal/eventstream"
)

const (
	// silentFor is how long a stream may say nothing; a comment comes every
	// 15 s.
	silentFor = 45 * time.Second
	// The time between tries grows from the one to the other.
	firstRetry = time.Second
	lastRetry  = 10 * time.Second
)

// Lost says that a server cannot be reached, and why.
type Lost struct {
	Err  error
	When time.Time
}

// Follower follows a server's stream of events for a view. All but Retry is
// needed.
type Follower struct {
	Server string // as people call it
	// Open opens the stream. When ctx ends, so does the stream.
	Open func(ctx context.Context) (io.ReadCloser, error)
	// Take makes a message for the view of an event; nil if that is nothing to
	// it. Whole says that the event was such that the stream is a good one.
	Take  func(e eventstream.Event) (msg tea.Msg, whole bool, err error)
	Now   func() time.Time
	Retry time.Duration // the first pause before it tries again; 0 for a second
}

// Run follows the stream, and opens it again whenever it breaks, until ctx ends.
// Beside what Take makes it sends Lost, again at each try in vain.
func (f *Follower) Run(ctx context.Context, send func(tea.Msg)) {
	first := f.Retry
	if first == 0 {
		first = firstRetry
	}
	wait := first
	for {
		heard, err := f.follow(ctx, send)
		if ctx.Err() != nil {
			return
		}
		send(Lost{err, f.Now()})
		if heard {
			wait = first
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		wait = min(2*wait, lastRetry)
	}
}

var errSilent = errors.New("silent")

// follow reads one stream to its end, and says whether it was a good one.
func (f *Follower) follow(ctx context.Context, send func(tea.Msg)) (heard bool, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	silent := time.AfterFunc(silentFor, func() { cancel(errSilent) })
	defer silent.Stop()
	stream, err := f.Open(ctx)
	if err == nil {
		defer stream.Close()
		err = eventstream.Read(stream, func(e eventstream.Event) error {
			silent.Reset(silentFor)
			msg, whole, err := f.Take(e)
			heard = heard || whole
			if err == nil && msg != nil {
				send(msg)
			}
			return err
		})
	}
	switch {
	case errors.Is(context.Cause(ctx), errSilent):
		err = fmt.Errorf("%s has said nothing for %v", f.Server, silentFor)
	case errors.Is(err, io.EOF):
		err = fmt.Errorf("%s has ended", f.Server)
	}
	return heard, err
}
