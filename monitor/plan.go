package monitor

import (
	"slices"
	"strings"

	"perfmon/rrd"
)

// plan says which columns of a legend each variable reads, and in what order
// variables are evaluated. It stays true while the legend, the variables and
// the inventory stay what they are.
type plan struct {
	*headings
	serial   int         // of the plans of a monitor
	rows     []*variable // variables with columns in the legend
	gathers  []gather    // of each of them
	gathered []int32     // columns of those where they do not stand side by side
	want     []bool      // columns that some variable reads
	order    []*object   // of this host: VMs in legend order, the host, SRs in legend order

	complaints []complaint
	amiss      map[*variable]bool // those of the complaints
}

// newPlan matches the variables of objects to the columns of a legend, and
// notes what could not be matched. What has not changed since the plan before,
// nil for none, is taken from there.
func newPlan(l *rrd.Legend, objects map[Object]*object, before *plan) *plan {
	p := &plan{serial: 1, amiss: map[*variable]bool{}}
	if before != nil {
		p.serial = before.serial + 1
	}
	if before != nil && before.legend == l {
		p.headings = before.headings
	} else {
		p.headings = headingsOf(l)
	}
	if l != nil {
		p.want = make([]bool, len(l.Entries))
	}
	for _, o := range alarmOrder(p.headings.order, objects) {
		_, o.inLegend = p.columns[o.Object]
		if !o.here() {
			o.blank()
			continue
		}
		p.order = append(p.order, o)
		alike := before != nil && o.planned == before.serial && p.alike(before.headings, o.Object)
		o.planned = p.serial
		p.addAll(o, alike)
	}
	return p
}

// addAll matches the variables of one object; alike says that its data sources
// are those of the plan before.
func (p *plan) addAll(o *object, alike bool) {
	columns := p.columns[o.Object]
	var sources []string
	for _, v := range o.vars {
		if !alike || v.matched.conf != v.conf {
			if sources == nil {
				sources = p.sources(columns)
			}
			v.matched = match(v.conf, o.Object, sources)
		}
		v.columns = v.matched.among(columns)
		p.add(v, o)
	}
}

// add takes up a variable that has been matched.
func (p *plan) add(v *variable, o *object) {
	v.place = -1
	switch {
	case v.matched.err != nil:
		p.complain(complaint{v: v, msg: v.matched.err.Error()})
	case len(v.columns) > 0:
		v.place = len(p.rows)
		p.rows = append(p.rows, v)
		for _, c := range v.columns {
			p.want[c] = true
		}
		p.gathers = append(p.gathers, p.gatherOf(v))
		if v.matched.command {
			p.complain(complaint{v, "not all of its data sources are recorded", v.matched.fix, true})
		}
	case o.inLegend && !v.matched.fromReading:
		p.complain(complaint{v, "no data source of the object matches; the value is unknown", v.matched.fix, v.matched.command})
	}
}

// complaint is something that an operator should mend in a variable, and how
// if that is known.
type complaint struct {
	v        *variable
	msg, fix string
	command  bool // the fix is a command, and does it
}

// severe says whether somebody has to know. Of what an object inherits it may
// well have nothing: not every one of a class has what others have.
func (c complaint) severe() bool { return !c.v.inherited || c.v.matched.err != nil || c.command }

func (p *plan) complain(c complaint) {
	p.complaints = append(p.complaints, c)
	p.amiss[c.v] = true
}

// alarmOrder is the order in which the alarms of one update come out: VMs in
// legend order, the host, SRs in legend order; those without a column last
// within their class, by uuid.
func alarmOrder(inLegend []Object, objects map[Object]*object) []*object {
	position := make(map[Object]int, len(inLegend))
	for i, o := range inLegend {
		position[o] = i + 1
	}
	order := make([]*object, 0, len(objects))
	for _, o := range objects {
		order = append(order, o)
	}
	slices.SortFunc(order, func(a, b *object) int {
		if d := classRank(a.Class) - classRank(b.Class); d != 0 {
			return d
		}
		pa, pb := position[a.Object], position[b.Object]
		switch {
		case pa != 0 && pb != 0:
			return pa - pb
		case pa != pb: // one of them has no column
			return pb - pa
		}
		return strings.Compare(a.UUID, b.UUID)
	})
	return order
}

func classRank(class string) int {
	switch class {
	case rrd.ClassVM:
		return 0
	case rrd.ClassHost:
		return 1
	}
	return 2
}
