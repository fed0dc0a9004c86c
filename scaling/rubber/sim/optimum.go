package sim

import (
	"cmp"
	"slices"
	"time"
)

// optimum is the cheapest plan that serves every task when it comes, knowing all
// that will come and without a cap, where a start costs as much as so much machine
// time. It returns the machine time and the starts.
//
// Why it is exact. Let D(t) be how many tasks run at t if each begins as it comes.
// A plan has n(t) ≥ D(t) machines at t, and costs ∫n dt + c·(steps up of n). Look
// at levels: let n_k(t) be 1 while n(t) ≥ k, and 0 otherwise. Then n is the sum of
// the n_k, a step of n by j is a step of j levels, so the cost is the sum of the
// costs of levels; and n ≥ D means n_k(t) = 1 wherever D(t) ≥ k. So no plan costs less
// than the sum over k of the cheapest n_k by itself. That is: one start before the
// first task of level k, and each gap of D below k is bridged if it is not longer
// than c, else a start is paid. Bridged gaps of level k+1 are parts of gaps of
// level k that are no shorter, but a level whose gap is not bridged may lie below
// one that is not either, never below one that is: a gap of level k lies within a
// gap of level k+1, so if the longer one is bridged the shorter one is. Hence n_k is
// at least n_k+1 at every t, the levels stack to a plan that exists, and it is the
// cheapest. (Tasks move to no other machine: one that comes takes the machine that
// has been idle for the shortest time, which is the lowest free level.)
//
// Machines are wanted for slots tasks each; with more than one slot D is rounded
// up to whole machines, which is a bound that nobody can go below.
func optimum(tasks []Task, slots int, c time.Duration) (paid time.Duration, starts int) {
	type edge struct {
		at time.Duration
		by int
	}
	edges := make([]edge, 0, 2*len(tasks))
	for _, t := range tasks {
		if t.Run > 0 {
			edges = append(edges, edge{t.At, 1}, edge{t.At + t.Run, -1})
		}
	}
	// What ends makes room for what begins at the same instant.
	slices.SortFunc(edges, func(a, b edge) int { return cmp.Or(cmp.Compare(a.at, b.at), a.by-b.by) })
	var free []time.Duration // when levels became free, the highest first
	var last time.Duration
	demand, used := 0, 0
	for _, e := range edges {
		paid += time.Duration(used) * (e.at - last)
		last = e.at
		demand += e.by
		need := (demand + slots - 1) / slots
		for ; used > need; used-- {
			free = append(free, e.at)
		}
		for ; used < need; used++ {
			if n := len(free); n > 0 {
				gap := e.at - free[n-1]
				free = free[:n-1]
				if gap <= c {
					paid += gap
					continue
				}
			}
			starts++
		}
	}
	return paid, starts
}
