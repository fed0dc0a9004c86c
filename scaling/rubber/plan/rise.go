package plan

import (
	"math"
	"slices"
	"time"
)

// steps is how many plans in a row have to bear out that demand rises.
const steps = 3

// riseMost bounds what a rise may still bring: so many times what is there.
const riseMost = 2

// climb finds out how many more tasks will have come within the horizon if demand
// goes on to rise, and takes it into memory.
//
// What comes at once is a batch, and says nothing of what comes; one that comes just
// while a plan is made is seen by two plans, half by half. So the rise is the least
// of those between each of the last plans and the next. One that a steady load may
// show as well (three standard deviations) is none. More to do now never makes it
// less.
func (g *group) climb(now time.Time, s *Settings) {
	at, demand, least, n := now, g.demand, math.Inf(1), 0
	for i := len(g.mem.Lately) - 1; i >= 0 && n < steps; i-- {
		then := g.mem.Lately[i]
		took := at.Sub(then.At)
		if took < s.Interval/2 {
			continue // a plan out of turn: too short a time to tell
		}
		if took > 4*s.Interval {
			break // nothing is known of the time between
		}
		least = min(least, float64(demand-then.Demand)/took.Seconds())
		at, demand = then.At, then.Demand
		n++
	}
	if n == steps && least*now.Sub(at).Seconds() > 3*math.Sqrt(float64(max(0, demand))+1) {
		g.rise = min(least*s.Horizon.Seconds(), riseMost*float64(g.demand))
	}
	g.mem.Lately = g.lately(now, s)
}

// lately are the last demands with that of now, oldest first; the slice is made
// anew.
func (g *group) lately(now time.Time, s *Settings) []Sample {
	list := make([]Sample, 0, steps+1)
	for _, l := range g.mem.Lately[max(0, len(g.mem.Lately)-steps):] {
		if age := now.Sub(l.At); age >= 0 && age <= 4*steps*s.Interval {
			list = append(list, l)
		}
	}
	if n := len(list); n == 0 || now.Sub(list[n-1].At) >= s.Interval/2 {
		list = append(list, Sample{At: now, Demand: g.demand})
	}
	return list[max(0, len(list)-steps):]
}

// crowd is by how much demand rose within the last half of a boot, if what comes
// is a crowd and no batch; else 0. Tasks have had to wait for most of a boot then,
// so all of a batch would have come, and demand still rises: by more than chance,
// in that half and in its later half alike. A machine more for each is no waste,
// since there is more to do when it is ready.
func (g *group) crowd(now time.Time, s *Settings) float64 {
	boot := s.startCost(g.p)
	half := max(boot/2, 2*steps*s.Interval)
	if s.Crowd <= 0 || g.mem.WaitingSince.IsZero() || now.Sub(g.mem.WaitingSince) < max(time.Duration(s.Crowd*float64(boot)), half) {
		return 0
	}
	before, known := g.demandAt(now.Add(-half))
	between, _ := g.demandAt(now.Add(-half / 2))
	by, sigma := float64(g.demand-before), math.Sqrt(float64(g.demand)+1)
	if !known || by <= 3*sigma || float64(g.demand-between) <= 2*sigma {
		return 0
	}
	return by
}

// demandAt is the demand of an instant within patience.
func (g *group) demandAt(then time.Time) (demand int, known bool) {
	for _, p := range slices.Backward(g.mem.Peaks) {
		if !p.At.After(then) {
			return p.Demand, true
		}
	}
	return 0, false
}
