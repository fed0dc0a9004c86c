package plan

import (
	"cmp"
	"slices"
	"time"
)

// group is one profile while a plan is made.
type group struct {
	p    *Profile
	mem  ProfileMemory
	mode Mode
	gone bool // no such profile is configured

	available []*Machine // Ready and Resting
	leaving   []*Machine // Draining and Parking
	asked     []*Machine // as available, but somebody asked that they go
	warm      []*Machine
	ready     int
	resting   int
	coming    int // Requested, Building, Booting
	parking   int
	unplaced  int // of coming, those that do not take memory yet
	oldGoing  int // of an old generation and on their way out
	apart     int // tasks of machines that take no more
	ending    int // that free their place without our doing: Draining, Deleting
	have      int // of every state

	slots float64 // that available machines have
	each  float64 // slots of one machine, on average

	known        bool      // demand is
	covered      bool      // demand has been known for as long as patience is
	demand       int       // tasks for our machines: without those that static slots take
	peak         int       // highest demand within patience
	waiting      int       // tasks that find no free slot
	rise         float64   // tasks that will have come besides if demand goes on to rise
	ignoredSince time.Time // since when tasks wait although slots look free

	wish  int  // machines that should take work
	want  int  // the same, within floor and ceiling
	keep  int  // machines that are not let go
	more  int  // machines beyond want: for the warm pool, for replacement
	swap  int  // of more: old ones that are to be replaced
	floor int  // of want, what is configured
	share int  // guaranteed, the floor at least
	alloc int  // of the cap, now
	wakes int  // parked machines that are woken
	need  int  // machines that have to be made, and can be
	grant int  // of these, how many there is room for
	give  int  // machines that others need back
	tight bool // somebody lacks places under the cap

	up, down []Reason // why wish is as it is, why keep is no more
	limits   []Reason // why less is done than wished
	frozen   []Line   // machines that would go, and why they do not
	dropped  []Line   // parked machines that go
}

// active are those that work or will: what shares are about.
func (g *group) active() int { return len(g.available) + g.coming }

// old is whether a machine is of an old generation.
func (g *group) old(m *Machine) bool {
	return !g.gone && g.p.Generation != "" && m.Generation != g.p.Generation
}

// groupsOf sorts machines into the groups of their profiles, in the order of
// names.
func groupsOf(s *Snapshot) []*group {
	groups := make([]*group, 0, len(s.Profiles))
	byName := make(map[string]*group, len(s.Profiles))
	each := 0
	if len(s.Profiles) > 0 {
		each = len(s.Machines) / len(s.Profiles)
	}
	for i := range s.Profiles {
		p := &s.Profiles[i]
		if byName[p.Name] != nil {
			continue
		}
		g := &group{p: p, mode: s.Mode, mem: s.Memory.Profiles[p.Name], available: make([]*Machine, 0, each)}
		groups, byName[p.Name] = append(groups, g), g
	}
	for i := range s.Machines {
		m := &s.Machines[i]
		g := byName[m.Profile]
		if g == nil {
			g = &group{p: &Profile{Name: m.Profile}, gone: true, mode: s.Mode}
			groups, byName[m.Profile] = append(groups, g), g
		}
		g.add(m)
	}
	slices.SortFunc(groups, func(a, b *group) int { return cmp.Compare(a.p.Name, b.p.Name) })
	for _, g := range groups {
		g.count()
	}
	return groups
}

func (g *group) add(m *Machine) {
	g.have++
	switch m.State {
	case Requested, Building, Booting:
		g.coming++
		if m.State != Booting {
			g.unplaced++
		}
	case Ready, Resting:
		if m.Leaving {
			g.asked = append(g.asked, m)
			g.apart += max(0, m.Busy)
			if g.old(m) {
				g.oldGoing++
			}
			return
		}
		g.available = append(g.available, m)
		if m.State == Ready {
			g.ready++
		} else {
			g.resting++
		}
	case Draining, Parking:
		g.leaving = append(g.leaving, m)
		if m.State == Parking {
			g.parking++
		} else {
			g.ending++
		}
		if g.old(m) {
			g.oldGoing++
		}
	case Deleting:
		g.ending++
		if g.old(m) {
			g.oldGoing++
		}
	case Warm:
		g.warm = append(g.warm, m)
	}
}

// count adds up slots. Of a machine that has not told them, the profile's are
// taken.
func (g *group) count() {
	n := len(g.available)
	for _, m := range g.available {
		g.slots += g.slotsOf(m)
	}
	for _, m := range g.leaving {
		if g.canResume(m) {
			n++
			g.slots += g.slotsOf(m)
		} else {
			g.apart += max(0, m.Busy)
		}
	}
	g.each = float64(max(1, g.p.Slots))
	if n > 0 {
		g.each = g.slots / float64(n)
	}
}

func (g *group) slotsOf(m *Machine) float64 {
	if m.Slots > 0 {
		return float64(m.Slots)
	}
	return float64(max(1, g.p.Slots))
}

// empty is whether a machine certainly has nothing to do.
func empty(m *Machine) bool { return m.BusyKnown && m.Busy == 0 }
