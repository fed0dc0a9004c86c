package metrics

import "perfmon/rrd"

// Table finds what the page calls a data source, and its unit, for others
// that show values. It may be used by several goroutines at once.
type Table struct{ mapping *mapping }

// NewTable makes the Table ready.
func NewTable() *Table { return &Table{mustMapping()} }

// DataSource is what the table knows of one data source.
type DataSource struct {
	Metric string // its name on the page, such as xen_vm_vif_receive_bytes_per_second
	Unit   string // of its values, as the toolstack spells it: KiB
	Help   string

	labels, parts []string
	unit          unit
}

// Find is what the table knows of a data source; false if it is none of
// those that the page has a name for.
func (t *Table) Find(e rrd.Entry) (DataSource, bool) {
	k, parts := t.mapping.find(e)
	if k == nil {
		return DataSource{}, false
	}
	return DataSource{Metric: k.family.name, Unit: k.unit.name, Help: k.family.help, labels: k.pattern.labels, parts: parts, unit: k.unit}, true
}

// Part is the part of its name that the page has as a label: "eth0" for pif
// in pif_eth0_rx. It is "" for one that the name does not have.
func (d *DataSource) Part(label string) string {
	for i, l := range d.labels {
		if l == label {
			return d.parts[i]
		}
	}
	return ""
}

// Base converts a value to the base unit: bytes, seconds, fractions of one.
func (d *DataSource) Base(v float64) float64 { return d.unit.base(v) }
