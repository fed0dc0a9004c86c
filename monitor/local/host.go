package local

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/shirou/gopsutil/v3/common"
	"github.com/shirou/gopsutil/v3/cpu"
	"github.com/shirou/gopsutil/v3/disk"
	"github.com/shirou/gopsutil/v3/mem"
	"github.com/shirou/gopsutil/v3/net"
)

// This file is the only one that knows gopsutil. Its v4 has the same
// functions.

// host reads the counters of a host whose /proc is at proc.
type host struct {
	proc string
}

// cpuTicks are the clock ticks of one CPU since boot.
type cpuTicks struct {
	name        string // cpu0
	idle, total uint64
}

// memory is in bytes.
type memory struct {
	total, available uint64
}

// nicTotals are those of one network device since it came up.
type nicTotals struct {
	name               string // eth0
	rx, tx             uint64
	rxErrors, txErrors uint64
}

// diskTotals are those of one block device, partitions included, since boot.
type diskTotals struct {
	name                  string // sda, cciss/c0d0
	readBytes, writeBytes uint64
	reads, writes         uint64 // completed requests
	readMillis            uint64 // that these took, together
	writeMillis           uint64
}

// with gives gopsutil its roots. Those of sysfs and /dev lead nowhere on
// purpose: it would look up a serial number and a label for each disk, in
// several files each, which nobody reads here.
func (h host) with(ctx context.Context) context.Context {
	return context.WithValue(ctx, common.EnvKey, common.EnvMap{
		common.HostProcEnvKey: h.proc,
		common.HostSysEnvKey:  "/dev/null/none",
		common.HostDevEnvKey:  "/dev/null/none",
		common.HostRunEnvKey:  "/dev/null/none",
	})
}

// guard turns a panic of gopsutil, which indexes fields without a look at
// how many a line has, into an error.
func guard(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("not in the form the kernel writes: %v", p)
	}
}

func (h host) cpus(ctx context.Context) (_ []cpuTicks, err error) {
	defer guard(&err)
	times, err := cpu.TimesWithContext(h.with(ctx), true)
	if err != nil {
		return nil, fmt.Errorf("read %s/stat: %w", h.proc, err)
	}
	if len(times) == 0 { // gopsutil does not say why
		return nil, fmt.Errorf("read %s/stat: no CPUs in it, or no such file", h.proc)
	}
	cpus := make([]cpuTicks, len(times))
	for i, t := range times {
		idle := ticks(t.Idle) + ticks(t.Iowait)
		busy := ticks(t.User) + ticks(t.Nice) + ticks(t.System) + ticks(t.Irq) + ticks(t.Softirq) + ticks(t.Steal)
		// Time of guests is part of User and Nice.
		cpus[i] = cpuTicks{name: t.CPU, idle: idle, total: idle + busy}
	}
	return cpus, nil
}

// ticks undoes gopsutil's division, so that differences are exact.
func ticks(seconds float64) uint64 {
	return uint64(math.Round(seconds * cpu.ClocksPerSec))
}

func (h host) memory(ctx context.Context) (_ memory, err error) {
	defer guard(&err)
	m, err := mem.VirtualMemoryWithContext(h.with(ctx))
	if err != nil {
		return memory{}, fmt.Errorf("read %s/meminfo: %w", h.proc, err)
	}
	if m.Total == 0 {
		return memory{}, fmt.Errorf("read %s/meminfo: no MemTotal in it, or no such file", h.proc)
	}
	return memory{total: m.Total, available: m.Available}, nil
}

func (h host) nics(ctx context.Context) (_ []nicTotals, err error) {
	defer guard(&err)
	all, err := net.IOCountersWithContext(h.with(ctx), true)
	if err != nil {
		return nil, fmt.Errorf("read %s/net/dev: %w", h.proc, err)
	}
	nics := make([]nicTotals, len(all))
	for i, n := range all {
		nics[i] = nicTotals{name: n.Name, rx: n.BytesRecv, tx: n.BytesSent, rxErrors: n.Errin, txErrors: n.Errout}
	}
	return nics, nil
}

// disks come sorted by name. A device that has had no request since boot is
// not among them.
func (h host) disks(ctx context.Context) (_ []diskTotals, err error) {
	defer guard(&err)
	all, err := disk.IOCountersWithContext(h.with(ctx))
	if err != nil {
		return nil, fmt.Errorf("read %s/diskstats: %w", h.proc, err)
	}
	disks := make([]diskTotals, 0, len(all))
	for name, d := range all {
		disks = append(disks, diskTotals{
			name:      name,
			readBytes: d.ReadBytes, writeBytes: d.WriteBytes,
			reads: d.ReadCount, writes: d.WriteCount,
			readMillis: d.ReadTime, writeMillis: d.WriteTime,
		})
	}
	slices.SortFunc(disks, func(a, b diskTotals) int { return strings.Compare(a.name, b.name) })
	return disks, nil
}
