package metrics

import (
	"fmt"

	"perfmon/rrd"
)

// kind is a row of the table made ready.
type kind struct {
	pattern pattern
	family  *family
	unit    unit
}

// mapping finds the kind of a data source by its class and name.
type mapping struct {
	kinds  []*kind            // in the table's order
	exact  map[string]*kind   // by class, a space and the name
	class  map[string][]*kind // with parts, in the table's order
	others *family            // for what the table does not have
}

// newMapping makes the table ready. Its errors are mistakes in the table.
func newMapping(sources []source) (*mapping, error) {
	m := &mapping{
		exact: make(map[string]*kind),
		class: make(map[string][]*kind),
		others: newFamily("xen_data_source",
			"Value of a data source that has no metric of its own, in the unit that its maker chose.", "class", uuidLabel, "name"),
	}
	for _, s := range sources {
		p, err := newPattern(s.pattern)
		if err != nil {
			return nil, err
		}
		k := &kind{p, newFamily(s.metric, s.help, append([]string{uuidLabel}, p.labels...)...), s.unit}
		k.family.unit = s.unit
		m.kinds = append(m.kinds, k)
		if len(p.labels) == 0 {
			m.exact[s.class+" "+s.pattern] = k
		} else {
			m.class[s.class] = append(m.class[s.class], k)
		}
	}
	return m, nil
}

// mustMapping is for the table of this package, which a test reads too.
func mustMapping() *mapping {
	m, err := newMapping(sources)
	if err != nil {
		panic(fmt.Sprintf("BUG: table of data sources: %v", err))
	}
	return m
}

// find returns the kind of a data source and the values of its parts, or nil
// if the table does not have it. A name without parts goes before a pattern
// that would take it too.
func (m *mapping) find(e rrd.Entry) (*kind, []string) {
	if k := m.exact[e.Class+" "+e.Name]; k != nil {
		return k, nil
	}
	for _, k := range m.class[e.Class] {
		if values, ok := k.pattern.values(e.Name); ok {
			return k, values
		}
	}
	return nil, nil
}
