package plan

import (
	"cmp"
	"fmt"
	"slices"
)

// candidate is a machine that might be let go.
type candidate struct {
	*Machine
	replace bool // it is one of the old ones whose turn has come
	alarmed bool // its host or storage raises alarms
}

// shrink adds the lines by which a group gets less, and those by which machines
// that rest for no reason take work again.
func (g *group) shrink(s *Snapshot, set *Settings, p *places) []Line {
	var lines []Line
	for _, m := range g.asked {
		if l, ok := g.release(m, []Reason{{Asked, "somebody asked that it goes"}}); ok {
			lines = append(lines, l)
		}
	}
	slices.SortFunc(lines, func(a, b Line) int { return cmp.Compare(a.Machine, b.Machine) })
	if !g.mayLetGo() {
		return lines
	}
	victims := g.victims(p)
	if g.resting > 0 {
		out := make(map[string]bool, len(victims))
		for _, v := range victims {
			out[v.ID] = true
		}
		lines = append(lines, g.resumeRest(out)...)
	}
	return append(lines, g.letGo(s, set, p, victims)...)
}

// victims are those who go, the first to go first: as many as are more than keep.
func (g *group) victims(p *places) []candidate {
	surplus := len(g.available) - g.keep
	if surplus <= 0 {
		return g.exchange(p)
	}
	list := make([]candidate, 0, len(g.available))
	for _, m := range g.available {
		if g.mayGo(m, p) {
			list = append(list, candidate{Machine: m, alarmed: p.alarmed(m)})
		}
	}
	g.markOld(list, min(surplus, g.swap))
	slices.SortFunc(list, g.before)
	return list[:min(surplus, len(list))]
}

// exchange is victims where nothing is more than needed, and there is no room to
// have the new machine before the old one goes.
func (g *group) exchange(p *places) []candidate {
	if g.swap == 0 || g.tight || g.grant > 0 || g.coming > 0 || g.p.NoStart != "" || len(g.available) > g.alloc {
		return nil
	}
	if g.alloc >= g.want+g.swap && (g.p.Max <= 0 || g.want < g.p.Max) {
		return nil // its replacement is coming, or waits for a place
	}
	if _, blocked := p.blocked(g.p); blocked {
		return nil
	}
	var list []candidate
	for _, m := range g.available {
		if g.mayGo(m, p) {
			list = append(list, candidate{Machine: m})
		}
	}
	g.markOld(list, g.swap)
	slices.SortFunc(list, g.before)
	n := 0
	for n < len(list) && list[n].replace {
		n++
	}
	return list[:n]
}

// mayGo is whether a machine could be let go, and says so where it could not.
func (g *group) mayGo(m *Machine, p *places) bool {
	if m.Protected {
		return false
	}
	if p.silent(m) {
		if m.State == Ready {
			g.frozen = append(g.frozen, Line{Action: Hold, Profile: g.p.Name, Machine: m.ID, Reasons: []Reason{p.silence(m)}})
		}
		return false
	}
	return true
}

// markOld chooses the old ones whose turn it is: those that rest already, then
// those that are empty, then by id.
func (g *group) markOld(list []candidate, n int) {
	var old []*candidate
	for i := range list {
		if g.old(list[i].Machine) {
			old = append(old, &list[i])
		}
	}
	slices.SortFunc(old, func(a, b *candidate) int {
		return cmp.Or(b2i(b.State == Resting)-b2i(a.State == Resting), b2i(empty(b.Machine))-b2i(empty(a.Machine)), cmp.Compare(a.ID, b.ID))
	})
	for _, c := range old[:min(n, len(old))] {
		c.replace = true
	}
}

// before is the order in which machines go: an old one whose turn has come, then
// those that are empty, of these the ones on alarmed hosts, of an old generation,
// and idle for longest.
func (g *group) before(a, b candidate) int {
	if o := cmp.Or(
		b2i(b.replace)-b2i(a.replace),
		b2i(empty(b.Machine))-b2i(empty(a.Machine)),
		b2i(b.alarmed)-b2i(a.alarmed),
		b2i(g.old(b.Machine))-b2i(g.old(a.Machine)),
		b2i(b.State == Resting)-b2i(a.State == Resting),
		idleOrder(a.Machine, b.Machine),
		cmp.Compare(a.Busy, b.Busy),
	); o != 0 {
		return o
	}
	return cmp.Compare(a.ID, b.ID)
}

// idleOrder has those first that are idle since the earliest time; a time that
// nobody knows comes last.
func idleOrder(a, b *Machine) int {
	if a.IdleSince.IsZero() || b.IdleSince.IsZero() {
		return b2i(a.IdleSince.IsZero()) - b2i(b.IdleSince.IsZero())
	}
	return a.IdleSince.Compare(b.IdleSince)
}

// resumeRest has those take work again that rest and need not go.
func (g *group) resumeRest(out map[string]bool) []Line {
	var lines []Line
	for _, m := range g.available {
		if m.State == Resting && !out[m.ID] && !m.Protected && g.p.Rests {
			lines = append(lines, Line{Action: Resume, Profile: g.p.Name, Machine: m.ID, Count: 1,
				Reasons: []Reason{{Returned, fmt.Sprintf("%d %s needed, and it rests", g.keep, isAre(g.keep))}}})
		}
	}
	slices.SortFunc(lines, func(a, b Line) int { return cmp.Compare(a.Machine, b.Machine) })
	return lines
}

