package plan

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// canResume is whether a machine on its way out can take work again. The ancestor
// knew no such thing, and its rule asks for more the more there are.
func (g *group) canResume(m *Machine) bool {
	return g.p.Rests && g.mode != Ancestor && !g.gone && !m.Leaving && !m.Protected && !g.old(m)
}

// resumable are those on their way out that can take work again, the first to
// be resumed first.
func (g *group) resumable() []*Machine {
	var list []*Machine
	for _, m := range g.leaving {
		if g.canResume(m) {
			list = append(list, m)
		}
	}
	slices.SortFunc(list, func(a, b *Machine) int { return cmp.Compare(a.ID, b.ID) })
	return list
}

// resumed are those of resumable that are taken back now.
func (g *group) resumed() []*Machine {
	list := g.resumable()
	return list[:min(len(list), max(0, min(g.want, g.alloc)-g.active()))]
}

// wakeable are parked machines of today's generation.
func (g *group) wakeable() []*Machine {
	if g.p.NoStart != "" {
		return nil
	}
	var list []*Machine
	for _, m := range g.warm {
		if !g.old(m) && !m.Leaving && !m.Protected {
			list = append(list, m)
		}
	}
	slices.SortFunc(list, func(a, b *Machine) int { return cmp.Compare(a.ID, b.ID) })
	return list
}

// grow adds the lines by which a group gets more.
func (g *group) grow(s *Snapshot, p *places) []Line {
	var lines []Line
	for _, m := range g.resumed() {
		lines = append(lines, Line{Action: Resume, Profile: g.p.Name, Machine: m.ID, Count: 1,
			Reasons: append([]Reason{{Returned, "it was on its way out and is needed again"}}, g.up...)})
	}
	g.sayLimits(s)
	parked, starts := g.wakeable(), g.grant
	wakes := min(g.wakes, len(parked))
	for _, m := range parked[:wakes] {
		l := Line{Action: Wake, Profile: g.p.Name, Machine: m.ID, Count: 1, Reasons: slices.Clone(g.upWith(wakes))}
		p.where(&l, g.p)
		lines = append(lines, l)
	}
	if starts > 0 {
		l := Line{Action: Start, Profile: g.p.Name, Count: starts, Reasons: slices.Clone(g.upWith(wakes + starts))}
		p.where(&l, g.p)
		lines = append(lines, l)
	}
	g.mem.Up.Count += wakes + starts
	return lines
}

// upWith is why n more machines come, those that no task asks for as well.
func (g *group) upWith(n int) []Reason {
	var list []Reason
	asked := max(0, g.want-g.active()-len(g.resumable()))
	if asked > 0 {
		list = append(list, g.up...)
	}
	if n > asked && g.swap > 0 {
		list = append(list, Reason{Replacing, fmt.Sprintf("%d of an old generation %s replaced, the new one first", g.swap, isAre(g.swap))})
	}
	if n > asked && g.more > g.swap {
		list = append(list, Reason{WarmPool, fmt.Sprintf("%d parked %s kept ready", g.p.Warm, isAre(g.p.Warm))})
	}
	return list
}

// begin begins a new stretch of time for a limit if the last one is over.
func begin(step *Step, now time.Time, every time.Duration) {
	if step.At.IsZero() || now.Sub(step.At) >= every {
		*step = Step{At: now}
	}
}
