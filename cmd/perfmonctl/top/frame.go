package top

import (
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
)

// draw draws the next frame, or has itself called again when that may be.
func (m *model) draw(urgent bool) tea.Cmd {
	if m.width == 0 {
		return nil // not known yet
	}
	return m.frame.Draw(m.o.now(), time.Second/time.Duration(m.o.Frames), urgent, m.render)
}

// View is the frame that was last drawn.
func (m *model) View() tea.View { return m.frame.View() }

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
