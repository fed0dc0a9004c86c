package metrics

import (
	"math"

	"perfmon/rrd"
)

// rows is the part of the page that the columns of a legend are. It is made
// once for each Legend and is not changed after.
type rows struct {
	legend *rrd.Legend
	sheet  *sheet // sources are columns
	srs    []srColumn
}

// srColumn is a column that says how large an SR is. Such series are not of
// this sheet but of the facts', since the toolstack's record of the SR stands
// in for a column.
type srColumn struct {
	family *family
	uuid   string // as the legend has it
	column int
}

// newRows looks at the AVERAGE columns: the page shows how things were, not
// the extremes of archives. Of a data source that a legend names twice the
// first column counts.
func newRows(l *rrd.Legend, m *mapping) *rows {
	r := &rows{legend: l}
	b := newBuilder()
	if l != nil {
		// The same names come again with each object.
		type name struct{ class, name string }
		frames := make(map[name]int32)
		for i, e := range l.Entries {
			if e.CF != rrd.Average {
				continue
			}
			if f := m.srFamily(e); f != nil {
				r.srs = append(r.srs, srColumn{f, e.UUID, i})
				continue
			}
			key := name{e.Class, e.Name}
			frame, ok := frames[key]
			if !ok {
				frame = b.frame(m.labelled(e))
				frames[key] = frame
			}
			b.add(frame, b.uuid(e.UUID), int32(i))
		}
	}
	r.sheet = b.sheet()
	return r
}

// labelled is the family of a data source and its labels but for the uuid.
func (m *mapping) labelled(e rrd.Entry) (*family, []pair) {
	if k, values := m.find(e); k != nil {
		return k.family, k.family.pairs(values...)
	}
	return m.others, m.others.pairs(e.Class, e.Name)
}

// srFamily is the family of a column that facts are about too, or nil.
func (m *mapping) srFamily(e rrd.Entry) *family {
	if e.Class != rrd.ClassSR {
		return nil
	}
	if k := m.exact[e.Class+" "+e.Name]; k != nil {
		return k.family
	}
	return nil
}

// row has the values of a row's columns; nothing is known of the zero one.
type row []float64

// fetch is part of values.
func (r row) fetch(f *family, list []series, to []float64) {
	u := f.unit
	for i, s := range list {
		if to[i] = math.NaN(); int(s.source) < len(r) {
			to[i] = u.base(r[s.source])
		}
	}
}

func (r row) value(f *family, column int) float64 {
	if column >= len(r) {
		return math.NaN()
	}
	return f.unit.base(r[column])
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
