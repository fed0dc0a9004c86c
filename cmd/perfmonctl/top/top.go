// Package top is a live view of what the agent watches, for a terminal: the
// host, its VMs and SRs, the alarms, and one object in detail.
//
// It asks the agent's local API (docs/api.md). A goroutine follows the watch
// stream, opens it again when it breaks, and hands what comes to the model;
// the model asks for the rest (alarms, details) when something has changed.
// Names come from others: all of them go through clean.
package top

import (
	"context"
	"io"
	"net/url"

	"perfmon/cmd/internal/tui"
)

// Agent is the agent as top asks it.
type Agent interface {
	// Get asks for a path and reads the answer into a value.
	Get(ctx context.Context, path string, query url.Values, into any) error
	// Open asks for a stream, which whoever calls closes. When ctx ends, so
	// does the stream.
	Open(ctx context.Context, path string, query url.Values) (io.ReadCloser, error)
}

// Options of the view. Agent is needed.
type Options struct {
	tui.Terminal
	Agent  Agent
	Sort   string // one of SortKeys; "" for cpu
	Filter string // of names, as if it had been typed
}

// Run shows the view until the user ends it or ctx ends; both are nil. Signals
// are for who calls it.
func Run(ctx context.Context, o Options) error {
	o.Fill()
	asks := newAsker(o.Agent)
	m, err := newModel(o, asks)
	if err != nil {
		return err
	}
	return o.Terminal.Run(ctx, m, newFollower(o).Run, asks.run)
}
