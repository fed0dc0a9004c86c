package monitor

import (
	"context"
	"log/slog"
	"maps"
	"slices"

	"perfmon/rrd"
)

// usePlan makes a plan for a legend, unless the one in force is for it. The
// answer may still turn out broken: who relies on it calls accept.
func (m *Monitor) usePlan(l *rrd.Legend) {
	if m.plan != nil && m.plan.legend == l {
		return
	}
	if l != nil && m.inv != nil {
		for _, e := range l.Entries { // objects that are just arriving
			key := Object{e.Class, e.UUID}
			if m.inv.Objects[key] != nil && m.objects[key] == nil {
				m.object(key)
			}
		}
	}
	before := m.plan
	if before == nil {
		before = m.outdated
	}
	m.plan, m.outdated = newPlan(l, m.objects, before), nil
}

// outdate has a new plan made: something has changed that the one in force is
// made of.
func (m *Monitor) outdate() {
	if m.plan != nil {
		m.plan, m.outdated = nil, m.plan
	}
}

// accept makes a plan for the legend of a whole answer, and says once what
// cannot be monitored.
func (m *Monitor) accept(l *rrd.Legend) {
	m.usePlan(l)
	if l != nil && l != m.accepted {
		m.reportHeadings(l)
	}
	m.accepted = l
	m.reportComplaints()
	for _, v := range m.plan.rows {
		if !m.plan.amiss[v] {
			v.told = ""
		}
	}
}

// maxAlike is of how many objects that inherit a variable it is told at once
// that they cannot be monitored.
const maxAlike = 10

// reportComplaints says what is new of the plan's complaints. When all objects
// of a class inherit a variable and lack the same, the first few stand for
// them.
func (m *Monitor) reportComplaints() {
	type kind struct{ class, variable string }
	alike := make(map[kind]int)
	for _, c := range m.plan.complaints {
		said := c.msg + c.fix
		if c.v.told == said {
			continue
		}
		c.v.told = said
		level := slog.LevelWarn
		if !c.severe() {
			level = slog.LevelDebug
		} else if c.v.inherited {
			k := kind{c.v.id.Class, c.v.conf.Name}
			if alike[k]++; alike[k] > maxAlike {
				level = slog.LevelDebug
			}
		}
		m.log.Log(context.Background(), level, "variable: "+c.msg, "class", c.v.id.Class, "uuid", c.v.id.UUID, "variable", c.v.conf.Name, "fix", c.fix)
	}
	for k, n := range alike {
		if n > maxAlike {
			m.log.Warn("variable: the same on more objects that inherit it", "class", k.class, "variable", k.variable, "objects", n-maxAlike)
		}
	}
}

// hostOf adopts the uuid of the host that a legend names, when it is another
// one than in the legend before. Variables can change by that.
func (m *Monitor) hostOf(l *rrd.Legend) {
	if l == m.hostSought {
		return
	}
	m.hostSought = l
	i := slices.IndexFunc(l.Entries, func(e rrd.Entry) bool { return e.Class == rrd.ClassHost })
	if i < 0 || l.Entries[i].UUID == m.legendHost {
		return
	}
	m.legendHost = l.Entries[i].UUID
	m.adoptHost(m.legendHost)
	m.configurePerHost()
	m.outdate()
}

// Limits of what is told of bad headings.
const (
	maxToldHeadings = 50  // texts
	maxHeadingText  = 200 // bytes of one
)

// reportHeadings says which columns are ignored for their headings, each text
// once.
func (m *Monitor) reportHeadings(l *rrd.Legend) {
	untold := 0
	for _, i := range slices.Sorted(maps.Keys(l.Bad)) {
		text := l.Bad[i][:min(len(l.Bad[i]), maxHeadingText)]
		switch {
		case m.toldHeadings[text]:
			continue
		case len(m.toldHeadings) < maxToldHeadings:
			m.toldHeadings[text] = true
			m.log.Warn("a column is ignored: its legend entry does not have four parts", "column", i, "entry", text)
		default:
			untold++
		}
		m.metrics.badHeadings.Inc()
	}
	if untold > 0 && !m.toldEnough {
		m.toldEnough = true
		m.log.Warn("more columns are ignored for their legend entries", "columns", untold)
	}
}
