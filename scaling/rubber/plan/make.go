package plan

import (
	"cmp"
	"fmt"
	"slices"
)

// Make decides what to do now. It is a pure function: the same snapshot gives
// the same plan, in whatever order profiles and machines are listed, and the
// snapshot stays as it was. Lines share their lists of hosts: read them only.
func Make(s *Snapshot) Plan {
	set := s.Settings
	if set == (Settings{}) {
		set = DefaultSettings()
	}
	groups := groupsOf(s)
	where := newPlaces(s, &set)
	var clock []Reason
	if r, jumped := jump(s, &set, groups); jumped {
		clock = append(clock, r)
	}
	for _, g := range groups {
		g.observe(s.Now, &set)
		switch {
		case !g.known:
		case s.Mode == Ancestor:
			g.wishAncestor(&set)
		default:
			g.wishNormal(s.Now, &set)
		}
		g.bound(&set)
		where.pending(g)
		if s.Paused || g.p.Aside {
			continue
		}
		g.trimWarm(&set, where)
		if s.Mode != Ancestor {
			g.extra(&set)
		}
	}
	divide(s, groups)
	result := Plan{Memory: Memory{At: s.Now, Profiles: make(map[string]ProfileMemory, len(s.Profiles))}}
	if !s.Paused {
		room(s, &set, groups, where)
	}
	parts := make([][]Line, 0, 2*len(groups))
	for _, g := range groups {
		var lines []Line
		switch {
		case s.Paused:
			g.limits = []Reason{{Paused, "scaling is paused, so nothing is done"}}
		case g.p.Aside:
			g.limits = nil
		default:
			lines = append(g.grow(s, where), g.shrink(s, &set, where)...)
			lines = append(lines, g.dropped...)
		}
		parts = append(parts, lines, g.hold(s, where, lines, clock))
		result.Targets = append(result.Targets, g.target())
		if !g.gone {
			result.Memory.Profiles[g.p.Name] = g.mem
		}
	}
	result.Lines = slices.Concat(parts...)
	return result
}

// hold tells why no more is done, and which machines stay although they could go.
func (g *group) hold(s *Snapshot, p *places, lines []Line, clock []Reason) []Line {
	slices.SortFunc(g.frozen, func(a, b Line) int { return cmp.Compare(a.Machine, b.Machine) })
	reasons := append([]Reason(nil), clock...)
	reasons = append(reasons, g.limits...)
	if g.p.Rival != "" {
		reasons = append(reasons, Reason{RivalThere, g.p.Rival})
	}
	if r, ok := p.unmeasured(g.p); ok && !g.gone {
		reasons = append(reasons, r)
	}
	if s.Deaf && len(s.Hosts) > 0 {
		reasons = append(reasons, Reason{DeafToAlarms, "no alarms are heard now, so hosts count by what they said last"})
	}
	if len(lines) == 0 && len(reasons) == 0 && !g.gone {
		reasons = append(reasons, Reason{Steady, g.steady()})
	}
	if len(reasons) == 0 {
		return g.frozen
	}
	return append([]Line{{Action: Hold, Profile: g.p.Name, Reasons: reasons}}, g.frozen...)
}

func (g *group) steady() string {
	n := len(g.available)
	switch {
	case n > g.want:
		return fmt.Sprintf("%d %s there and %d needed now; the rest waits for whether it is needed again soon", n, isAre(n), g.want)
	case g.coming > 0:
		return fmt.Sprintf("%d needed, %d there and %d on the way", g.want, n, g.coming)
	}
	return fmt.Sprintf("%d needed, %d there", g.want, n)
}

func (g *group) target() Target {
	t := Target{Profile: g.p.Name, Want: min(g.want, g.alloc), Wish: g.wish, Limit: g.alloc, Have: g.have,
		Ready: g.ready, Resting: g.resting, Coming: g.coming, Load: g.mem.Load}
	t.Reasons = append(t.Reasons, g.up...)
	if t.Want < t.Wish {
		t.Reasons = append(t.Reasons, g.limits...)
	}
	return t
}

// jump finds out whether the clock went back, or so far ahead that nothing of
// what is remembered can be relied upon, and makes memory fit. Either way it takes
// patience's time before anything is let go.
func jump(s *Snapshot, set *Settings, groups []*group) (Reason, bool) {
	back := false
	for _, g := range groups {
		if g.mem.settle(s.Now) {
			back = true
		}
	}
	if ahead := s.Now.Sub(s.Memory.At); back {
		return Reason{ClockJumped, "the clock went back, so what was watched before it counts no more"}, true
	} else if !s.Memory.At.IsZero() && ahead > set.gap() {
		return Reason{ClockJumped, fmt.Sprintf("nothing was watched for %s, so what was seen before that counts no more", Span(ahead))}, true
	}
	return Reason{}, false
}
