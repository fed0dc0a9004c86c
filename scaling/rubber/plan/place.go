package plan

import (
	"cmp"
	"fmt"
	"slices"
)

// places is what hosts and storages mean to new machines and to old ones.
type places struct {
	hosts     map[string]*Host // by uuid and by name
	storages  map[string]*Storage
	list      []*Host // in the order of uuids
	deaf      bool
	partial   bool
	short     bool // memory is short somewhere
	free      []int64
	bounded   bool // free is all there is
	avoidAll  [2][]string
	preferAll [2][]string
	storage   []string // alarmed
	full      []string // hosts with a full network and no alarm
}

func newPlaces(s *Snapshot, set *Settings) *places {
	p := &places{hosts: map[string]*Host{}, storages: map[string]*Storage{}, deaf: s.Deaf, partial: set.PartialHosts}
	for i := range s.Hosts {
		h := &s.Hosts[i]
		p.list = append(p.list, h)
		p.short = p.short || h.MemoryShort
	}
	slices.SortFunc(p.list, func(a, b *Host) int { return cmp.Compare(a.id(), b.id()) })
	for _, h := range p.list {
		for _, name := range []string{h.Name, h.UUID} {
			if name != "" {
				p.hosts[name] = h
			}
		}
	}
	for i := range s.Storages {
		st := &s.Storages[i]
		for _, name := range []string{st.Name, st.UUID} {
			if name != "" {
				p.storages[name] = st
			}
		}
		if st.Alarmed {
			p.storage = append(p.storage, cmp.Or(st.UUID, st.Name))
		}
	}
	slices.Sort(p.storage)
	p.order()
	p.measure()
	return p
}

// order makes the lists of hosts to avoid and to prefer, for profiles that need
// the network (1) and for others (0).
func (p *places) order() {
	for bound := range 2 {
		var good []*Host
		for _, h := range p.list {
			if h.avoided() || bound == 1 && h.NetworkSaturated {
				p.avoidAll[bound] = append(p.avoidAll[bound], h.id())
				if !h.avoided() {
					p.full = append(p.full, h.id())
				}
			} else if !h.Silent {
				good = append(good, h)
			}
		}
		slices.SortStableFunc(good, func(a, b *Host) int {
			return cmp.Or(cmp.Compare(b2i(a.NetworkSaturated), b2i(b.NetworkSaturated)), cmp.Compare(freeOf(b), freeOf(a)))
		})
		for _, h := range good {
			p.preferAll[bound] = append(p.preferAll[bound], h.id())
		}
	}
}

// measure finds out how much memory new machines may have, which counts only
// while memory is short somewhere and all hosts are known.
func (p *places) measure() {
	p.bounded = p.short && !p.partial
	for _, h := range p.list {
		if h.avoided() {
			continue
		}
		if h.FreeMemory == nil {
			p.bounded = false
			continue
		}
		p.free = append(p.free, max(0, *h.FreeMemory))
	}
}

// take is how many machines of so much memory fit, at most n, and has them take
// it. On each the host with the most left is filled first.
func (p *places) take(memory int64, n int) int {
	if !p.bounded || memory <= 0 {
		return n
	}
	for done := range n {
		best := -1
		for i, f := range p.free {
			if f >= memory && (best < 0 || f > p.free[best]) {
				best = i
			}
		}
		if best < 0 {
			return done
		}
		p.free[best] -= memory
	}
	return n
}

// pending has machines that are asked for and do not run yet take their memory.
func (p *places) pending(g *group) { p.take(g.p.Memory, g.unplaced) }

// blocked is why no machine of a profile can be placed anywhere now.
func (p *places) blocked(profile *Profile) (Reason, bool) {
	if p.partial || len(p.list) == 0 {
		return Reason{}, false
	}
	bound := b2i(profile.NetworkBound)
	if len(p.avoidAll[bound]) < len(p.list) {
		return Reason{}, false
	}
	if len(p.avoidAll[0]) < len(p.list) {
		return Reason{NetworkFull, fmt.Sprintf("the network of every host that could take it is full (%s), where more machines would not help", list(p.names(p.avoidAll[bound])))}, true
	}
	return Reason{NoHost, fmt.Sprintf("every host raises alarms (%s)", list(p.names(p.avoidAll[bound])))}, true
}

