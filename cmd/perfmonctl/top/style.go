package top

import (
	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"

	"perfmon/alarm"
)

// The colours are the terminal's own sixteen, so that they fit its theme.
var (
	bold     = lipgloss.NewStyle().Bold(true)
	faint    = lipgloss.NewStyle().Faint(true)
	reverse  = lipgloss.NewStyle().Reverse(true)
	critical = lipgloss.NewStyle().Foreground(lipgloss.Red).Bold(true)
	warning  = lipgloss.NewStyle().Foreground(lipgloss.Yellow)
	missing  = lipgloss.NewStyle().Foreground(lipgloss.Magenta)
	good     = lipgloss.NewStyle().Foreground(lipgloss.Green)
	heading  = lipgloss.NewStyle().Foreground(lipgloss.Cyan)
)

// paint shows a text in a style. It has to be one line.
func paint(s lipgloss.Style, text string) string {
	if text == "" {
		return ""
	}
	return s.Inline(true).Render(text)
}

// plain is a line without styles.
func plain(line string) string { return ansi.Strip(line) }

// greyed is a line whose content is old.
func greyed(line string) string { return paint(faint, plain(line)) }

// ofSeverity is the style of what fires.
func ofSeverity(s alarm.Severity) lipgloss.Style {
	if s == alarm.Warning {
		return warning
	}
	return critical
}
