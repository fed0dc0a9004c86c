package api

import (
	"perfmon/monitor"
	"perfmon/monitor/metrics"
)

// unitOf is the unit of a variable's value and levels, as the toolstack spells
// it: that of the data sources that it reads, if all have the same; a reading
// is a fraction. It is "" where nobody knows.
func unitOf(table *metrics.Table, s *monitor.Snapshot, v *monitor.VariableStatus) string {
	if v.Reading {
		return "fraction"
	}
	if s.Plan == nil {
		return ""
	}
	unit := ""
	for i, c := range v.Columns {
		source, known := table.Find(s.Plan.Entries[c])
		if !known || i > 0 && source.Unit != unit {
			return ""
		}
		unit = source.Unit
	}
	return unit
}
