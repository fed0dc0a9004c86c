package metrics

import (
	"math"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"perfmon/rrd"
)

// plan says for one legend which series its columns are. It is made once for
// each Legend and is not changed after.
type plan struct {
	legend *rrd.Legend
	series []series
	srs    map[owned]int // index of an SR's series
}

// owned names a series of an object that has only one in the family.
type owned struct {
	family *family
	uuid   string // as the legend has it
}

// series is one column's place on the page.
type series struct {
	column int
	family *family
	labels []*dto.LabelPair
	unit   unit
}

// newPlan looks at the AVERAGE columns: the page shows how things were, not
// the extremes of archives. A column that would be the same series as one
// before it (a data source that a legend names twice) is left out, since a
// page with two equal series cannot be read at all.
func newPlan(l *rrd.Legend, m *mapping) *plan {
	p := &plan{legend: l, srs: make(map[owned]int)}
	taken := make(map[string]bool, len(l.Entries))
	for i, e := range l.Entries {
		if e.CF != rrd.Average {
			continue
		}
		s := series{column: i, family: m.others, unit: plain}
		if k, values := m.find(e); k != nil {
			s.family, s.unit = k.family, k.unit
			s.labels = s.family.pairs(append([]string{e.UUID}, values...)...)
		} else {
			s.labels = s.family.pairs(e.Class, e.UUID, e.Name)
		}
		id := identity(s.family, s.labels)
		if taken[id] {
			continue
		}
		taken[id] = true
		if e.Class == rrd.ClassSR && s.family != m.others {
			p.srs[owned{s.family, e.UUID}] = len(p.series)
		}
		p.series = append(p.series, s)
	}
	return p
}

// identity is what makes two series the same one. Label values are valid
// UTF-8, so a byte that is none keeps them apart.
func identity(f *family, labels []*dto.LabelPair) string {
	var b strings.Builder
	b.WriteString(f.name)
	for _, l := range labels {
		b.WriteByte(0xff)
		b.WriteString(l.GetValue())
	}
	return b.String()
}

// collect sends what is known of a row. A value that is missing, NaN or
// infinite is unknown and has no series.
func (p *plan) collect(ch chan<- prometheus.Metric, row rrd.Row) {
	for _, s := range p.series {
		if v, ok := s.value(row); ok {
			ch <- gauge{s.family, s.labels, v}
		}
	}
}

// knows says whether a row has a value for an SR.
func (p *plan) knows(f *family, uuid string, row rrd.Row) bool {
	i, ok := p.srs[owned{f, uuid}]
	if !ok {
		return false
	}
	_, known := p.series[i].value(row)
	return known
}

// value is in the base unit; false means unknown.
func (s series) value(row rrd.Row) (float64, bool) {
	if s.column >= len(row.Values) {
		return 0, false
	}
	v := s.unit.base(row.Values[s.column])
	return v, finite(v)
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
