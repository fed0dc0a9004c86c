package top

import (
	"charm.land/lipgloss/v2"

	"perfmon/alarm"
	"perfmon/cmd/internal/tui"
)

// The colours.
var (
	bold, faint, reverse             = tui.Bold, tui.Faint, tui.Reverse
	critical, warning, missing, good = tui.Critical, tui.Warning, tui.Missing, tui.Good
	heading                          = tui.Heading
)

// greyed is a line whose content is old.
func greyed(line string) string { return paint(faint, plain(line)) }

// ofSeverity is the style of what fires.
func ofSeverity(s alarm.Severity) lipgloss.Style {
	if s == alarm.Warning {
		return warning
	}
	return critical
}
