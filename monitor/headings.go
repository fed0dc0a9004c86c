package monitor

import (
	"slices"

	"perfmon/rrd"
)

// headings are the columns of a legend by object. Only averages count; a
// heading that stands twice counts once.
type headings struct {
	legend  *rrd.Legend
	columns map[Object][]int // in legend order
	order   []Object         // by the first column of each
}

// headingsOf groups the columns of a legend, nil for none.
func headingsOf(l *rrd.Legend) *headings {
	h := &headings{legend: l, columns: map[Object][]int{}}
	if l == nil {
		return h
	}
	// The columns of an object stand together as a rule, so most of them need
	// no look-up.
	var o Object
	var columns []int
	repeats := l.Repeats()
	for i, e := range l.Entries {
		if e.CF != rrd.Average || repeats[i] {
			continue
		}
		if e.Class != o.Class || e.UUID != o.UUID {
			if columns != nil {
				h.columns[o] = slices.Clip(columns)
			}
			o = Object{e.Class, e.UUID}
			if columns = h.columns[o]; columns == nil {
				h.order = append(h.order, o)
			}
		}
		columns = append(columns, i)
	}
	if columns != nil {
		h.columns[o] = slices.Clip(columns)
	}
	return h
}

// sources are the names of the data sources of some columns.
func (h *headings) sources(columns []int) []string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = h.legend.Entries[c].Name
	}
	return names
}

// alike says whether an object has the same data sources in both, in the same
// order.
func (h *headings) alike(other *headings, o Object) bool {
	if h == other {
		return true
	}
	return slices.EqualFunc(h.columns[o], other.columns[o], func(a, b int) bool {
		return h.legend.Entries[a].Name == other.legend.Entries[b].Name
	})
}
