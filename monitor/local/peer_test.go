package local

import (
	"context"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/shirou/gopsutil/v3/common"
	"github.com/shirou/gopsutil/v3/cpu"
	"github.com/shirou/gopsutil/v3/disk"
	"github.com/shirou/gopsutil/v3/mem"
	"github.com/shirou/gopsutil/v3/net"
)

// counters are all that is read of a host, by device: "disk sda".
type counters map[string][maxCounters]uint64

// ours reads with the parsers of this package.
func ours(t testing.TB, h *host) counters {
	t.Helper()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	c := counters{}
	cpus, err := h.cpus()
	check(err)
	for _, n := range cpus {
		c["cpu "+string(n.name)] = [maxCounters]uint64{n.idle, n.total}
	}
	m, err := h.memory(t.Context())
	check(err)
	c["memory"] = [maxCounters]uint64{m.total, m.available}
	nics, err := h.nics()
	check(err)
	for _, n := range nics {
		c["nic "+string(n.name)] = [maxCounters]uint64{n.rx, n.tx, n.rxErrors, n.txErrors}
	}
	disks, err := h.disks()
	check(err)
	for _, d := range disks {
		c["disk "+string(d.name)] = [maxCounters]uint64{sectorSize * d.readSectors, sectorSize * d.writeSectors, d.reads, d.writes, d.readMillis, d.writeMillis}
	}
	return c
}

// theirs reads the same with gopsutil.
func theirs(t testing.TB, proc string) counters {
	t.Helper()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	// Roots that lead nowhere: it looks up labels of disks there.
	ctx := context.WithValue(t.Context(), common.EnvKey, common.EnvMap{
		common.HostProcEnvKey: proc, common.HostSysEnvKey: "/dev/null/none",
		common.HostDevEnvKey: "/dev/null/none", common.HostRunEnvKey: "/dev/null/none",
	})
	c := counters{}
	cpus, err := cpu.TimesWithContext(ctx, true)
	check(err)
	ticks := func(seconds ...float64) (sum uint64) {
		for _, s := range seconds {
			sum += uint64(math.Round(s * cpu.ClocksPerSec))
		}
		return sum
	}
	for _, n := range cpus {
		idle := ticks(n.Idle, n.Iowait)
		c["cpu "+n.CPU] = [maxCounters]uint64{idle, idle + ticks(n.User, n.Nice, n.System, n.Irq, n.Softirq, n.Steal)}
	}
	m, err := mem.VirtualMemoryWithContext(ctx)
	check(err)
	c["memory"] = [maxCounters]uint64{m.Total / 1024, m.Available / 1024}
	nics, err := net.IOCountersWithContext(ctx, true)
	check(err)
	for _, n := range nics {
		c["nic "+n.Name] = [maxCounters]uint64{n.BytesRecv, n.BytesSent, n.Errin, n.Errout}
	}
	disks, err := disk.IOCountersWithContext(ctx)
	check(err)
	for name, d := range disks {
		c["disk "+name] = [maxCounters]uint64{d.ReadBytes, d.WriteBytes, d.ReadCount, d.WriteCount, d.ReadTime, d.WriteTime}
	}
	return c
}

func TestSameAsThePeer(t *testing.T) {
	for _, snapshot := range []string{"before", "after", "dense"} {
		proc := filepath.Join("testdata", snapshot)
		got := ours(t, newHost(proc))
		if d := cmp.Diff(theirs(t, proc), got); d != "" || len(got) < 15 {
			t.Errorf("%s: -gopsutil +perfmon\n%s", snapshot, d)
		}
	}
}

// TestSameAsThePeerHere reads this host before and after the peer does, whose
// counters have to be in between.
func TestSameAsThePeerHere(t *testing.T) {
	if _, err := os.Stat("/proc/stat"); err != nil {
		t.Skip("no /proc here")
	}
	h := newHost("/proc")
	defer h.close()
	before := ours(t, h)
	peer := theirs(t, "/proc")
	after := ours(t, h)
	names := slices.Sorted(maps.Keys(peer))
	if d := cmp.Diff(names, slices.Sorted(maps.Keys(after))); d != "" && len(before) == len(after) {
		t.Errorf("-gopsutil +perfmon\n%s", d)
	}
	for _, name := range names {
		var slack uint64
		switch {
		case name == "memory":
			slack = peer[name][0] / 4 // what is available goes up and down
		case strings.HasPrefix(name, "cpu "):
			slack = 100 // the kernel's idle times are no counters, to the tick
		}
		b, is := before[name]
		a, still := after[name]
		if !is || !still {
			continue // came or went meanwhile
		}
		for i, v := range peer[name] {
			if v+slack < min(a[i], b[i]) || v > max(a[i], b[i])+slack {
				t.Errorf("%s, counter %d: %d before, %d after, and gopsutil has %d between", name, i, b[i], a[i], v)
			}
		}
	}
	if before["memory"][0] != peer["memory"][0] {
		t.Errorf("memory: %d KiB, gopsutil has %d", before["memory"][0], peer["memory"][0])
	}
}
