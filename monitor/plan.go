package monitor

import (
	"slices"
	"strings"

	"perfmon/monitor/config"
	"perfmon/rrd"
)

// plan says which columns of a legend each variable reads, and in what order
// variables are evaluated. It stays true while the legend, the variables and
// the inventory stay what they are.
type plan struct {
	legend *rrd.Legend
	rows   []*variable // variables with columns in the legend
	want   []bool      // columns that some variable reads
	order  []*object   // of this host: VMs in legend order, the host, SRs in legend order

	complaints []complaint
	amiss      map[*variable]bool // those of the complaints
}

// columnsOf groups the columns of a legend by object, in legend order. Only
// averages count; a heading that stands twice counts once.
func columnsOf(l *rrd.Legend) (map[Object][]int, []Object) {
	columns := make(map[Object][]int)
	var order []Object
	seen := make(map[rrd.Entry]bool, len(l.Entries))
	for i, e := range l.Entries {
		if e.CF != rrd.Average || seen[e] {
			continue
		}
		seen[e] = true
		o := Object{e.Class, e.UUID}
		if _, ok := columns[o]; !ok {
			order = append(order, o)
		}
		columns[o] = append(columns[o], i)
	}
	return columns, order
}

// newPlan matches the variables of objects to the columns of a legend, and
// notes what could not be matched.
func newPlan(l *rrd.Legend, objects map[Object]*object) *plan {
	p := &plan{legend: l, amiss: map[*variable]bool{}}
	var columns map[Object][]int
	var inLegend []Object
	if l != nil {
		columns, inLegend = columnsOf(l)
		p.want = make([]bool, len(l.Entries))
	}
	for _, o := range alarmOrder(inLegend, objects) {
		_, o.inLegend = columns[o.Object]
		if !o.here() {
			o.blank()
			continue
		}
		p.order = append(p.order, o)
		for _, v := range o.vars {
			p.add(v, o, columns[o.Object])
		}
	}
	return p
}

// add matches one variable to the columns of its object.
func (p *plan) add(v *variable, o *object, cols []int) {
	v.columns, v.fromReading, v.matchErr = match(v.conf, o.Object, p.legend, cols)
	switch {
	case v.matchErr != nil:
		p.complain(complaint{v: v, msg: v.matchErr.Error()})
	case len(v.columns) > 0:
		p.rows = append(p.rows, v)
		for _, c := range v.columns {
			p.want[c] = true
		}
		if fix, command := config.RecordHint(o.Class, o.UUID, v.conf, p.sources(cols)); command {
			p.complain(complaint{v, "not all of its data sources are recorded", fix, true})
		}
	case o.inLegend && !v.fromReading:
		fix, command := config.RecordHint(o.Class, o.UUID, v.conf, p.sources(cols))
		p.complain(complaint{v, "no data source of the object matches; the value is unknown", fix, command})
	}
}

// sources are the names of the data sources of some columns.
func (p *plan) sources(cols []int) []string {
	names := make([]string, len(cols))
	for i, c := range cols {
		names[i] = p.legend.Entries[c].Name
	}
	return names
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
func (c complaint) severe() bool { return !c.v.inherited || c.v.matchErr != nil || c.command }

func (p *plan) complain(c complaint) {
	p.complaints = append(p.complaints, c)
	p.amiss[c.v] = true
}

// match returns the columns of one object that a variable reads, or that it
// is not read from rows.
func match(c *config.Variable, o Object, l *rrd.Legend, cols []int) (columns []int, fromReading bool, err error) {
	if c.Fold == config.SRUsage {
		used, size := named(l, cols, "physical_utilisation"), named(l, cols, "size")
		if used >= 0 && size >= 0 {
			return []int{used, size}, false, nil
		}
		// A classic SR exports no rows; its record says the same.
		return nil, o.Class == rrd.ClassSR, nil
	}
	if c.Fold.Reading() {
		return nil, true, nil
	}
	if c.Pattern == nil {
		return nil, false, nil
	}
	for _, i := range cols {
		ok, err := c.Pattern.Match(l.Entries[i].Name)
		if err != nil {
			return nil, false, err
		}
		if ok {
			columns = append(columns, i)
		}
	}
	return columns, false, nil
}

// named finds a data source by name among columns, -1 for none.
func named(l *rrd.Legend, cols []int, name string) int {
	for _, i := range cols {
		if l.Entries[i].Name == name {
			return i
		}
	}
	return -1
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
