package api

import (
	"slices"
	"strings"

	"perfmon/scaling/rubber"
	"perfmon/scaling/rubber/plan"
)

// crowd is all machines of one status, ordered and counted once for all who
// ask. It is read only.
type crowd struct {
	of      *rubber.Status
	order   []*rubber.MachineStatus // those first that somebody should see
	states  map[string]int
	trouble int
	onHost  map[string]int    // by what the cloud calls the host
	names   map[string]string // of hosts, by uuid
}

// crowd is that of a status; the last one is kept.
func (s *Service) crowd(of *rubber.Status) *crowd {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last == nil || s.last.of != of {
		s.last = newCrowd(of)
	}
	return s.last
}

func newCrowd(of *rubber.Status) *crowd {
	c := &crowd{of: of, order: make([]*rubber.MachineStatus, len(of.Machines)), states: map[string]int{}, onHost: map[string]int{}, names: map[string]string{}}
	for i := range of.Machines {
		m := &of.Machines[i]
		c.order[i] = m
		c.states[string(m.State)]++
		if inTrouble(m) {
			c.trouble++
		}
		if m.Host != "" {
			c.onHost[m.Host]++
		}
	}
	for i := range of.Hosts.Hosts {
		if h := &of.Hosts.Hosts[i]; h.Name != "" {
			c.names[h.UUID] = h.Name
		}
	}
	slices.SortStableFunc(c.order, func(a, b *rubber.MachineStatus) int { return rankOf(a) - rankOf(b) })
	return c
}

// rankOf is lower for what somebody should see first. Equals stay in the order
// of their age.
func rankOf(m *rubber.MachineStatus) int {
	switch {
	case m.Overdue:
		return 0
	case m.Trouble != nil:
		return 1
	case m.Protect != "":
		return 2 // somebody has to think of ending that
	case m.State != plan.Ready && m.State != plan.Warm:
		return 3
	}
	return 4
}

func inTrouble(m *rubber.MachineStatus) bool { return m.Overdue || m.Trouble != nil }

// on is how many machines are on a host, by its uuid or its name: clouds say
// either.
func (c *crowd) on(uuid, name string) int {
	n := c.onHost[uuid]
	if name != "" && name != uuid {
		n += c.onHost[name]
	}
	return n
}

// fit is those that are asked for, in the order of the crowd, and how many
// there would be in each state.
func (c *crowd) fit(q wanted) (fit []*rubber.MachineStatus, states map[string]int) {
	states = map[string]int{}
	for _, m := range c.order {
		if q.profile != "" && m.Profile != q.profile || q.cloud != "" && m.Cloud != q.cloud || q.trouble && !inTrouble(m) ||
			q.host != "" && m.Host != q.host && (m.Host == "" || c.names[m.Host] != q.host && c.names[q.host] != m.Host) || q.text != "" && !c.has(m, q.text) {
			continue
		}
		states[string(m.State)]++
		if q.state == "" || string(m.State) == q.state {
			fit = append(fit, m)
		}
	}
	return fit, states
}

// has says whether a text is in what a machine is told by. It is in lower case.
func (c *crowd) has(m *rubber.MachineStatus, text string) bool {
	for _, word := range []string{m.Name, m.Profile, string(m.State), m.ID, m.Intent, m.Host, c.names[m.Host], m.Cloud} {
		if strings.Contains(strings.ToLower(word), text) {
			return true
		}
	}
	return false
}

// first is the first machines of the crowd, and among them the one that was
// named, if there is one.
func (c *crowd) first(n int, named string) []*rubber.MachineStatus {
	list := c.order[:min(n, len(c.order))]
	if named == "" {
		return list
	}
	m := c.of.Machine(named)
	if m == nil || slices.Contains(list, m) {
		return list
	}
	return append([]*rubber.MachineStatus{m}, list...)
}
