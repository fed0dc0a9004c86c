package api

import (
	"math"
	"strings"

	"perfmon/monitor"
	"perfmon/monitor/metrics"
	"perfmon/rrd"
)

// role is what a data source is to the overview. Values of one role and one
// object are added up, or their mean is taken.
type role uint8

const (
	cpuMean role = iota
	cpuEach
	cpuLoad
	loadAverage
	memoryTotal
	memoryFree
	memoryHas
	netRxAll
	netTxAll
	netRx
	netTx
	diskRead
	diskWrite
	diskReadCounted // the same by another plugin, which may be the only one
	diskWriteCounted
	waited // for a processor
	latency
	size
	used
	roles // how many there are
)

// roleOf has the metrics that the overview is made of, by their names on the
// metrics page.
var roleOf = map[string]role{
	"xen_host_cpu_usage_average_ratio":                 cpuMean,
	"xen_host_cpu_usage_ratio":                         cpuEach,
	"xen_host_load_ratio":                              cpuLoad,
	"xen_host_load_average":                            loadAverage,
	"xen_host_memory_total_bytes":                      memoryTotal,
	"xen_host_memory_free_bytes":                       memoryFree,
	"xen_host_network_receive_bytes_per_second":        netRxAll,
	"xen_host_network_transmit_bytes_per_second":       netTxAll,
	"xen_host_pif_receive_bytes_per_second":            netRx,
	"xen_host_pif_transmit_bytes_per_second":           netTx,
	"xen_host_sr_read_bytes_per_second":                diskRead,
	"xen_host_sr_write_bytes_per_second":               diskWrite,
	"xen_host_sr_io_throughput_read_bytes_per_second":  diskReadCounted,
	"xen_host_sr_io_throughput_write_bytes_per_second": diskWriteCounted,
	"xen_host_sr_latency_seconds":                      latency,
	"xen_host_disk_read_bytes_per_second":              diskRead,
	"xen_host_disk_write_bytes_per_second":             diskWrite,
	"xen_vm_cpu_usage_average_ratio":                   cpuMean,
	"xen_vm_cpu_usage_ratio":                           cpuEach,
	"xen_vm_memory_bytes":                              memoryHas,
	"xen_vm_memory_free_bytes":                         memoryFree,
	"xen_vm_vif_receive_bytes_per_second":              netRx,
	"xen_vm_vif_transmit_bytes_per_second":             netTx,
	"xen_vm_vbd_read_bytes_per_second":                 diskRead,
	"xen_vm_vbd_write_bytes_per_second":                diskWrite,
	"xen_vm_vbd_io_throughput_read_bytes_per_second":   diskReadCounted,
	"xen_vm_vbd_io_throughput_write_bytes_per_second":  diskWriteCounted,
	"xen_vm_runstate_ratio":                            waited,
	"xen_sr_size_bytes":                                size,
	"xen_sr_physical_utilisation_bytes":                used,
}

// means are the roles of which the mean is taken.
var means = [roles]bool{cpuEach: true}

// headlines says for one legend which columns the overview is made of. It is
// made once for each Legend and is not changed after.
type headlines struct {
	legend  *rrd.Legend
	objects []monitor.Object       // of the legend, in its order
	slot    map[monitor.Object]int // where each of them has its sums
	slots   int
	cpus    []int // by slot: columns of one processor
	columns []headline
	sources []metrics.DataSource // what the columns are of, one for each metric and unit
}

// headline is a column of the overview. There is one for nearly every column
// of a large host, so it is small.
type headline struct {
	column, slot int32
	source       uint16 // among the sources
	role         role
}

// ofSR is under which key a host's columns about an SR are added up: their
// names have the first eight digits of its uuid.
func ofSR(uuid string) monitor.Object {
	return monitor.Object{Class: "of " + rrd.ClassSR, UUID: uuid[:min(8, len(uuid))]}
}

