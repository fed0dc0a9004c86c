package top

import (
	"strings"

	"charm.land/lipgloss/v2"

	"perfmon/cmd/internal/tui"
)

// render makes all lines of the screen.
func (m *model) render() string {
	return m.Lines(func() []string {
		switch {
		case m.Help:
			return m.helpView()
		case m.poll == nil:
			return m.Waiting("perfmon")
		case m.detail != nil:
			return m.detailView()
		}
		return m.mainView()
	})
}

// mainView is the host, the table and the alarms.
func (m *model) mainView() []string {
	lines := m.header()
	bottom := m.footer()
	room := m.Height - len(lines) - len(bottom)
	alarms := m.alarmLines(max(2, min(len(m.alarms)+1, room/3)))
	table := m.tableLines(room - len(alarms))
	lines = append(lines, m.aged(table)...)
	lines = append(lines, m.aged(alarms)...)
	return append(lines, bottom...)
}

// aged greys lines if what they say is old. Their titles stay.
func (m *model) aged(lines []string) []string {
	if m.old() {
		for i := range lines {
			lines[i] = greyed(lines[i])
		}
	}
	return lines
}

// footer says which keys there are.
func (m *model) footer() []string {
	switch {
	case m.Filter.Typing:
		return []string{m.Filter.Line()}
	case m.detail != nil:
		return []string{m.keyLine("esc", "back", "← →", "plot", "t", "10 min/2 h", "↑ ↓", "variables", "?", "help", "q", "quit")}
	}
	return []string{m.keyLine("q", "quit", "?", "help", "/", "filter", "v", "kind", "tab", "alarms", "enter", "detail", "c w m n d a N r", "sort")}
}

// keyLine is pairs of keys and what they do, as many as there is room for.
func (m *model) keyLine(pairs ...string) string { return tui.KeyLine(m.Width, pairs...) }

// bar is a share as a bar of so many cells.
func bar(share float64, cells int) string {
	const parts = 8
	eighths := []rune(" ▏▎▍▌▋▊▉█")
	style := good
	switch {
	case share != share: // NaN
		return paint(faint, strings.Repeat("░", cells))
	case share >= 0.9:
		style = critical
	case share >= 0.75:
		style = warning
	}
	full := int(max(0, min(1, share)) * float64(cells*parts))
	text := strings.Repeat("█", full/parts)
	if full%parts > 0 {
		text += string(eighths[full%parts])
	}
	return paint(style, text) + paint(faint, strings.Repeat("░", cells-width(text)))
}

// label is a word before a value.
func label(word string) string { return paint(heading, word) }

// inStyle paints if there is something to paint.
func inStyle(s *lipgloss.Style, text string) string {
	if s == nil {
		return text
	}
	return paint(*s, text)
}
