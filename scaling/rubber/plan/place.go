package plan

import (
	"cmp"
	"fmt"
	"slices"
)

// places is what hosts and storages mean to new machines and to old ones.
type places struct {
	hosts    map[string]*Host // by uuid and by name
	storages map[string]*Storage
	list     []*Host // in the order of uuids
	deaf     bool
	partial  bool
	clouds   map[string]*Cloud
	sites    map[string]*site // by cloud
	free     map[*Host]int64  // memory that is left; clouds may have hosts in common
	storage  []string         // alarmed
}

func newPlaces(s *Snapshot, set *Settings) *places {
	p := &places{hosts: map[string]*Host{}, storages: map[string]*Storage{}, deaf: s.Deaf, partial: set.PartialHosts,
		clouds: map[string]*Cloud{}, sites: map[string]*site{}, free: map[*Host]int64{}}
	for i := range s.Hosts {
		p.list = append(p.list, &s.Hosts[i])
	}
	slices.SortFunc(p.list, func(a, b *Host) int { return cmp.Compare(a.id(), b.id()) })
	for _, h := range p.list {
		for _, name := range []string{h.Name, h.UUID} {
			if name != "" {
				p.hosts[name] = h
			}
		}
		if h.FreeMemory != nil {
			p.free[h] = max(0, *h.FreeMemory)
		}
	}
	for i := range s.Clouds {
		p.clouds[s.Clouds[i].Name] = &s.Clouds[i]
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
	return p
}

// take is how many machines of a profile fit, at most n, and has them take
// their memory. On each the host with the most left is filled first.
func (p *places) take(profile *Profile, n int) int {
	at := p.site(profile.Cloud)
	if !at.short || at.unbounded != "" || profile.Memory <= 0 {
		return n
	}
	for done := range n {
		var best *Host
		for _, h := range at.list {
			if f := p.free[h]; !h.avoided() && f >= profile.Memory && (best == nil || f > p.free[best]) {
				best = h
			}
		}
		if best == nil {
			return done
		}
		p.free[best] -= profile.Memory
	}
	return n
}

// pending has machines that are asked for and do not run yet take their memory.
func (p *places) pending(g *group) { p.take(g.p, g.unplaced) }

// blocked is why no machine of a profile can be placed anywhere now. That is so
// only where all hosts of its cloud are known, and not one is left.
func (p *places) blocked(profile *Profile) (Reason, bool) {
	at, bound := p.site(profile.Cloud), b2i(profile.NetworkBound)
	if !at.all || len(at.avoid[bound]) < at.count {
		return Reason{}, false
	}
	if len(at.avoid[0]) < at.count {
		return Reason{NetworkFull, fmt.Sprintf("the network of every host that could take it is full (%s), where more machines would not help", list(p.names(at.avoid[bound])))}, true
	}
	return Reason{NoHost, fmt.Sprintf("every host raises alarms (%s)", list(p.names(at.avoid[bound])))}, true
}

// unmeasured is why nothing is known of how many machines of a profile fit
// while memory is short on a host that may be its cloud's.
func (p *places) unmeasured(profile *Profile) (Reason, bool) {
	at := p.site(profile.Cloud)
	why := at.unbounded
	if why == "" && profile.Memory <= 0 {
		why = fmt.Sprintf("nobody knows what a machine takes (set profiles.%s.memory)", profile.Name)
	}
	if !at.short || why == "" {
		return Reason{}, false
	}
	return Reason{MemoryUnknown, "memory is short on " + list(p.names(at.shortOn)) + ", and what fits on other hosts is no bound: " + why}, true
}

// where puts hosts and storages into a line, and why.
func (p *places) where(l *Line, profile *Profile) {
	at, bound := p.site(profile.Cloud), b2i(profile.NetworkBound)
	l.Avoid, l.Prefer, l.AvoidStorage = at.avoid[bound], at.prefer[bound], p.storage
	if ids := at.avoid[0]; len(ids) > 0 {
		l.Reasons = append(l.Reasons, Reason{HostAlarm, fmt.Sprintf("not placed on %s, which %s", list(p.names(ids)), p.why(ids))})
	}
	if ids := at.full; bound == 1 && len(ids) > 0 {
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
