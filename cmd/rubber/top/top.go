// Package top is a live view of rubber, for a terminal: the profiles with what
// waits and what there is, the machines, what is decided, and one profile in
// detail.
//
// It asks rubber's local API. A goroutine follows the watch stream, opens it
// again when it breaks, and hands what comes to the model. Names come from
// others: all of them go through tui.Clean.
package top

import (
	"context"
	"fmt"
	"io"
	"net/url"

	"perfmon/cmd/internal/tui"
	"perfmon/scaling/rubber/api"
)

// Server is the running rubber as top asks it.
type Server interface {
	// Get asks for a path and reads the answer into a value.
	Get(ctx context.Context, path string, query url.Values, into any) error
	// Open asks for a stream, which whoever calls closes. When ctx ends, so
	// does the stream.
	Open(ctx context.Context, path string) (io.ReadCloser, error)
}

// Options of the view. Server is needed.
type Options struct {
	tui.Terminal
	Server Server
	Filter string // of names, as if it had been typed
}

// Run shows the view until the user ends it or ctx ends; both are nil. Signals
// are for who calls it.
func Run(ctx context.Context, o Options) error {
	o.Fill()
	asks := newAsker(o.Server)
	return o.Terminal.Run(ctx, newModel(o, asks), newFollower(o).Run, asks.run)
}

// Once writes one frame, without colours and with all rows, as wide as
// Options.Width.
func Once(ctx context.Context, out io.Writer, o Options) error {
	o.Fill()
	asks := newAsker(o.Server)
	m := newModel(o, asks)
	m.Width = max(tui.MinWidth, o.Width)
	s := &api.Status{}
	if err := o.Server.Get(ctx, "/v1/status", nil, s); err != nil {
		return err
	}
	m.stated(s)
	m.remembered(asks.before(ctx, len(s.Profiles)))
	if _, err := io.WriteString(out, m.page()); err != nil {
		return fmt.Errorf("write output: %w", err)
	}
	return nil
}

// page is everything in full, without colours, and without a cursor.
func (m *model) page() string {
	m.pane = noPane
	lines := m.header()
	lines = append(lines, m.profileLines(2+max(1, len(m.profiles())))...)
	lines = append(lines, m.machineLines(2+max(1, len(m.machines())))...)
	return tui.Page(append(lines, m.decisionLines(1+max(1, len(m.decisions)))...))
}
