package plan

import (
	"cmp"
	"fmt"
	"slices"
)

// fill divides an amount so that the smallest relative parts are as large as
// can be (weighted max-min, by filling up to a common level): nobody gets more
// than it wants, and of two who do not get all, each gets by its weight. What is
// left by rounding goes to the first ones.
func fill(amount int, want []int, weight []float64) []int {
	parts := make([]int, len(want))
	order := make([]int, 0, len(want)) // those who want, the soonest satisfied first
	sum := 0.0
	for i, w := range want {
		if w > 0 {
			order = append(order, i)
			sum += weight[i]
		}
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Compare(float64(want[a])/weight[a], float64(want[b])/weight[b])
	})
	left := max(0, amount)
	for n, i := range order {
		level := float64(left) / sum
		if float64(want[i]) <= level*weight[i] {
			parts[i] = want[i]
			left -= want[i]
			sum -= weight[i]
			continue
		}
		// Nobody from here on gets all.
		rest := order[n:]
		for _, j := range rest {
			parts[j] = min(want[j], int(level*weight[j]))
			left -= parts[j]
		}
		slices.Sort(rest)
		for left > 0 {
			given := false
			for _, j := range rest {
				if left > 0 && parts[j] < want[j] {
					parts[j]++
					left--
					given = true
				}
			}
			if !given {
				break
			}
		}
		break
	}
	return parts
}

// fillFrom is fill where nobody gets less than a floor, as far as the amount goes:
// those whose part of it would be less get their floor, and the others divide what
// is left.
func fillFrom(amount int, floor, want []int, weight []float64) []int {
	sure := 0
	for _, n := range floor {
		sure += n
	}
	if sure >= amount {
		even := make([]float64, len(floor))
		for i := range even {
			even[i] = 1
		}
		return fill(amount, floor, even)
	}
	open := slices.Clone(want)
	for {
		parts := fill(amount, open, weight)
		again := false
		for i, n := range floor {
			if parts[i] < n && open[i] > 0 {
				amount -= n
				open[i], again = 0, true
			}
		}
		if again {
			continue
		}
		for i, n := range floor {
			if open[i] == 0 {
				parts[i] = n
			}
		}
		return parts
	}
}

// divide says how much of the cap each group has: its floor before all, then what
// it wants up to its share, and of what the others leave by its weight.
func divide(s *Snapshot, groups []*group) {
	n := len(groups)
	floor, base := make([]int, n), make([]int, n)
	weight, first := make([]float64, n), make([]float64, n)
	configured, profiles := 0, 0
	for _, g := range groups {
		if !g.gone {
			configured += max(0, g.p.Share)
			profiles++
		}
	}
	count := 0
	for i, g := range groups {
		weight[i] = 1
		if g.p.Weight > 0 {
			weight[i] = min(max(g.p.Weight, 1e-6), 1e6)
		}
		first[i] = 1
		switch {
		case g.gone:
		case configured > 0:
			g.share = max(0, g.p.Share)
			first[i] = max(1, float64(g.share))
		default:
			g.share = max(0, s.Cap) / profiles
			if count < max(0, s.Cap)%profiles {
				g.share++
			}
			count++
		}
		floor[i] = g.floor
		g.share = max(g.share, g.floor)
		base[i] = min(g.claim(), g.share)
	}
	sure := fillFrom(s.Cap, floor, base, first)
	left := max(0, s.Cap)
	over := make([]int, n)
	for i, g := range groups {
		left -= sure[i]
		over[i] = max(0, g.claim()-sure[i])
	}
	if s.Mode == Ancestor {
		left = 0 // it knew no borrowing
	}
	borrowed := fill(left, over, weight)
	for i, g := range groups {
		g.alloc = sure[i] + borrowed[i]
	}
}

// claim is what a group would have of the cap.
func (g *group) claim() int {
	if g.known || g.gone {
		return g.want + g.more
	}
	return max(g.want, g.active())
}

// room divides free places among those who need machines, and finds out who has
// to give some back.
func room(s *Snapshot, set *Settings, groups []*group, p *places) {
	total, ending, needed := 0, 0, 0
	for _, g := range groups {
		total += g.have
		ending += g.ending + g.goes() + len(g.dropped)
		for _, m := range g.resumed() {
			if m.State == Draining {
				ending--
			}
		}
		g.ask(s, set, p)
		// Filling the warm pool is no reason to take anything from anybody.
		needed += min(g.need, max(0, min(g.want+g.swap, g.alloc)-g.active()-len(g.resumed())-g.wakes))
	}
	free := s.Cap - total
	g0, g1, g2 := make([]int, len(groups)), make([]int, len(groups)), make([]int, len(groups))
	weight := make([]float64, len(groups))
	for i, g := range groups {
		weight[i] = 1
		g0[i] = min(g.need, max(0, g.floor-g.active()))
		g1[i] = min(g.need, max(0, g.share-g.active()))
	}
	sure := fillFrom(free, g0, g1, weight)
	left := max(0, free)
	for i, g := range groups {
		left -= sure[i]
		g2[i] = g.need - sure[i]
	}
	more := fill(left, g2, weight)
	for i, g := range groups {
		g.grant = sure[i] + more[i]
	}
	// Of those who need, only what the cap stands in the way of is asked back.
	if missing := needed - free - ending; missing > 0 {
		for _, g := range groups {
			g.tight = true
		}
		takeBack(missing, free < 0, groups, p)
	}
}

