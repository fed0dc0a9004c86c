package top

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	tea "charm.land/bubbletea/v2"

	"perfmon/cmd/internal/eventstream"
	"perfmon/cmd/internal/tui"
	"perfmon/scaling/rubber/api"
)

// What the follower sends to the model, beside that rubber is lost.
type (
	stated  struct{ status *api.Status }
	planned struct{ plan *api.Plan }
	decided struct{ decision *api.Decision }
)

// newFollower follows the watch stream. It is a good one once a status has come.
func newFollower(o Options) *tui.Follower {
	return &tui.Follower{
		Server: "rubber", Now: o.Now,
		Open: func(ctx context.Context) (io.ReadCloser, error) { return o.Server.Open(ctx, "/v1/watch") },
		Take: func(e eventstream.Event) (tea.Msg, bool, error) {
			msg, err := messageOf(e)
			_, whole := msg.(stated)
			return msg, whole, err
		},
	}
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
