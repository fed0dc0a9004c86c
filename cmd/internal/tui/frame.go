// Package tui is what the live views of our programs have in common: text that
// fits its cells, whoever wrote it; colours, keys, a place in a list that
// changes, and frames that a slow line can take.
package tui

import (
	"time"

	tea "charm.land/bubbletea/v2"
)

// A terminal that does not know its size, as on a serial line, is taken for one
// of these cells.
const (
	defaultWidth  = 80
	defaultHeight = 24
)

// sized gives a size to a terminal that has none. It is a filter of tea.
func sized(_ tea.Model, msg tea.Msg) tea.Msg {
	if size, ok := msg.(tea.WindowSizeMsg); ok && (size.Width == 0 || size.Height == 0) {
		return tea.WindowSizeMsg{Width: defaultWidth, Height: defaultHeight}
	}
	return msg
}

// Frame is what is on the screen. A change is drawn at once, unless the last
// one was only just drawn: then it waits, and what comes meanwhile is drawn
// with it. A line that is slow does not fall behind, and keys still answer.
type Frame struct {
	Text    string
	Drawn   time.Time // when it last changed
	waiting bool      // a FrameDue is on its way
}

// FrameDue says that the next frame may be drawn.
type FrameDue struct{}

// Due takes a FrameDue.
func (f *Frame) Due() { f.waiting = false }

// Draw draws the next frame, or has a FrameDue sent when that may be.
func (f *Frame) Draw(now time.Time, pause time.Duration, urgent bool, render func() string) tea.Cmd {
	rest := f.Drawn.Add(pause).Sub(now)
	if rest > 0 && rest <= pause && !urgent { // a clock that was set back delays nothing
		if f.waiting {
			return nil
		}
		f.waiting = true
		return tea.Tick(rest, func(time.Time) tea.Msg { return FrameDue{} })
	}
	if text := render(); text != f.Text {
		f.Text, f.Drawn = text, now
	}
	return nil
}

// View is the frame that was last drawn.
func (f *Frame) View() tea.View {
	v := tea.NewView(f.Text)
	v.AltScreen = true
	return v
}
