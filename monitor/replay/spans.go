package replay

import (
	"cmp"
	"slices"
)

// span is the time after from, up to and with to, in Unix seconds.
type span struct{ from, to int64 }

// spans is a set of moments: disjoint, in order, none touching the next.
type spans []span

// without is what is left of s outside the set.
func (set spans) without(s span) spans {
	i, _ := slices.BinarySearchFunc(set, s.from, func(x span, t int64) int { return cmp.Compare(x.to, t) })
	var rest spans
	for ; i < len(set) && set[i].from < s.to; i++ {
		if set[i].from > s.from {
			rest = append(rest, span{s.from, set[i].from})
		}
		s.from = max(s.from, set[i].to)
	}
	if s.from < s.to {
		rest = append(rest, s)
	}
	return rest
}

// with is the set with more moments.
func (set spans) with(more spans) spans {
	all := slices.Concat(set, more)
	slices.SortFunc(all, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	var joined spans
	for _, s := range all {
		if n := len(joined); n > 0 && s.from <= joined[n-1].to {
			joined[n-1].to = max(joined[n-1].to, s.to)
			continue
		}
		joined = append(joined, s)
	}
	return joined
}
