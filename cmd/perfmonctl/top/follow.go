package top

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"time"

	tea "charm.land/bubbletea/v2"

	"perfmon/cmd/internal/eventstream"
	"perfmon/monitor/api"
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
	// polled is a poll of the agent.
	polled struct{ poll *api.WatchPoll }
	// alarmed says that alarms or silences have changed.
	alarmed struct{}
	// lost says that the agent cannot be reached, and why.
	lost struct {
		err  error
		when time.Time
	}
)

// follower follows the watch stream.
type follower struct {
	agent Agent
	send  func(tea.Msg)
	now   func() time.Time
	retry time.Duration // the first pause before it tries again
}

// run follows the stream, and opens it again whenever it breaks, until ctx
// ends.
func (f *follower) run(ctx context.Context) {
	wait := f.retry
	for {
		heard, err := f.follow(ctx)
		if ctx.Err() != nil {
			return
		}
		f.send(lost{err, f.now()})
		if heard {
			wait = f.retry
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		wait = min(2*wait, lastRetry)
	}
}

var errSilent = fmt.Errorf("perfmon has said nothing for %v", silentFor)

// follow reads one stream to its end, and says whether a poll came.
func (f *follower) follow(ctx context.Context) (heard bool, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	silent := time.AfterFunc(silentFor, func() { cancel(errSilent) })
	defer silent.Stop()
	stream, err := f.agent.Open(ctx, "/v1/watch", url.Values{})
	if err == nil {
		defer stream.Close()
		err = eventstream.Read(stream, func(e eventstream.Event) error {
			silent.Reset(silentFor)
			was, err := f.event(e)
			heard = heard || was
			return err
		})
	}
	switch {
	case errors.Is(context.Cause(ctx), errSilent):
		err = errSilent
	case errors.Is(err, io.EOF):
		err = errors.New("perfmon has ended")
	}
	return heard, err
}

// event passes one event on, and says whether it was a poll.
func (f *follower) event(e eventstream.Event) (bool, error) {
	switch e.Name {
	case api.EventPoll:
		poll := &api.WatchPoll{}
		if err := readPoll(e, poll); err != nil {
			return false, err
		}
		f.send(polled{poll})
		return true, nil
	case api.EventAlarm, api.EventSilence:
		f.send(alarmed{})
	}
	return false, nil
}
