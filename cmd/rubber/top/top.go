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
	"strings"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

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

// DefaultFrames is how many frames a second are drawn at most.
const DefaultFrames = 2

// Options of the view. Server is needed.
type Options struct {
	Server Server
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

// The smallest terminal in which there is room for all parts.
const (
	minWidth  = 60
	minHeight = 16
)

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
	asks := newAsker(o.Server)
	p := tea.NewProgram(newModel(o, asks), options...)
	asks.send = p.Send
	var wait sync.WaitGroup
	wait.Go(func() { (&follower{server: o.Server, send: p.Send, now: o.now}).run(ctx) })
	wait.Go(func() { asks.run(ctx) })
	wait.Go(func() { tick(ctx, p.Send) })
	wait.Go(func() {
		<-ctx.Done()
		p.Quit() // which leaves the terminal as it was; a killed program does not always
	})
	_, err := p.Run()
	cancel()
	wait.Wait()
	if err != nil {
		return fmt.Errorf("show the view: %w", err)
	}
	return nil
}

// Once writes one frame, without colours and with all rows, as wide as
// Options.Width.
func Once(ctx context.Context, out io.Writer, o Options) error {
	o.fill()
	asks := newAsker(o.Server)
	m := newModel(o, asks)
	m.width = max(minWidth, o.Width)
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
	lines = append(lines, m.decisionLines(1+max(1, len(m.decisions)))...)
	var b strings.Builder
	for _, line := range lines {
		b.WriteString(strings.TrimRight(tui.Plain(line), " ") + "\n")
	}
	return b.String()
}

// tick sends what lets ages be shown anew, until ctx ends.
func tick(ctx context.Context, send func(tea.Msg)) {
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			send(ticked{})
		}
	}
}
