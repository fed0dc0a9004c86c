package tui

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
	"github.com/spf13/pflag"

	"perfmon/cmd/internal/console"
)

// Frames a second.
const (
	DefaultFrames = 2 // are drawn at most
	maxFrames     = 30
)

// The smallest terminal in which there is room for all parts of a view.
const (
	MinWidth  = 60
	MinHeight = 16
)

// Terminal is where a view is shown, and how. The zero one is that of the
// process, without colours.
type Terminal struct {
	Frames int // a second, at most; 0 for DefaultFrames
	Color  bool

	Input       io.Reader // nil for standard input
	Output      io.Writer // nil for standard output
	Environment []string  // nil for that of the process
	Location    *time.Location

	// Width and Height are for an output that does not know them.
	Width, Height int

	Now func() time.Time // nil for time.Now
}

// Fill puts in what is meant by what is left out.
func (t *Terminal) Fill() {
	if t.Frames <= 0 {
		t.Frames = DefaultFrames
	}
	if t.Location == nil {
		t.Location = time.Local
	}
	if t.Now == nil {
		t.Now = time.Now
	}
}

// AddFlags adds the flags of a verb that shows a view, or one frame of it.
func (t *Terminal) AddFlags(f *pflag.FlagSet, once *bool) {
	f.IntVar(&t.Frames, "frames", DefaultFrames, "draw at most `N` frames a second")
	f.BoolVar(once, "once", false, "print one plain frame, and end")
}

// CheckFlags refuses what those flags cannot be, beside the format of the
// output.
func (t *Terminal) CheckFlags(format string, once bool) error {
	switch {
	case t.Frames < 1 || t.Frames > maxFrames:
		return fmt.Errorf("--frames %d: want 1 to %d", t.Frames, maxFrames)
	case format == "json" && !once:
		return errors.New("--output json is for one frame: want --once")
	}
	return nil
}

// TooSmall says that a terminal is too small for a view, "" if it is not, or
// does not know its size.
func TooSmall(width, height int) string {
	if width == 0 || height == 0 || width >= MinWidth && height >= MinHeight {
		return ""
	}
	return fmt.Sprintf("too small: %d×%d, top needs %d×%d", width, height, MinWidth, MinHeight)
}

// CanShow refuses what is no terminal, or not enough of one, for the view of a
// program.
func CanShow(program string, out io.Writer) error {
	size := console.SizeOf(out)
	if size == nil {
		return fmt.Errorf("top needs a terminal: print one frame with --once, or ask %s status", program)
	}
	if why := TooSmall(int(size.Col), int(size.Row)); why != "" {
		return fmt.Errorf("the terminal is %s: make it larger, or print one frame with --once", why)
	}
	if name := os.Getenv("TERM"); name == "" || name == "dumb" {
		return fmt.Errorf("top needs a terminal that can move its cursor, and TERM is %q: print one frame with --once", name)
	}
	return nil
}

// Work is what is done beside a view: it sends messages to it, and ends with
// ctx.
type Work func(ctx context.Context, send func(tea.Msg))

// Run shows a view until its user ends it or ctx ends; both are nil. It waits
// for all work. Signals are for who calls it.
func (t *Terminal) Run(ctx context.Context, view tea.Model, work ...Work) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	// The program looks for a change to draw this often; the view decides
	// whether there is one.
	options := []tea.ProgramOption{tea.WithoutSignalHandler(), tea.WithFPS(max(10, t.Frames)), tea.WithFilter(sized)}
	if t.Input != nil {
		options = append(options, tea.WithInput(t.Input))
	}
	if t.Output != nil {
		options = append(options, tea.WithOutput(t.Output))
	}
	if t.Environment != nil {
		options = append(options, tea.WithEnvironment(t.Environment))
	}
	if t.Width > 0 && t.Height > 0 {
		options = append(options, tea.WithWindowSize(t.Width, t.Height))
	}
	if !t.Color {
		options = append(options, tea.WithColorProfile(colorprofile.ASCII))
	}
	p := tea.NewProgram(view, options...)
	var wait sync.WaitGroup
	for _, do := range append([]Work{tick}, work...) {
		wait.Go(func() { do(ctx, p.Send) })
	}
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

// Ticked comes every now and then, so that ages are shown anew.
type Ticked struct{}

// tick sends Ticked until ctx ends.
func tick(ctx context.Context, send func(tea.Msg)) {
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			send(Ticked{})
		}
	}
}
