package metrics

import (
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
		host: newFamily("xen_host_info", "Name of the host; always 1.", "uuid", "name"),
		vm:   newFamily("xen_vm_info", "Name of a VM on this host, and whether it is the control domain; always 1.", "uuid", "name", "control_domain"),
		sr:   newFamily("xen_sr_info", "Name of an SR that is attached to this host; always 1.", "uuid", "name"),
		size: m.exact[rrd.ClassSR+" size"].family,
		used: m.exact[rrd.ClassSR+" physical_utilisation"].family,
	}
}

// own lists the metrics that the table does not have.
func (f objectFamilies) own() []*family { return []*family{f.host, f.vm, f.sr} }

// collect sends the names of what belongs to this host now, and the space of
// those SRs whose newest row does not say it: most kinds of SR have no rows.
func (f objectFamilies) collect(out *page, inv *monitor.Inventory, p *plan, row rrd.Row) {
	if inv == nil {
		return
	}
	for o, facts := range inv.Objects {
		if facts == nil || !facts.Resident {
			continue
		}
		switch o.Class {
		case rrd.ClassHost:
			out.send(f.host, 1, o.UUID, facts.Name)
		case rrd.ClassVM:
			out.send(f.vm, 1, o.UUID, facts.Name, strconv.FormatBool(facts.ControlDomain))
		case rrd.ClassSR:
			out.send(f.sr, 1, o.UUID, facts.Name)
			f.space(out, o.UUID, facts.SR, p, row)
		}
	}
}

// space sends what an SR's record says. A size of 0 is a record that was
// never filled in, or media that has none.
func (f objectFamilies) space(out *page, uuid string, record *monitor.SRFacts, p *plan, row rrd.Row) {
	if record == nil || record.Size <= 0 {
		return
	}
	if !p.knows(f.size, uuid, row) {
		out.send(f.size, float64(record.Size), uuid)
	}
	if record.Utilisation >= 0 && !p.knows(f.used, uuid, row) {
		out.send(f.used, float64(record.Utilisation), uuid)
	}
}