// letGo makes the lines of victims, as many as the limits allow. Who borrowed
// gives back at once.
func (g *group) letGo(s *Snapshot, set *Settings, p *places, victims []candidate) []Line {
	if len(victims) == 0 {
		return nil
	}
	urgent := g.gone || g.give > 0 || g.p.Max > 0 && g.keep >= g.p.Max
	if since := s.Now.Sub(g.mem.Up.At); !urgent && !g.mem.Up.At.IsZero() && since < set.DownCooldown {
		g.limits = append(g.limits, Reason{Cooling, fmt.Sprintf("machines were asked for %s ago, and none is let go within %s of that", Span(since), Span(set.DownCooldown))})
		return nil
	}
	begin(&g.mem.Down, s.Now, set.DownEvery)
	most := max(set.DownMost, int(set.DownFraction*float64(len(g.available)+len(g.leaving))))
	lines := make([]Line, 0, len(victims))
	for _, v := range victims {
		if !urgent && g.mem.Down.Count >= most {
			g.limits = append(g.limits, Reason{AtRate, fmt.Sprintf("no more than %d are let go within %s", most, Span(set.DownEvery))})
			break
		}
		reasons := slices.Clone(g.down)
		switch {
		case v.replace:
			reasons = []Reason{{OldImage, "it is of an old generation, and its turn to be replaced has come"}}
		case g.old(v.Machine):
			reasons = append(reasons, Reason{OldImage, "of an old generation, which goes first"})
		}
		if v.alarmed {
			reasons = append(reasons, p.alarm(v.Machine))
		}
		if l, ok := g.release(v.Machine, reasons); ok {
			g.mem.Down.Count++
			lines = append(lines, l)
		}
	}
	if len(lines) == 0 && len(g.limits) == 0 {
		g.limits = append(g.limits, Reason{WaitsForIdle, fmt.Sprintf("%d could go, and not one of them is certainly empty", len(victims))})
	}
	return lines
}

// release is the step by which one machine goes: let go if it is certainly
// empty, else told to take no more work, if it can be told.
func (g *group) release(m *Machine, reasons []Reason) (Line, bool) {
	l := Line{Profile: g.p.Name, Machine: m.ID, Count: 1, Reasons: reasons}
	switch {
	case empty(m) && !g.p.WorkersUnknown:
		l.Action = Drain
		if !g.tight && !g.gone && !m.Leaving && !g.old(m) && len(g.warm)+g.parking < g.p.Warm {
			l.Action = Park
			g.parking++
			l.Reasons = append(slices.Clone(reasons), Reason{WarmPool, fmt.Sprintf("%d parked %s kept ready", g.p.Warm, isAre(g.p.Warm))})
		}
	case m.State == Ready && g.p.Rests && m.BusyKnown && !g.p.WorkersUnknown:
		l.Action = Rest
		l.Reasons = append(slices.Clone(reasons), Reason{Surplus, "it is at work, so it takes no more, and goes when it is empty"})
	default:
		return l, false
	}
	return l, true
}

// trimWarm has parked machines go that are old, one after the other, or too many.
func (g *group) trimWarm(set *Settings, p *places) {
	if !g.mayLetGo() || len(g.warm) == 0 {
		return
	}
	slices.SortFunc(g.warm, func(a, b *Machine) int {
		return cmp.Or(b2i(g.old(b))-b2i(g.old(a)), cmp.Compare(b.ID, a.ID))
	})
	var keep []*Machine
	// One that is needed now is woken, whatever the size of the pool.
	needed := max(0, g.want-g.active()-len(g.resumable()))
	over := len(g.warm) - max(0, g.p.Warm) - min(needed, len(g.wakeable()))
	for _, m := range g.warm {
		r := Reason{}
		switch {
		case m.Protected || p.silent(m):
		case m.Leaving:
			r = Reason{Asked, "somebody asked that it goes"}
		case over > 0 && g.gone:
			r = Reason{ProfileGone, fmt.Sprintf("no profile %q is configured any more", g.p.Name)}
		case over > 0:
			r = Reason{WarmExcess, fmt.Sprintf("%d parked %s kept, and there are %d", g.p.Warm, isAre(g.p.Warm), len(g.warm))}
		case g.old(m) && g.oldGoing < set.ReplaceAtOnce:
			r = Reason{OldImage, "it is parked and of an old generation"}
			g.oldGoing++
		}
		if r.Code == "" {
			keep = append(keep, m)
			continue
		}
		over--
		g.dropped = append(g.dropped, Line{Action: Delete, Profile: g.p.Name, Machine: m.ID, Count: 1, Reasons: []Reason{r}})
	}
	g.warm = keep
}

// dropWarm has n parked machines go that are not needed now.
func (g *group) dropWarm(n int, reason Reason, p *places) {
	for _, m := range g.droppable(p) {
		if n--; n < 0 {
			return
		}
		g.warm = slices.DeleteFunc(g.warm, func(other *Machine) bool { return other == m })
		g.dropped = append(g.dropped, Line{Action: Delete, Profile: g.p.Name, Machine: m.ID, Count: 1, Reasons: []Reason{reason}})
	}
}

// droppable are parked machines that may go, the first to go first.
func (g *group) droppable(p *places) []*Machine {
	var list []*Machine
	for _, m := range g.warm {
		if !m.Protected && !p.silent(m) {
			list = append(list, m)
		}
	}
	slices.SortFunc(list, func(a, b *Machine) int { return cmp.Compare(b.ID, a.ID) })
	return list
}
