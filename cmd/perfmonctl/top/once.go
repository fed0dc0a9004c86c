package top

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"

	"perfmon/cmd/internal/eventstream"
	"perfmon/cmd/internal/tui"
	"perfmon/monitor/api"
)

// Once writes one frame, without colours and with all rows and alarms, as
// wide as Options.Width.
func Once(ctx context.Context, out io.Writer, o Options) error {
	o.Fill()
	asks := newAsker(o.Agent)
	m, err := newModel(o, asks)
	if err != nil {
		return err
	}
	m.Width = max(tui.MinWidth, o.Width)
	poll, err := firstPoll(ctx, o.Agent)
	if err != nil {
		return err
	}
	m.polled(poll)
	m.remembered(asks.askRecent(ctx))
	m.listed(asks.askList(ctx))
	if m.alarmsErr != nil {
		return m.alarmsErr
	}
	if _, err := io.WriteString(out, m.page()); err != nil {
		return fmt.Errorf("write output: %w", err)
	}
	return nil
}

var errEnough = errors.New("enough")

// firstPoll is the poll with which the watch stream begins.
func firstPoll(ctx context.Context, agent Agent) (*api.WatchPoll, error) {
	stream, err := agent.Open(ctx, "/v1/watch", url.Values{})
	if err != nil {
		return nil, err
	}
	defer stream.Close()
	poll := &api.WatchPoll{}
	err = eventstream.Read(stream, func(e eventstream.Event) error {
		if e.Name != api.EventPoll {
			return nil
		}
		if err := readPoll(e, poll); err != nil {
			return err
		}
		return errEnough
	})
	if !errors.Is(err, errEnough) {
		return nil, fmt.Errorf("ask perfmon: %w", err)
	}
	return poll, nil
}

// readPoll reads a poll of the stream.
func readPoll(e eventstream.Event, into *api.WatchPoll) error {
	if err := json.Unmarshal([]byte(e.Data), into); err != nil {
		return fmt.Errorf("perfmon is of another version: its answer is not understood: %w", err)
	}
	if into.Overview == nil {
		return errors.New("perfmon is of another version: its polls have no overview")
	}
	return nil
}

// page is the tables in full, without colours, and without a cursor.
func (m *model) page() string {
	m.pane = noPane
	lines := m.header()
	lines = append(lines, m.tableLines(2+max(1, len(m.visible())))...)
	return tui.Page(append(lines, m.alarmLines(1+max(1, len(m.alarms)))...))
}
