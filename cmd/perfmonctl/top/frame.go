package top

import (
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
)

// frame is what is on the screen. A change is drawn at once, unless the last
// one was only just drawn: then it waits, and what comes meanwhile is drawn
// with it. A line that is slow does not fall behind, and keys still answer.
type frame struct {
	text    string
	drawn   time.Time // when it last changed
	waiting bool      // a frameDue is on its way
}

// frameDue says that the next frame may be drawn.
type frameDue struct{}

// draw draws the next frame, or has itself called again when that may be.
func (m *model) draw(urgent bool) tea.Cmd {
	if m.width == 0 {
		return nil // not known yet
	}
	now := m.o.now()
	pause := time.Second / time.Duration(m.o.Frames)
	rest := m.frame.drawn.Add(pause).Sub(now)
	if rest > 0 && rest <= pause && !urgent { // a clock that was set back delays nothing
		if m.frame.waiting {
			return nil
		}
		m.frame.waiting = true
		return tea.Tick(rest, func(time.Time) tea.Msg { return frameDue{} })
	}
	if text := m.render(); text != m.frame.text {
		m.frame.text, m.frame.drawn = text, now
	}
	return nil
}

// View is the frame that was last drawn.
func (m *model) View() tea.View {
	v := tea.NewView(m.frame.text)
	v.AltScreen = true
	return v
}

// render makes all lines of the screen.
func (m *model) render() string {
	var lines []string
	switch {
	case m.width < minWidth || m.height < minHeight:
		lines = m.tooSmall()
	case m.help:
		lines = m.helpView()
	case m.poll == nil:
		lines = m.waitingView()
	case m.detail != nil:
		lines = m.detailView()
	default:
		lines = m.mainView()
	}
	lines = lines[:min(len(lines), m.height)]
	for i, line := range lines {
		if width(line) > m.width {
			lines[i] = fit(line, m.width)
		}
	}
	return strings.Join(lines, "\n")
}
