// Package metricstest makes snapshots of large hosts, for tests and
// benchmarks of the metrics page.
package metricstest

import (
	"fmt"
	"math"
	"math/rand/v2"

	"perfmon/monitor"
	"perfmon/rrd"
)

// RowTime is the Unix time of a snapshot's row.
const RowTime = 1766000140

// columns are what a toolstack records of a VM with two virtual CPUs, three
// virtual disks and two interfaces: 30 data sources.
var columns = []string{
	"cpu0", "cpu1", "cpu_usage", "memory", "memory_target", "memory_internal_free",
	"runstate_fullrun", "runstate_full_contention", "runstate_concurrency_hazard", "runstate_blocked", "runstate_partial_run", "runstate_partial_contention",
	"vif_0_rx", "vif_0_tx", "vif_0_rx_errors", "vif_0_tx_errors", "vif_1_rx", "vif_1_tx",
	"vbd_xvda_read", "vbd_xvda_write", "vbd_xvda_read_latency", "vbd_xvda_write_latency",
	"vbd_xvdb_read", "vbd_xvdb_write", "vbd_xvdb_read_latency", "vbd_xvdb_write_latency",
	"vbd_xvdc_read", "vbd_xvdc_write", "vbd_xvdc_iowait", "vbd_xvdc_inflight",
}

// Columns is how many data sources each VM has.
var Columns = len(columns)

// Snapshot is one of a host with so many VMs, each with 30 data sources, in a
// legend that has no other columns. It is the same each time. A tenth of the
// values are 0, as idle disks have it; the others have the 15 digits that a
// toolstack writes, or are whole numbers of bytes.
func Snapshot(vms int) *monitor.Snapshot {
	random := rand.New(rand.NewPCG(2026, 11))
	s := &monitor.Snapshot{Legend: &rrd.Legend{}, Step: 5, Row: rrd.Row{T: RowTime}}
	for range vms {
		uuid := uuid(random)
		for _, name := range columns {
			s.Legend.Entries = append(s.Legend.Entries, rrd.Entry{CF: rrd.Average, Class: rrd.ClassVM, UUID: uuid, Name: name})
			s.Row.Values = append(s.Row.Values, value(random, name))
		}
	}
	return s
}

// Next is the same snapshot with another row.
func Next(s *monitor.Snapshot) *monitor.Snapshot {
	random := rand.New(rand.NewPCG(2026, uint64(s.Row.T)))
	next := *s
	next.Row = rrd.Row{T: s.Row.T, Values: make([]float64, len(s.Row.Values))}
	for i, e := range s.Legend.Entries {
		next.Row.Values[i] = value(random, e.Name)
	}
	return &next
}

func value(random *rand.Rand, name string) float64 {
	switch {
	case random.IntN(10) == 0:
		return 0
	case len(name) >= 6 && name[:6] == "memory":
		return float64(random.IntN(1<<16)) * (1 << 20)
	case name[0] == 'v':
		return digits(random.Float64() * 1e8)
	}
	return digits(random.Float64())
}

// digits leaves 15 digits of a number.
func digits(v float64) float64 {
	if v == 0 {
		return 0
	}
	scale := math.Pow10(14 - int(math.Floor(math.Log10(v))))
	return math.Round(v*scale) / scale
}

func uuid(random *rand.Rand) string {
	a, b := random.Uint64(), random.Uint64()
	return fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", a>>32, a>>16&0xffff, a&0xffff, b>>48, b&(1<<48-1))
}
