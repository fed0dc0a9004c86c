package sim

import (
	"context"
	"fmt"
	"testing"
)

// TestBatches: a batch that comes at once, or within a few seconds, is no rise that
// goes on. It takes no more starts than the ancestor at ratio 1, which asks for a
// machine for each task, and costs no more than KEDA + HPA. One that comes for longer
// than between two plans may look like a rise for a moment.
func TestBatches(t *testing.T) {
	if race {
		t.Skip("one goroutine, and ten times as slow: the race detector has nothing to see")
	}
	f := func(spread, most float64) {
		t.Helper()
		o := Options{Names: []string{AncestorOne, KEDA, Rubber}}
		for seed := range uint64(5) {
			s := shapes[Batches]
			s.spread = spread
			trace := s.generate(Batches, seed+1)
			trace.Name = fmt.Sprintf("batches within %v s, seed %d", spread, seed+1)
			o.Traces = append(o.Traces, trace)
		}
		r, err := Run(context.Background(), o, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, trace := range r.Traces() {
			old, _ := r.Mean(trace, AncestorOne)
			keda, _ := r.Mean(trace, KEDA)
			ours, _ := r.Mean(trace, Rubber)
			t.Logf("%s: starts %d of %d, cost %.1f of %.1f", trace, ours.Starts, old.Starts, ours.Cost, keda.Cost)
			if ours.Tasks != 240 || float64(ours.Starts) > most*float64(old.Starts) || ours.Cost > keda.Cost || ours.Killed > 0 {
				t.Errorf("%s: %+v; the ancestor %+v, KEDA + HPA %+v", trace, ours, old, keda)
			}
		}
	}
	f(shapes[Batches].spread, 1)
	f(3, 1)
	f(8, 1.05)
}