func newHeadlines(l *rrd.Legend, table *metrics.Table) *headlines {
	h := &headlines{legend: l, slot: map[monitor.Object]int{}}
	if l == nil {
		return h
	}
	repeats := l.Repeats()
	sources := map[[2]string]uint16{}
	for i, e := range l.Entries {
		if e.CF != rrd.Average || repeats[i] {
			continue
		}
		owner := monitor.Object{Class: e.Class, UUID: e.UUID}
		if _, known := h.slot[owner]; !known && e.Class != "" {
			h.objects = append(h.objects, owner)
			h.at(owner)
		}
		source, ok := table.Find(e)
		if !ok {
			continue
		}
		r, ok := roleOf[source.Metric]
		if !ok || counted(r, e.Name, &source) {
			continue
		}
		kind := [2]string{source.Metric, source.Unit}
		n, known := sources[kind]
		if !known {
			n = uint16(len(h.sources))
			sources[kind], h.sources = n, append(h.sources, source)
		}
		h.add(i, owner, r, n)
		if sr := source.Part("sr"); sr != "" {
			h.add(i, ofSR(sr), r, n)
		}
	}
	return h
}

// counted says whether the values of a column are in those of another: a bond
// carries what its interfaces do, a volume what its disks do. Only two of the
// run states are time that was waited.
func counted(r role, name string, source *metrics.DataSource) bool {
	switch r {
	case netRx, netTx:
		return strings.HasPrefix(source.Part("pif"), "bond")
	case diskRead, diskWrite:
		disk := source.Part("device")
		return strings.HasPrefix(name, "disk_") && (strings.HasPrefix(disk, "dm-") || strings.HasPrefix(disk, "md"))
	case waited:
		state := source.Part("state")
		return state != "full_contention" && state != "partial_contention"
	}
	return false
}

// at is the slot of a key, made when it is first asked for.
func (h *headlines) at(key monitor.Object) int {
	slot, ok := h.slot[key]
	if !ok {
		slot = h.slots
		h.slot[key] = slot
		h.slots++
		h.cpus = append(h.cpus, 0)
	}
	return slot
}

func (h *headlines) add(column int, key monitor.Object, r role, source uint16) {
	slot := h.at(key)
	if r == cpuEach {
		h.cpus[slot]++
	}
	h.columns = append(h.columns, headline{int32(column), int32(slot), source, r})
}

// sums are the values of one row, by slot and role.
type sums struct {
	*headlines
	values []float64
	known  []int // how many values are in each
}

// sum adds up a row; nothing is known with one that has no values.
func (h *headlines) sum(row rrd.Row) sums {
	s := sums{h, make([]float64, h.slots*int(roles)), make([]int, h.slots*int(roles))}
	for i := range h.columns {
		c := &h.columns[i]
		if int(c.column) >= len(row.Values) {
			continue
		}
		v := h.sources[c.source].Base(row.Values[c.column])
		if math.IsNaN(v) || math.IsInf(v, 0) {
			continue
		}
		at := int(c.slot)*int(roles) + int(c.role)
		s.values[at] += v
		s.known[at]++
	}
	for i, n := range s.known {
		if n > 1 && means[i%int(roles)] {
			s.values[i] /= float64(n)
		}
	}
	return s
}

// of is the value of an object, nil if it is unknown. Of several roles the
// first counts that is known.
func (s sums) of(key monitor.Object, wanted ...role) *float64 {
	slot, ok := s.slot[key]
	if !ok {
		return nil
	}
	for _, r := range wanted {
		if at := slot*int(roles) + int(r); s.known[at] > 0 && !math.IsInf(s.values[at], 0) {
			return &s.values[at]
		}
	}
	return nil
}

// processors is how many processors of an object have a column.
func (s sums) processors(key monitor.Object) int {
	slot, ok := s.slot[key]
	if !ok {
		return 0
	}
	return s.cpus[slot]
}
