package plan

import (
	"math"
	"time"
)

// stretches is of how many samples the demand within patience is kept.
const stretches = 12

// most is a number of tasks that no queue has: beyond it, arithmetic would not
// be safe.
const most = 1 << 30

// observe takes the demand of this instant into a profile's memory.
//
// Load is a moving mean with exponential weights, of demand without bursts
// (Huber's M-estimator, with Outlier·√R + 1 as its bound: a Poisson load R has the
// standard deviation √R). Bursts are seen by what waits, and are no reason to keep
// spare capacity afterwards.
func (g *group) observe(now time.Time, s *Settings) {
	d := g.p.Demand
	g.known = d.Known && !g.gone
	if g.gone {
		g.covered = true
		return
	}
	patience := s.patience(g.p)
	if !g.known {
		g.forget(now, patience)
		return
	}
	tasks := min(max(0, d.Ready), most) + min(max(0, d.Running), most)
	g.demand = max(0, tasks-max(0, g.p.StaticSlots)-g.apart)
	g.waiting = max(0, g.demand-int(g.slots))

	m := &g.mem
	step := now.Sub(m.Seen)
	if m.Since.IsZero() || m.Seen.After(now) || step > s.gap() {
		// Nothing is known of the time between, so nothing follows from it.
		*m = ProfileMemory{Load: sane(m.Load), Recently: float64(g.demand), Mean: float64(g.demand), Up: m.Up, Down: m.Down, Since: now}
		step = s.Interval
	}
	x := min(float64(g.demand), m.Load+s.Outlier*math.Sqrt(m.Load)+1)
	m.Load += (x - m.Load) * weight(step, s.LoadWindow)
	m.Mean += (float64(g.demand) - m.Mean) * weight(step, s.SpareWindow)
	m.Recently += (float64(g.demand) - m.Recently) * weight(step, s.Recent)
	m.Seen = now
	if g.waiting == 0 {
		m.WaitingSince = time.Time{}
	} else if m.WaitingSince.IsZero() {
		m.WaitingSince = now
	}
	g.ignored(now)
	switch {
	case g.demand > 0:
		m.NothingSince = time.Time{}
	case m.NothingSince.IsZero():
		m.NothingSince = now
	case now.Sub(m.NothingSince) >= time.Duration(s.Quiet*float64(patience)):
		m.Load = 0 // what there was is over, however slowly its mean falls
	}
	g.climb(now, s)
	g.remember(now, patience)
	g.covered = now.Sub(m.Since) >= patience
}

// weight is how much a value counts that was true for a time, in a moving mean.
func weight(step, window time.Duration) float64 {
	if window <= 0 {
		return 1
	}
	return 1 - math.Exp(-float64(max(0, step))/float64(window))
}

// sane is a remembered load, or 0 where it cannot be one.
func sane(load float64) float64 {
	if load >= 0 && load <= most {
		return load
	}
	return 0
}

// load is what spare capacity is measured by: the long mean, but no more than the
// last minutes bear out.
func (g *group) load(s *Settings) float64 {
	r := g.mem.Recently
	return min(g.mem.Load, r+s.Noise*math.Sqrt(r)+1)
}

// remember adds a sample of demand, and finds the highest within patience. The
// slice is made anew: the one of the snapshot is not ours.
func (g *group) remember(now time.Time, patience time.Duration) {
	m := &g.mem
	recent := g.kept(now, patience)
	if n := len(recent); n > 0 && now.Sub(recent[n-1].At) < patience/stretches {
		recent[n-1].Demand = max(recent[n-1].Demand, g.demand)
	} else {
		recent = append(recent, Sample{At: now, Demand: g.demand})
	}
	m.Peaks = recent
	for _, r := range recent {
		g.peak = max(g.peak, r.Demand)
	}
}

// kept are the samples that end within patience.
func (g *group) kept(now time.Time, patience time.Duration) []Sample {
	var list []Sample
	for _, r := range g.mem.Peaks {
		if age := now.Sub(r.At); age >= 0 && age <= patience && len(list) < 2*stretches {
			if list == nil {
				list = make([]Sample, 0, stretches+2)
			}
			list = append(list, r)
		}
	}
	return list
}

// forget is observe for a demand that is not known.
func (g *group) forget(now time.Time, patience time.Duration) {
	g.mem.Peaks = g.kept(now, patience)
	g.mem.WaitingSince, g.mem.NothingSince, g.mem.Doubt.Since = time.Time{}, time.Time{}, time.Time{}
}

// gap is how long nothing may have been seen before what was seen before it
// counts no more.
func (s *Settings) gap() time.Duration { return max(4*s.Interval, time.Minute) }

// settle makes what is remembered fit the clock: nothing was in the future. It
// says whether the clock went back.
func (m *ProfileMemory) settle(now time.Time) (back bool) {
	for _, t := range []*time.Time{&m.Up.At, &m.Down.At, &m.NothingSince, &m.WaitingSince, &m.Doubt.Since, &m.Doubt.At} {
		if t.After(now) {
			*t, back = now, true
		}
	}
	if m.Seen.After(now) || m.Since.After(now) {
		m.Seen, m.Since, back = now, now, true
	}
	return back
}
