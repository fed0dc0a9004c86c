package replay

import (
	"testing"

	"pgregory.net/rapid"
)

// TestSpans compares sets of moments with the plainest model of one.
func TestSpans(t *testing.T) {
	const size = 40
	draw := func(t *rapid.T, label string) span {
		from := rapid.Int64Range(0, size-1).Draw(t, label)
		return span{from, rapid.Int64Range(from+1, size).Draw(t, label+" to")}
	}
	rapid.Check(t, func(t *rapid.T) {
		var model [size + 1]bool
		var set spans
		for range rapid.IntRange(0, 8).Draw(t, "spans") {
			s := draw(t, "span")
			var free spans
			for _, rest := range set.without(s) {
				for m := rest.from + 1; m <= rest.to; m++ {
					if model[m] || m <= s.from || m > s.to {
						t.Fatalf("%v without %v has %d: %v", s, set, m, set.without(s))
					}
				}
				free = append(free, rest)
			}
			n := int64(0)
			for _, rest := range free {
				n += rest.to - rest.from
			}
			for m := s.from + 1; m <= s.to; m++ {
				if !model[m] {
					n--
				}
				model[m] = true
			}
			if n != 0 {
				t.Fatalf("%v without %v: %v is %d too long", s, set, free, n)
			}
			set = set.with(spans{s})
		}
		for i, s := range set {
			if s.from >= s.to || i > 0 && s.from <= set[i-1].to {
				t.Fatalf("%v is not in order", set)
			}
			for m := s.from + 1; m <= s.to; m++ {
				if !model[m] {
					t.Fatalf("%v has %d", set, m)
				}
				model[m] = false
			}
		}
		for m, left := range model {
			if left {
				t.Fatalf("%v has no %d", set, m)
			}
		}
	})
}
