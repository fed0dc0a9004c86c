package metrics

import (
	"math"
	"strconv"

	"perfmon/monitor"
	"perfmon/rrd"
)

// objectFamilies are the metrics that come from the inventory.
type objectFamilies struct {
	host, vm, sr *family // names
	size, used   *family // of SRs; the table has them too
}

func newObjectFamilies(m *mapping) objectFamilies {
	return objectFamilies{
		host: newFamily("xen_host_info", "Name of the host; always 1.", uuidLabel, "name"),
		vm:   newFamily("xen_vm_info", "Name of a VM on this host, and whether it is the control domain; always 1.", uuidLabel, "name", "control_domain"),
		sr:   newFamily("xen_sr_info", "Name of an SR that is attached to this host; always 1.", uuidLabel, "name"),
		size: m.exact[rrd.ClassSR+" size"].family,
		used: m.exact[rrd.ClassSR+" physical_utilisation"].family,
	}
}

// own lists the metrics that the table does not have.
func (f objectFamilies) own() []*family { return []*family{f.host, f.vm, f.sr} }

// facts is the part of the page that an inventory gives: the names of what
// belongs to this host now, and the space of SRs. It is made once for each
// Inventory and Legend.
type facts struct {
	rows      *rows
	inventory *monitor.Inventory
	sheet     *sheet // sources are in known
	known     []fact
}

// fact is a value: that of a column if the row has it, or else the one on
// record.
type fact struct {
	column int // -1 for none
	record float64
}

func newFacts(inv *monitor.Inventory, r *rows, families objectFamilies) *facts {
	f := &facts{rows: r, inventory: inv}
	b := newBuilder()
	add := func(family *family, uuid string, value fact, values ...string) {
		f.known = append(f.known, value)
		b.add(b.frame(family, family.pairs(values...)), b.uuid(uuid), int32(len(f.known)-1))
	}
	sizes := newSizes(inv, families)
	for _, c := range r.srs {
		add(c.family, c.uuid, fact{c.column, sizes.take(c.family, c.uuid)})
	}
	for k, record := range sizes {
		add(k.family, k.uuid, fact{-1, record})
	}
	if inv != nil {
		always := fact{-1, 1}
		for o, facts := range inv.Objects {
			if facts == nil || !facts.Resident {
				continue
			}
			switch o.Class {
			case rrd.ClassHost:
				add(families.host, o.UUID, always, facts.Name)
			case rrd.ClassVM:
				add(families.vm, o.UUID, always, facts.Name, strconv.FormatBool(facts.ControlDomain))
			case rrd.ClassSR:
				add(families.sr, o.UUID, always, facts.Name)
			}
		}
	}
	f.sheet = b.sheet()
	return f
}

// sizes are those that the SRs' records say.
type sizes map[sizeOf]float64

type sizeOf struct {
	family *family
	uuid   string
}

// newSizes leaves out a size of 0: that is a record that was never filled in,
// or media that has none.
func newSizes(inv *monitor.Inventory, families objectFamilies) sizes {
	s := make(sizes)
	if inv == nil {
		return s
	}
	for o, facts := range inv.Objects {
		if o.Class != rrd.ClassSR || facts == nil || !facts.Resident || facts.SR == nil || facts.SR.Size <= 0 {
			continue
		}
		s[sizeOf{families.size, o.UUID}] = float64(facts.SR.Size)
		if facts.SR.Utilisation >= 0 {
			s[sizeOf{families.used, o.UUID}] = float64(facts.SR.Utilisation)
		}
	}
	return s
}

// take removes a size; NaN if there is none.
func (s sizes) take(f *family, uuid string) float64 {
	key := sizeOf{f, uuid}
	v, ok := s[key]
	if !ok {
		return math.NaN()
	}
	delete(s, key)
	return v
}

// factValues has the values of facts with a row.
type factValues struct {
	known []fact
	row   row
}

// fetch is part of values.
func (v factValues) fetch(f *family, list []series, to []float64) {
	for i, s := range list {
		k := v.known[s.source]
		to[i] = k.record
		if k.column >= 0 {
			if value := v.row.value(f, k.column); finite(value) {
				to[i] = value
			}
		}
	}
}
