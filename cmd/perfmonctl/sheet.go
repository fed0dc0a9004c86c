package main

import (
	"fmt"
	"strings"

	"perfmon/alarm"
)

// sheet is text in sections with their titles to the left.
type sheet struct{ strings.Builder }

// section writes lines with a title before the first.
func (s *sheet) section(title string, lines ...string) {
	for _, line := range lines {
		s.WriteString(strings.TrimRight(fmt.Sprintf("%-10s %s", title, line), " ") + "\n")
		title = ""
	}
}

// styleOf is the colour of a variable's state.
func styleOf(state string, severity alarm.Severity) style {
	switch state {
	case alarm.Firing.String(), alarm.Clearing.String():
		if severity == alarm.Warning {
			return warned
		}
		return bad
	case alarm.NoData.String(), alarm.Pending.String():
		return warned
	}
	return plain
}
