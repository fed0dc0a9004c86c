package main

import (
	"perfmon/alarm"
)

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
