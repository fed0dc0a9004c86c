package monitor

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// listener is a crowd that remembers what was said.
type listener struct {
	*crowd
	said []string
}

func (l *listener) Keep(c *Changes) {
	for _, e := range c.Events {
		l.said = append(l.said, fmt.Sprint(e.ID, e.Kind, e.Time, e.Severity))
	}
}

// TestManyRowsAtOnce: rows that come in one answer say what they say when each
// comes by itself, of variables that are never bad, of some that are at times,
// and of some that nobody knows at times.
func TestManyRowsAtOnce(t *testing.T) {
	const vms, rows = 15, 70
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 0))
		all := make([][]float64, rows) // oldest first
		for i := range all {
			all[i] = make([]float64, vms*crowdColumns)
			for c := range all[i] {
				if all[i][c] = r.Float64(); r.IntN(60) == 0 {
					all[i][c] = math.NaN()
				}
			}
		}
		run := func(sizes []int) (*Monitor, []string) {
			l := &listener{crowd: newCrowd(vms, 0)}
			m := New(Options{Source: l, Clock: l, Store: l, Readings: l, Step: l.step, Logger: slog.New(slog.DiscardHandler)})
			inv := l.inventory()
			for o, facts := range inv.Objects {
				if o.Class == "vm" {
					facts.Config = shortXML("a level=2 regex=source_03; b level=0.97 period=5 regex=source_0[78]; c level=0.1 sense=low period=10 inhibit=100 regex=source_11")
				}
			}
			m.setInventory(inv)
			done := 0
			for _, n := range sizes {
				l.rows = slices.Clone(all[done : done+n])
				slices.Reverse(l.rows)
				if err := m.Poll(context.Background()); err != nil {
					t.Fatal(err)
				}
				done += n
			}
			slices.Sort(l.said)
			return m, l.said
		}
		single := slices.Repeat([]int{1}, rows)
		want, wantSaid := run(single)
		first := 1 + r.IntN(5)
		got, said := run([]int{first, rows - first})
		if d := cmp.Diff(wantSaid, said); d != "" {
			t.Fatalf("seed %d: said (-one by one +at once):\n%s", seed, d)
		}
		if len(said) == 0 {
			t.Fatalf("seed %d: nothing is said", seed)
		}
		for name, o := range want.objects {
			for i, v := range o.vars {
				w := got.objects[name].vars[i]
				if d := cmp.Diff(stateOf(v), stateOf(w)); d != "" {
					t.Fatalf("seed %d: %v (-one by one +at once):\n%s", seed, v.id, d)
				}
			}
		}
	}
}

// stateOf is what a variable has become.
func stateOf(v *variable) string {
	s := fmt.Sprintf("%+v known %v value %v\n", v.trig, v.known, v.value)
	v.recent.each(func(p point) { s += fmt.Sprintf("%d %v\n", p.t, p.value) })
	return s
}
