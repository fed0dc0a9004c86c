package top

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"perfmon/alarm"
	"perfmon/monitor/api"
)

// row is a VM or an SR in the table.
type row struct {
	class, uuid string
	name        string // clean
	control     bool   // it is the control domain
	flags       api.Flags
	values      [metrics]float64
	vm          *api.VMOverview // nil for an SR
	sr          *api.SROverview // nil for a VM
}

// rowsOf are the rows of an overview.
func rowsOf(o *api.Overview) []*row {
	list := make([]*row, 0, len(o.VMs)+len(o.SRs))
	for i := range o.VMs {
		v := &o.VMs[i]
		r := &row{class: "vm", uuid: v.UUID, name: v.Name, control: v.ControlDomain, flags: v.Flags, vm: v}
		r.values = [metrics]float64{
			cpu: known(v.CPU), memory: known(v.Memory), contention: known(v.Contention),
			network: sum(known(v.NetRx), known(v.NetTx)), disk: sum(known(v.DiskRead), known(v.DiskWrite)),
		}
		list = append(list, r)
	}
	for i := range o.SRs {
		s := &o.SRs[i]
		r := &row{class: "sr", uuid: s.UUID, name: s.Name, flags: s.Flags, sr: s}
		r.values = [metrics]float64{
			cpu: math.NaN(), network: math.NaN(), contention: known(s.Latency),
			memory: known(s.Used), disk: sum(known(s.Read), known(s.Write)),
		}
		list = append(list, r)
	}
	for _, r := range list {
		r.name = nameOf(r.name, r.uuid)
		r.flags.Maintenance = clean(r.flags.Maintenance)
	}
	return list
}

// nameOf is a name that can be shown, or the beginning of the uuid.
func nameOf(name, uuid string) string {
	if name = clean(name); strings.TrimSpace(name) != "" {
		return name
	}
	uuid = clean(uuid)
	return uuid[:min(8, len(uuid))]
}

// urgency orders rows by their alarms, the worst first.
func (r *row) urgency() float64 {
	u := float64(r.flags.Firing)*1e-3 + float64(r.flags.NoData)*1e-6 + float64(r.flags.Pending)*1e-9
	switch {
	case r.flags.Severity == alarm.Critical:
		u += 3
	case r.flags.Firing > 0:
		u += 2
	case r.flags.NoData > 0:
		u++
	}
	return u
}

// sorting is an order of the rows.
type sorting struct {
	key   string // the key that chooses it
	name  string // for people
	title string // of the sparklines beside it
	spark metric
	value func(*row) float64 // largest first; nil for by name
}

func by(m metric) func(*row) float64 { return func(r *row) float64 { return r.values[m] } }

// sortings are all orders.
var sortings = []sorting{
	{"c", "cpu", "CPU", cpu, by(cpu)},
	{"w", "contention", "WAIT", contention, by(contention)},
	{"m", "memory", "MEM", memory, by(memory)},
	{"n", "network", "NET", network, by(network)},
	{"d", "disk", "DISK", disk, by(disk)},
	{"a", "alarms", "CPU", cpu, (*row).urgency},
	{"N", "name", "CPU", cpu, nil},
}

// SortKeys are the names of all orders.
func SortKeys() []string {
	var names []string
	for _, s := range sortings {
		names = append(names, s.name)
	}
	return names
}

// valueOf is what a row of a list is sorted by. The space and the latency of
// an SR are no memory and no contention of a VM.
func (s *sorting) valueOf(r *row, k kind) float64 {
	if k == all && r.sr != nil && (s.spark == memory || s.spark == contention) {
		return math.NaN()
	}
	return s.value(r)
}

// compare orders two rows of a list; unknown values come last in either
// direction.
func (s *sorting) compare(a, b *row, k kind, reverse bool) int {
	c := 0
	if s.value != nil {
		x, y := s.valueOf(a, k), s.valueOf(b, k)
		switch {
		case math.IsNaN(x) && math.IsNaN(y):
		case math.IsNaN(x):
			return 1
		case math.IsNaN(y):
			return -1
		default:
			c = cmp.Compare(y, x)
		}
	}
	if c == 0 {
		c = cmp.Or(strings.Compare(strings.ToLower(a.name), strings.ToLower(b.name)), strings.Compare(a.uuid, b.uuid))
		if s.value != nil {
			return c // equals stay in the order of names
		}
	}
	if reverse {
		return -c
	}
	return c
}

// kind is which rows are shown.
type kind int

// The kinds.
const (
	all kind = iota
	vms
	srs
	kinds
)

var kindNames = [kinds]string{"VMs and SRs", "VMs", "SRs"}

// choose are the rows of a kind whose name or uuid has the filter, sorted.
func choose(rows []*row, k kind, filter string, s *sorting, reverse bool) []*row {
	filter = strings.ToLower(filter)
	var list []*row
	for _, r := range rows {
		if k == vms && r.vm == nil || k == srs && r.sr == nil {
			continue
		}
		if strings.Contains(strings.ToLower(r.name), filter) || filter != "" && strings.HasPrefix(r.uuid, filter) {
			list = append(list, r)
		}
	}
	slices.SortFunc(list, func(a, b *row) int { return s.compare(a, b, k, reverse) })
	return list
}