// where puts hosts and storages into a line, and why.
func (p *places) where(l *Line, profile *Profile) {
	bound := b2i(profile.NetworkBound)
	l.Avoid, l.Prefer, l.AvoidStorage = p.avoidAll[bound], p.preferAll[bound], p.storage
	if ids := p.avoidAll[0]; len(ids) > 0 {
		l.Reasons = append(l.Reasons, Reason{HostAlarm, fmt.Sprintf("not placed on %s, which %s", list(p.names(ids)), p.why(ids))})
	}
	if ids := p.full; bound == 1 && len(ids) > 0 {
		l.Reasons = append(l.Reasons, Reason{NetworkFull, fmt.Sprintf("not placed on %s, where the network is full", list(p.names(ids)))})
	}
	if len(l.AvoidStorage) > 0 {
		var names []string
		for _, id := range l.AvoidStorage {
			st := p.storages[id]
			names = append(names, cmp.Or(st.Name, st.UUID))
		}
		l.Reasons = append(l.Reasons, Reason{StoreAlarm, fmt.Sprintf("its disks are not put on %s, which %s", list(names), raise(len(names), nil))})
	}
}

func (p *places) names(ids []string) []string {
	var names []string
	for _, id := range ids {
		names = append(names, p.hosts[id].name())
	}
	return names
}

func (p *places) why(ids []string) string {
	var alarms []string
	for _, id := range ids {
		alarms = append(alarms, p.hosts[id].Alarms...)
	}
	slices.Sort(alarms)
	return raise(len(ids), slices.Compact(alarms))
}

func raise(n int, alarms []string) string {
	text := "raise alarms"
	if n == 1 {
		text = "raises alarms"
	}
	if len(alarms) > 0 {
		text += " (" + list(alarms) + ")"
	}
	return text
}

// alarmed is whether a machine had better go than others.
func (p *places) alarmed(m *Machine) bool {
	if m.Host != "" && len(p.hosts) > 0 {
		if h := p.hosts[m.Host]; h != nil && h.avoided() {
			return true
		}
	}
	if len(p.storage) == 0 {
		return false
	}
	for _, id := range m.Storage {
		if st := p.storages[id]; st != nil && st.Alarmed {
			return true
		}
	}
	return false
}

// alarm is why alarmed is true.
func (p *places) alarm(m *Machine) Reason {
	if h := p.hosts[m.Host]; m.Host != "" && h != nil && h.avoided() {
		return Reason{HostAlarm, fmt.Sprintf("its host %s %s", h.name(), raise(1, h.Alarms))}
	}
	for _, id := range m.Storage {
		if st := p.storages[id]; st != nil && st.Alarmed {
			return Reason{StoreAlarm, fmt.Sprintf("its storage %s %s", cmp.Or(st.Name, st.UUID), raise(1, st.Alarms))}
		}
	}
	return Reason{}
}

// silent is whether nobody knows how the host of a machine is: its agent was
// heard once, and is not now, whosever fault that is. Hosts of which no agent
// was ever heard hold nothing up.
func (p *places) silent(m *Machine) bool {
	h := p.hosts[m.Host]
	return m.Host != "" && h != nil && h.Silent
}

// silence is why silent is true.
func (p *places) silence(m *Machine) Reason {
	name := p.hosts[m.Host].name()
	if p.deaf {
		return Reason{HostSilent, fmt.Sprintf("no alarms are heard now, so nobody knows how its host %s is, and it stays until that is heard again or forgotten (alarms.forget), or somebody drains it", name)}
	}
	return Reason{HostSilent, fmt.Sprintf("the agent of its host %s is silent, so it stays", name)}
}

// avoided is whether nothing new is to be placed on a host.
func (h *Host) avoided() bool { return h.Alarmed || h.MemoryShort }

func (h *Host) id() string   { return cmp.Or(h.UUID, h.Name) }
func (h *Host) name() string { return cmp.Or(h.Name, h.UUID) }

func freeOf(h *Host) int64 {
	if h.FreeMemory == nil {
		return -1
	}
	return *h.FreeMemory
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
