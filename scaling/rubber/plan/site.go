package plan

import (
	"cmp"
	"fmt"
	"slices"
)

// site is what hosts mean to new machines of one cloud.
type site struct {
	list      []*Host // in the order of uuids; those of other clouds as well where it is not known which are the cloud's
	count     int     // hosts that the cloud has
	all       bool    // these are all of them, whether or not their agents are heard
	avoid     [2][]string
	prefer    [2][]string
	full      []string // hosts with a full network and no alarm
	short     bool     // memory is short somewhere
	shortOn   []string
	unbounded string // why what is free on the hosts that are not avoided is no bound; "": it is
}

// site is that of a cloud. Where it is not known which hosts a cloud has, those
// that raise alarms are avoided and nothing else follows: they may be another
// cloud's, and there may be others without an agent.
func (p *places) site(name string) *site {
	if at := p.sites[name]; at != nil {
		return at
	}
	at := &site{}
	p.sites[name] = at
	c := p.clouds[name]
	var unheard []string
	if c == nil || len(c.Hosts) == 0 {
		at.list = p.list
		at.unbounded = fmt.Sprintf("nobody knows which hosts cloud %q has", name)
	} else {
		at.list, unheard = p.those(c)
		at.count, at.all = len(c.Hosts), !p.partial
	}
	at.order()
	for _, h := range at.list {
		if h.MemoryShort {
			at.short, at.shortOn = true, append(at.shortOn, h.id())
		}
		if !h.avoided() && h.FreeMemory == nil {
			unheard = append(unheard, h.name())
		}
	}
	switch {
	case at.unbounded != "":
	case p.partial:
		at.unbounded = "planner.partial_hosts says that there are hosts without an agent"
	case len(unheard) > 0:
		at.unbounded = fmt.Sprintf("nobody knows what is free on %s", list(unheard))
	}
	return at
}

// those are the hosts of a cloud that are heard of, and the names of the others.
func (p *places) those(c *Cloud) (heard []*Host, unheard []string) {
	for _, names := range c.Hosts {
		i := slices.IndexFunc(names, func(name string) bool { return p.hosts[name] != nil })
		switch {
		case i >= 0:
			heard = append(heard, p.hosts[names[i]])
		case len(names) > 0:
			unheard = append(unheard, names[len(names)-1])
		}
	}
	slices.SortFunc(heard, func(a, b *Host) int { return cmp.Compare(a.id(), b.id()) })
	slices.Sort(unheard)
	return slices.Compact(heard), unheard
}

// order makes the lists of hosts to avoid and to prefer, for profiles that need
// the network (1) and for others (0).
func (at *site) order() {
	for bound := range 2 {
		var good []*Host
		for _, h := range at.list {
			if h.avoided() || bound == 1 && h.NetworkSaturated {
				at.avoid[bound] = append(at.avoid[bound], h.id())
				if !h.avoided() {
					at.full = append(at.full, h.id())
				}
			} else if !h.Silent {
				good = append(good, h)
			}
		}
		slices.SortStableFunc(good, func(a, b *Host) int {
			return cmp.Or(cmp.Compare(b2i(a.NetworkSaturated), b2i(b.NetworkSaturated)), cmp.Compare(freeOf(b), freeOf(a)))
		})
		for _, h := range good {
			at.prefer[bound] = append(at.prefer[bound], h.id())
		}
	}
}