// ask finds out how many parked machines are to be woken, and how many new ones
// could be made at once if there were places for them.
func (g *group) ask(s *Snapshot, set *Settings, p *places) {
	g.wakes = min(len(g.wakeable()), max(0, min(g.want+g.swap, g.alloc)-g.active()-len(g.resumable())))
	g.need = max(0, min(g.want+g.more, g.alloc)-g.active()-len(g.resumable())-g.wakes)
	if g.p.NoStart != "" {
		g.need = 0
	}
	if g.wakes+g.need == 0 {
		return
	}
	if why, blocked := p.blocked(g.p); blocked {
		g.limits = append(g.limits, why)
		g.wakes, g.need = 0, 0
		return
	}
	begin(&g.mem.Up, s.Now, set.UpEvery)
	most := max(set.UpMost, int(set.UpFraction*float64(g.have-g.mem.Up.Count)))
	if left := max(0, most-g.mem.Up.Count); g.wakes+g.need > left {
		g.limits = append(g.limits, Reason{AtRate, fmt.Sprintf("no more than %d are asked for within %s", most, Span(set.UpEvery))})
		g.wakes = min(g.wakes, left)
		g.need = min(g.need, left-g.wakes)
	}
	if fit := p.take(g.p, g.wakes+g.need); fit < g.wakes+g.need {
		g.limits = append(g.limits, Reason{MemoryFull, fmt.Sprintf("memory is short, and only %d more %s into what is free on the other hosts", fit, fits(fit))})
		g.wakes = min(g.wakes, fit)
		g.need = fit - g.wakes
	}
}

func fits(n int) string {
	if n == 1 {
		return "fits"
	}
	return "fit"
}

// goes is how many machines leave because somebody asked for it.
func (g *group) goes() int {
	n := 0
	for _, m := range g.asked {
		if empty(m) && !g.p.WorkersUnknown {
			n++
		}
	}
	return n
}

// takeBack has parked machines go first, then those that are more than their
// group's part, one from each in turn.
func takeBack(missing int, overCap bool, groups []*group, p *places) {
	reason := Reason{GivesBack, "other profiles need their share of the cap"}
	if overCap {
		reason = Reason{OverCap, "there are more machines than the cap allows"}
	}
	parked := make([]int, len(groups))
	excess := make([]int, len(groups))
	weight := make([]float64, len(groups))
	for i, g := range groups {
		weight[i] = 1
		if g.mayLetGo() {
			parked[i] = max(0, min(len(g.droppable(p)), len(g.warm)-g.wakes))
			excess[i] = max(0, min(len(g.available), g.active()-min(g.alloc, g.want+g.swap)))
		}
	}
	give := fill(missing, parked, weight)
	for i, g := range groups {
		if give[i] > 0 {
			g.limits = append(g.limits, reason)
		}
		parked[i] = give[i]
		missing -= give[i]
		g.dropWarm(give[i], reason, p)
	}
	if missing <= 0 {
		return
	}
	// Those who rest already go first, then what is not needed anyway.
	given := make([]int, len(groups))
	stages := []func(g *group) int{
		func(g *group) int { return g.resting },
		func(g *group) int { return max(g.resting, len(g.available)-g.keep) },
		func(g *group) int { return len(g.available) },
	}
	for _, most := range stages {
		left := make([]int, len(groups))
		for i, g := range groups {
			left[i] = max(0, min(excess[i], most(g))-given[i])
		}
		for i, n := range fill(missing, left, weight) {
			given[i] += n
			missing -= n
		}
	}
	for i, g := range groups {
		n := given[i]
		if n == 0 {
			continue
		}
		g.give = n
		if keep := len(g.available) - n; keep < g.keep {
			g.keep = keep
			g.down = []Reason{reason}
		}
	}
}

// mayLetGo is whether anything of a group may be let go at all.
func (g *group) mayLetGo() bool {
	return !g.p.Aside && (g.gone || g.known && !g.p.WorkersUnknown)
}

// sayLimits adds why a group gets less than it wants.
func (g *group) sayLimits(s *Snapshot) {
	missing := g.want - g.active() - len(g.resumable()) - len(g.wakeable())
	if missing <= 0 {
		return
	}
	switch {
	case g.p.NoStart != "":
		g.limits = append(g.limits, Reason{Blocked, g.p.NoStart})
	case g.alloc < g.want && g.alloc >= s.Cap:
		g.limits = append(g.limits, Reason{AtCap, fmt.Sprintf("%d would be needed, and the cap is %d", g.want, s.Cap)})
	case g.alloc < g.want && g.alloc < g.share:
		g.limits = append(g.limits, Reason{AtShare, fmt.Sprintf("%d would be needed, and its part of the cap of %d is %d now: %d are guaranteed, as far as the cap goes and after the floors of others", g.want, s.Cap, g.alloc, g.share)})
	case g.alloc < g.want:
		g.limits = append(g.limits, Reason{AtShare, fmt.Sprintf("%d would be needed, and its part of the cap of %d is %d now (%d guaranteed)", g.want, s.Cap, g.alloc, g.share)})
	case g.grant < g.need:
		g.limits = append(g.limits, Reason{AtCap, fmt.Sprintf("%d more would be needed, and the %d places are taken until others have gone", g.need-g.grant, s.Cap)})
	}
}
