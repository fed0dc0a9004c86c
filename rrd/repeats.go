package rrd

import (
	"cmp"
	"slices"
)

// Repeats are the columns whose heading another column has before them, by
// index; nil for none. A column with a heading that is none is not among them.
func (l *Legend) Repeats() map[int]bool {
	// A map of 30,000 headings would take ten times as much for a moment.
	order := make([]int32, 0, len(l.Entries))
	for i := range l.Entries {
		if _, bad := l.Bad[i]; !bad {
			order = append(order, int32(i))
		}
	}
	slices.SortFunc(order, func(a, b int32) int {
		return cmp.Or(l.Entries[a].compare(&l.Entries[b]), cmp.Compare(a, b))
	})
	var repeats map[int]bool
	for n := 1; n < len(order); n++ {
		if l.Entries[order[n]] == l.Entries[order[n-1]] {
			if repeats == nil {
				repeats = map[int]bool{}
			}
			repeats[int(order[n])] = true
		}
	}
	return repeats
}

// compare orders entries by owner.
func (e *Entry) compare(other *Entry) int {
	return cmp.Or(
		cmp.Compare(e.UUID, other.UUID), cmp.Compare(e.Name, other.Name),
		cmp.Compare(e.Class, other.Class), cmp.Compare(e.CF, other.CF),
	)
}
