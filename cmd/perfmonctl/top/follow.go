package top

import (
	"context"
	"io"
	"net/url"

	tea "charm.land/bubbletea/v2"

	"perfmon/cmd/internal/eventstream"
	"perfmon/cmd/internal/tui"
	"perfmon/monitor/api"
)

// What the follower sends to the model, beside that the agent is lost.
type (
	// polled is a poll of the agent.
	polled struct{ poll *api.WatchPoll }
	// alarmed says that alarms or silences have changed.
	alarmed struct{}
)

// newFollower follows the watch stream. It is a good one once a poll has come.
func newFollower(o Options) *tui.Follower {
	return &tui.Follower{
		Server: "perfmon", Now: o.Now, Take: take,
		Open: func(ctx context.Context) (io.ReadCloser, error) { return o.Agent.Open(ctx, "/v1/watch", url.Values{}) },
	}
}

// take is an event as the model takes it.
func take(e eventstream.Event) (msg tea.Msg, whole bool, err error) {
	switch e.Name {
	case api.EventPoll:
		poll := &api.WatchPoll{}
		if err := readPoll(e, poll); err != nil {
			return nil, false, err
		}
		return polled{poll}, true, nil
	case api.EventAlarm, api.EventSilence:
		return alarmed{}, false, nil
	}
	return nil, false, nil
}
