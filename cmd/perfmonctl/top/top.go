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
	"fmt"
	"io"
	"net/url"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

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

// DefaultFrames is how many frames a second are drawn at most.
const DefaultFrames = 2

// Options of the view. Agent is needed.
type Options struct {
	Agent  Agent
	Sort   string // one of SortKeys; "" for cpu
	Filter string // of names, as if it had been typed
	Frames int    // a second, at most; 0 for DefaultFrames
	Color  bool

	Input       io.Reader // nil for standard input
	Output      io.Writer // nil for standard output
	Environment []string  // nil for that of the process
	Location    *time.Location

	// Width and Height are for an output that does not know them.
	Width, Height int

	now func() time.Time // nil for time.Now
}

func (o *Options) fill() {
	if o.Frames <= 0 {
		o.Frames = DefaultFrames
	}
	if o.Location == nil {
		o.Location = time.Local
	}
	if o.now == nil {
		o.now = time.Now
	}
}

// TooSmall says that a terminal is too small for the view, "" if it is not, or
// does not know its size.
func TooSmall(width, height int) string {
	if width == 0 || height == 0 || width >= minWidth && height >= minHeight {
		return ""
	}
	return fmt.Sprintf("too small: %d×%d, top needs %d×%d", width, height, minWidth, minHeight)
}

// Run shows the view until the user ends it or ctx ends; both are nil. Signals
// are for who calls it.
func Run(ctx context.Context, o Options) error {
	o.fill()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	// The program looks for a change to draw this often; the model decides
	// whether there is one.
	options := []tea.ProgramOption{tea.WithoutSignalHandler(), tea.WithFPS(max(10, o.Frames)), tea.WithFilter(tui.Sized)}
	if o.Input != nil {
		options = append(options, tea.WithInput(o.Input))
	}
	if o.Output != nil {
		options = append(options, tea.WithOutput(o.Output))
	}
	if o.Environment != nil {
		options = append(options, tea.WithEnvironment(o.Environment))
	}
	if o.Width > 0 && o.Height > 0 {
		options = append(options, tea.WithWindowSize(o.Width, o.Height))
	}
	if !o.Color {
		options = append(options, tea.WithColorProfile(colorprofile.ASCII))
	}
	asks := newAsker(o.Agent)
	m, err := newModel(o, asks)
	if err != nil {
		return err
	}
	p := tea.NewProgram(m, options...)
	asks.send = p.Send
	var wait sync.WaitGroup
	wait.Go(func() { (&follower{agent: o.Agent, send: p.Send, now: o.now, retry: firstRetry}).run(ctx) })
	wait.Go(func() { asks.run(ctx) })
	wait.Go(func() { tick(ctx, p.Send) })
	wait.Go(func() {
		<-ctx.Done()
		p.Quit() // which leaves the terminal as it was; a killed program does not always
	})
	_, err = p.Run()
	cancel()
	wait.Wait()
	if err != nil {
		return fmt.Errorf("show the view: %w", err)
	}
	return nil
}
