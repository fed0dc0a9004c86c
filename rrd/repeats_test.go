package rrd

import (
	"maps"
	"testing"

	"pgregory.net/rapid"
)

func TestRepeats(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		l := &Legend{}
		want := map[int]bool{}
		seen := map[Entry]bool{}
		for i := range rapid.IntRange(0, 30).Draw(rt, "columns") {
			if rapid.IntRange(0, 9).Draw(rt, "bad") == 0 {
				if l.Bad == nil {
					l.Bad = map[int]string{}
				}
				l.Entries, l.Bad[i] = append(l.Entries, Entry{}), "x"
				continue
			}
			e := Entry{
				CF: rapid.SampledFrom([]CF{Average, Max}).Draw(rt, "function"), Class: rapid.SampledFrom([]string{ClassVM, ClassHost}).Draw(rt, "class"),
				UUID: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(rt, "uuid"), Name: rapid.SampledFrom([]string{"cpu0", "cpu1"}).Draw(rt, "name"),
			}
			if seen[e] {
				want[i] = true
			}
			seen[e] = true
			l.Entries = append(l.Entries, e)
		}
		if got := l.Repeats(); !maps.Equal(got, want) || (got == nil) != (len(want) == 0) {
			rt.Fatalf("%v: got %v, want %v", l.Entries, got, want)
		}
	})
}
