package top

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	tea "charm.land/bubbletea/v2"

	"perfmon/cmd/internal/eventstream"
	"perfmon/scaling/rubber/api"
)

const (
	// silentFor is how long the stream may say nothing; a comment comes
	// every 15 s.
	silentFor = 45 * time.Second
	// The time between tries grows from the one to the other.
	firstRetry = time.Second
	lastRetry  = 10 * time.Second
)

// What the follower sends to the model.
type (
	stated  struct{ status *api.Status }
	planned struct{ plan *api.Plan }
	decided struct{ decision *api.Decision }
	// lost says that rubber cannot be reached, and why.
	lost struct {
		err  error
		when time.Time
	}
)

// follower follows the watch stream.
type follower struct {
	server Server
	send   func(tea.Msg)
	now    func() time.Time
}

// run follows the stream, and opens it again whenever it breaks, until ctx
// ends.
func (f *follower) run(ctx context.Context) {
	wait := firstRetry
	for {
		heard, err := f.follow(ctx)
		if ctx.Err() != nil {
			return
		}
		f.send(lost{err, f.now()})
		if heard {
			wait = firstRetry
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		wait = min(2*wait, lastRetry)
	}
}

var errSilent = fmt.Errorf("rubber has said nothing for %v", silentFor)

// follow reads one stream to its end, and says whether a status came.
func (f *follower) follow(ctx context.Context) (heard bool, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	silent := time.AfterFunc(silentFor, func() { cancel(errSilent) })
	defer silent.Stop()
	stream, err := f.server.Open(ctx, "/v1/watch")
	if err == nil {
		defer stream.Close()
		err = eventstream.Read(stream, func(e eventstream.Event) error {
			silent.Reset(silentFor)
			msg, err := messageOf(e)
			if err != nil || msg == nil {
				return err
			}
			if _, is := msg.(stated); is {
				heard = true
			}
			f.send(msg)
			return nil
		})
	}
	switch {
	case errors.Is(context.Cause(ctx), errSilent):
		err = errSilent
	case errors.Is(err, io.EOF):
		err = errors.New("rubber has ended")
	}
	return heard, err
}

// messageOf is an event as the model takes it; nil for one that it does not.
func messageOf(e eventstream.Event) (tea.Msg, error) {
	var into any
	var msg tea.Msg
	switch e.Name {
	case "status":
		s := &api.Status{}
		into, msg = s, stated{s}
	case "plan":
		p := &api.Plan{}
		into, msg = p, planned{p}
	case "decision":
		d := &api.Decision{}
		into, msg = d, decided{d}
	default:
		return nil, nil
	}
	if err := json.Unmarshal([]byte(e.Data), into); err != nil {
		return nil, fmt.Errorf("rubber serve is of another version: its answer is not understood: %w", err)
	}
	return msg, nil
}
