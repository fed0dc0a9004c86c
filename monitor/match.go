package monitor

import (
	"slices"

	"perfmon/monitor/config"
	"perfmon/rrd"
)

// matching is which of an object's data sources a variable reads. It holds for
// as long as neither the variable nor the names of the object's sources change,
// wherever in a legend they stand. The zero value is of no variable.
type matching struct {
	conf        *config.Variable // that it is of
	places      []int            // among the object's columns
	fromReading bool             // it is not read from rows
	err         error            // why the pattern could not be tried

	// What an operator could do about sources that are missing, "" for
	// nothing; command says that it is a command, and does it.
	fix     string
	command bool
}

// match tries a variable on the data sources of an object.
func match(c *config.Variable, o Object, sources []string) matching {
	m := matching{conf: c}
	if c.Fold == config.SRUsage {
		used, size := slices.Index(sources, "physical_utilisation"), slices.Index(sources, "size")
		if used >= 0 && size >= 0 {
			m.places = []int{used, size}
		} else {
			// A classic SR exports no rows; its record says the same.
			m.fromReading = o.Class == rrd.ClassSR
		}
	} else if c.Fold.Reading() {
		m.fromReading = true
	} else if c.Pattern != nil {
		m.try(sources)
	}
	if m.err == nil {
		m.fix, m.command = config.RecordHint(o.Class, o.UUID, c, sources)
	}
	return m
}

// try finds the sources that the pattern matches.
func (m *matching) try(sources []string) {
	for i, name := range sources {
		ok, err := m.conf.Pattern.Match(name)
		if err != nil {
			m.places, m.err = nil, err
			return
		}
		if ok {
			m.places = append(m.places, i)
		}
	}
}

// among are the columns that the places are, of all that an object has.
func (m *matching) among(columns []int) []int {
	if len(m.places) == 0 {
		return nil
	}
	mine := make([]int, len(m.places))
	for i, place := range m.places {
		mine[i] = columns[place]
	}
	return mine
}
