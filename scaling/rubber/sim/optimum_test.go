package sim

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// cheapest is the optimum by trying: at each instant at which something begins
// or ends, any number of machines from what is needed up to as many as tasks exist.
func cheapest(tasks []Task, slots int, c time.Duration) time.Duration {
	last := time.Duration(0)
	for _, t := range tasks {
		last = max(last, t.At+t.Run)
	}
	const never = time.Duration(math.MaxInt64 / 4)
	cost := make([]time.Duration, len(tasks)+1) // of having n machines in this second
	for n := range cost {
		cost[n] = never
	}
	cost[0] = 0
	for at := time.Duration(0); at < last; at += time.Second {
		need := 0
		for _, t := range tasks {
			if t.At <= at && at < t.At+t.Run {
				need++
			}
		}
		need = (need + slots - 1) / slots
		next := make([]time.Duration, len(cost))
		for n := range next {
			next[n] = never
			if n < need {
				continue
			}
			for m, before := range cost {
				next[n] = min(next[n], before+time.Duration(max(0, n-m))*c+time.Duration(n)*time.Second)
			}
		}
		cost = next
	}
	best := never
	for _, x := range cost {
		best = min(best, x)
	}
	return best
}

// TestOptimumIsCheapest: no plan that serves every task when it comes is cheaper,
// tried out on small traces in whole seconds.
func TestOptimumIsCheapest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var tasks []Task
		for range rapid.IntRange(0, 6).Draw(t, "tasks") {
			tasks = append(tasks, Task{
				At:  time.Duration(rapid.IntRange(0, 20).Draw(t, "at")) * time.Second,
				Run: time.Duration(rapid.IntRange(0, 8).Draw(t, "run")) * time.Second})
		}
		slots := rapid.IntRange(1, 2).Draw(t, "slots")
		c := time.Duration(rapid.IntRange(0, 7).Draw(t, "start")) * time.Second
		paid, starts := optimum(tasks, slots, c)
		if got, want := paid+time.Duration(starts)*c, cheapest(tasks, slots, c); got != want {
			t.Fatalf("optimum %v of %+v with a start for %v, and %v by trying", got, tasks, c, want)
		}
	})
}

func TestOptimumBridgesGaps(t *testing.T) {
	minute := func(n float64) time.Duration { return time.Duration(n * float64(time.Minute)) }
	tasks := []Task{{At: 0, Run: minute(1)}, {At: minute(4), Run: minute(1)}, {At: minute(8.1), Run: minute(1)}}
	// A gap of 3 minutes is bridged, one of 3.1 is not.
	if paid, starts := optimum(tasks, 1, minute(3)); paid != minute(6) || starts != 2 {
		t.Errorf("paid %v and %d starts, want 6m0s and 2", paid, starts)
	}
}
