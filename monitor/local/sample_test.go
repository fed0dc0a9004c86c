package local

import (
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"perfmon/rrd"
)

func TestTwoSnapshots(t *testing.T) {
	tr := newTree(t, "before")
	s := newSampler(tr.proc(), tr.sys())
	n := math.NaN()

	got := tr.take(s, 1000)
	want := []rrd.Sample{
		{Name: "cpu0", Value: n}, {Name: "cpu1", Value: n}, {Name: "cpu10", Value: n}, {Name: "cpu_avg", Value: n},
		{Name: "loadavg", Value: 0.5}, {Name: "hostload", Value: 0.5 / 3},
		{Name: "memory_total_kib", Value: 4000000}, {Name: "memory_free_kib", Value: 3000000},
		{Name: "pif_eth0_rx", Value: n}, {Name: "pif_eth0_tx", Value: n}, {Name: "pif_eth0_rx_errors", Value: n}, {Name: "pif_eth0_tx_errors", Value: n},
		{Name: "pif_eth1_rx", Value: n}, {Name: "pif_eth1_tx", Value: n}, {Name: "pif_eth1_rx_errors", Value: n}, {Name: "pif_eth1_tx_errors", Value: n},
		{Name: "pif_bond0_rx", Value: n}, {Name: "pif_bond0_tx", Value: n}, {Name: "pif_bond0_rx_errors", Value: n}, {Name: "pif_bond0_tx_errors", Value: n},
		{Name: "pif_aggr_rx", Value: n}, {Name: "pif_aggr_tx", Value: n},
		{Name: "disk_sda_read", Value: n}, {Name: "disk_sda_write", Value: n}, {Name: "disk_sda_iops", Value: n}, {Name: "disk_sda_latency", Value: n},
		{Name: "disk_nvme0n1_read", Value: n}, {Name: "disk_nvme0n1_write", Value: n}, {Name: "disk_nvme0n1_iops", Value: n}, {Name: "disk_nvme0n1_latency", Value: n},
		{Name: "disk_dm-0_read", Value: n}, {Name: "disk_dm-0_write", Value: n}, {Name: "disk_dm-0_iops", Value: n}, {Name: "disk_dm-0_latency", Value: n},
		{Name: "disk_cciss/c0d0_read", Value: n}, {Name: "disk_cciss/c0d0_write", Value: n}, {Name: "disk_cciss/c0d0_iops", Value: n}, {Name: "disk_cciss/c0d0_latency", Value: n},
		{Name: "pressure_cpu_some", Value: n},
		{Name: "pressure_memory_some", Value: n}, {Name: "pressure_memory_full", Value: n},
		{Name: "pressure_io_some", Value: n}, {Name: "pressure_io_full", Value: n},
	}
	if d := cmp.Diff(want, got, cmpopts.EquateNaNs()); d != "" {
		t.Errorf("before, -want +got\n%s", d)
	}

	tr.become("after")
	got = tr.take(s, 1005)
	cpu0, cpu1, cpu10 := 150/500.0, 250/500.0, 15/300.0
	values := []float64{
		cpu0, cpu1, cpu10, (cpu0 + cpu1 + cpu10) / 3,
		1.25, 1.25 / 3,
		4000000, 2500000,
		1000, 0, 7, 0,
		300, 2000, 0, 0.4,
		1300, 2000, 7, 0.4,
		1300, 2000, // without the bond, which is both of them
		200 * 512 / 5.0, 800 * 512 / 5.0, 10, 100 * 1000 / 50.0,
		0, 0, 0, n,
		8 * 512 / 5.0, 0, 0.2, 1000,
		0, 1024 * 512 / 5.0, 1, 10 * 1000 / 5.0,
		0.5,
		0, 0,
		1, 0.01, // 5.1 s of stalls in 5 s
	}
	for i, v := range values {
		want[i].Value = v
	}
	if d := cmp.Diff(want, got, cmpopts.EquateNaNs()); d != "" {
		t.Errorf("after, -want +got\n%s", d)
	}

	// Nothing happens for 2.5 s.
	got = tr.take(s, 1007.5)
	for name, want := range map[string]float64{
		"cpu0": n, "cpu_avg": n, // no ticks: not a CPU at rest, which counts as idle
		"pif_eth0_rx": 0, "disk_sda_iops": 0, "disk_sda_latency": n, "pressure_io_some": 0, "memory_free_kib": 2500000,
	} {
		if got := value(t, got, name); got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
			t.Errorf("unchanged: %s is %v, want %v", name, got, want)
		}
	}
}

func TestIntervalIsTheClocks(t *testing.T) {
	tr := newTree(t, "before")
	s := newSampler(tr.proc(), tr.sys())
	tr.take(s, 10)
	tr.become("after")
	got := tr.take(s, 12.5)
	if v := value(t, got, "pif_eth0_rx"); v != 2000 {
		t.Errorf("5000 bytes in 2.5 s: %v", v)
	}
	if v := value(t, got, "disk_sda_latency"); v != 2000 {
		t.Errorf("latency: %v, want 2000 whatever the interval", v)
	}
}

func TestClockThatStandsStill(t *testing.T) {
	tr := newTree(t, "before")
	s := newSampler(tr.proc(), tr.sys())
	tr.take(s, 10)
	tr.become("after")
	for _, sample := range tr.take(s, 10) {
		if strings.HasPrefix(sample.Name, "pif_") || strings.HasPrefix(sample.Name, "disk_") || strings.HasPrefix(sample.Name, "pressure_") {
			if !math.IsNaN(sample.Value) {
				t.Errorf("%s is %v over no time", sample.Name, sample.Value)
			}
		}
	}
}

func TestCounterGoesBackwards(t *testing.T) {
	tr := newTree(t, "after")
	s := newSampler(tr.proc(), tr.sys())
	tr.take(s, 0)
	tr.become("before") // every counter goes back
	got := tr.take(s, 5)
	for _, sample := range got {
		switch {
		case sample.Name == "loadavg" || sample.Name == "hostload" || strings.HasPrefix(sample.Name, "memory_"):
		case strings.HasPrefix(sample.Name, "disk_nvme0n1_") && !strings.HasSuffix(sample.Name, "_latency"),
			strings.HasPrefix(sample.Name, "pressure_memory_"):
			if sample.Value != 0 { // these did not move
				t.Errorf("%s is %v, want 0", sample.Name, sample.Value)
			}
		case !math.IsNaN(sample.Value):
			t.Errorf("%s is %v, want unknown", sample.Name, sample.Value)
		}
	}
	tr.become("after")
	if v := value(t, tr.take(s, 10), "pif_eth1_tx"); v != 2000 {
		t.Errorf("in the interval after it: %v, want 2000", v)
	}
}

func TestOneCounterGoesBackwards(t *testing.T) {
	tr := newTree(t, "before")
	s := newSampler(tr.proc(), tr.sys())
	tr.take(s, 0)
	tr.become("after")
	tr.edit("proc/net/dev", "6000", "999")      // eth0 rx, from 1000
	tr.edit("proc/stat", "8300 150", "8300 99") // cpu0 iowait, from 100, as kernels do it
	tr.edit("proc/stat", "cpu1 1250 10 200 8250", "cpu1 700 10 200 8650")
	tr.edit("proc/diskstats", "sda 110 7 1200 60", "sda 110 7 1200 49") // its milliseconds
	got := tr.take(s, 5)
	for _, name := range []string{"pif_eth0_rx", "pif_eth0_tx", "disk_sda_read", "disk_sda_latency", "cpu1"} {
		if v := value(t, got, name); !math.IsNaN(v) {
			t.Errorf("%s is %v, want unknown", name, v)
		}
	}
	// Idle and iowait are one counter, and the others go on.
	cpu0, cpu10 := 150/449.0, 15/300.0
	for name, want := range map[string]float64{"cpu0": cpu0, "cpu_avg": (cpu0 + cpu10) / 2, "pif_eth1_rx": 300, "pif_aggr_rx": 300, "pif_aggr_tx": 2000} {
		if v := value(t, got, name); v != want {
			t.Errorf("%s is %v, want %v", name, v, want)
		}
	}
}

func TestDeviceVanishesAndComesBack(t *testing.T) {
	tr := newTree(t, "before")
	s := newSampler(tr.proc(), tr.sys())
	tr.take(s, 0)

	tr.become("after")
	tr.edit("proc/net/dev", "  eth1:", "  gone:")
	tr.edit("proc/diskstats", " sda ", " sdx ")
	tr.edit("proc/stat", "cpu1 ", "xpu1 ")
	got := tr.take(s, 5)
	for _, name := range []string{"pif_eth1_rx", "disk_sda_read", "cpu1", "pif_gone_rx", "disk_sdx_read"} {
		if has(got, name) {
			t.Errorf("%s is there", name)
		}
	}
	if v := value(t, got, "pif_aggr_rx"); v != 1000 {
		t.Errorf("pif_aggr_rx of eth0 alone is %v", v)
	}

	tr.become("after")
	got = tr.take(s, 10)
	for _, name := range []string{"pif_eth1_rx", "disk_sda_read", "cpu1"} {
		if v := value(t, got, name); !math.IsNaN(v) {
			t.Errorf("%s is %v when it comes back, want unknown", name, v)
		}
	}
	got = tr.take(s, 15)
	for _, name := range []string{"pif_eth1_rx", "disk_sda_read"} {
		if v := value(t, got, name); v != 0 {
			t.Errorf("%s is %v after that, want 0", name, v)
		}
	}
}

func TestNameIsUsedAgain(t *testing.T) {
	tr := newTree(t, "before")
	s := newSampler(tr.proc(), tr.sys())
	if has(tr.take(s, 0), "pif_docker0_rx") {
		t.Error("a bridge is measured")
	}
	tr.edit("proc/net/dev", "docker0:", "other0:")
	tr.write("sys/class/net/docker0/device/vendor", "0x8086\n")
	tr.take(s, 5)
	tr.edit("proc/net/dev", "other0:", "docker0:")
	if !has(tr.take(s, 10), "pif_docker0_rx") {
		t.Error("a NIC that has the name of an earlier bridge is not measured")
	}
}

func TestContainerWithoutNICs(t *testing.T) {
	tr := newTree(t, "before")
	tr.remove("sys/class/net")
	s := newSampler(tr.proc(), tr.sys())
	tr.take(s, 0)
	tr.become("after")
	got := tr.take(s, 5)
	if has(got, "pif_lo_rx") {
		t.Error("lo is measured")
	}
	sum := 0.0
	for _, name := range []string{"eth0", "eth1", "bond0", "eth0.100", "eth2", "docker0", "veth1a2b", "xenbr0"} {
		sum += value(t, got, "pif_"+name+"_rx")
	}
	if v := value(t, got, "pif_aggr_rx"); v != sum || v == 0 {
		t.Errorf("pif_aggr_rx is %v, want %v", v, sum)
	}
	tr.write("proc/net/dev", "Inter-| Receive\n face |bytes\n    lo: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n")
	if got := tr.take(s, 10); has(got, "pif_aggr_rx") {
		t.Error("a sum of no NICs")
	}
}

func TestMissingFiles(t *testing.T) {
	for file, want := range map[string]struct{ group, gone, stays string }{
		"proc/stat":      {"cpu", "cpu_avg", "loadavg"},
		"proc/loadavg":   {"load", "loadavg", "cpu_avg"},
		"proc/meminfo":   {"memory", "memory_free_kib", "cpu0"},
		"proc/net/dev":   {"network", "pif_aggr_rx", "disk_sda_iops"},
		"proc/diskstats": {"disk", "disk_sda_iops", "pif_aggr_rx"},
	} {
		tr := newTree(t, "before")
		s := newSampler(tr.proc(), tr.sys())
		tr.take(s, 0)
		tr.remove(file)
		got, failed := tr.try(s, 5)
		if !strings.HasPrefix(failed, want.group+": ") || strings.Count(failed, "\n") != 1 {
			t.Errorf("without %s: failed %q, want %s", file, failed, want.group)
		}
		if has(got, want.gone) || !has(got, want.stays) {
			t.Errorf("without %s: %s there %v, %s there %v", file, want.gone, has(got, want.gone), want.stays, has(got, want.stays))
		}
	}
	tr := newTree(t, "before")
	tr.remove("sys/block")
	if got, failed := tr.try(newSampler(tr.proc(), tr.sys()), 0); !strings.HasPrefix(failed, "disk: list disks: ") || has(got, "disk_sda_iops") || !has(got, "pif_aggr_rx") {
		t.Errorf("without sys/block: failed %q, %v", failed, got)
	}
	tr = newTree(t, "before")
	tr.remove("proc/stat")
	if got, _ := tr.try(newSampler(tr.proc(), tr.sys()), 0); !math.IsNaN(value(t, got, "hostload")) {
		t.Error("hostload of an unknown number of CPUs")
	}
	tr = newTree(t, "before")
	tr.remove("proc/pressure")
	if got := tr.take(newSampler(tr.proc(), tr.sys()), 0); has(got, "pressure_io_some") {
		t.Error("pressure without a file")
	}
}

func TestGarbageIsAnError(t *testing.T) {
	for file, content := range map[string]string{
		"proc/net/dev":      "",
		"proc/stat":         "cpu",
		"proc/loadavg":      "high",
		"proc/meminfo":      "MemTotal: plenty\n",
		"proc/diskstats":    "8 0 sda 1 x 3 4 5 6 7 8 9 10 11\n",
		"proc/pressure/io":  "some avg10=0.00 total=x\n",
		"proc/pressure/cpu": strings.Repeat("x", maxFile+1),
	} {
		tr := newTree(t, "before")
		tr.write(file, content)
		got, failed := tr.try(newSampler(tr.proc(), tr.sys()), 0)
		if strings.Count(failed, "\n") != 1 {
			t.Errorf("%s: failed %q", file, failed)
		}
		if len(got) < 20 {
			t.Errorf("%s: only %d samples of the others", file, len(got))
		}
	}
	tr := newTree(t, "before")
	tr.edit("proc/net/dev", "  eth1:    3000     100", "  eth1:    3000") // a column less
	tr.write("proc/net/dev", "a\nb\neth0: 1 2\n")
	if _, failed := tr.try(newSampler(tr.proc(), tr.sys()), 0); !strings.HasPrefix(failed, "network: ") {
		t.Errorf("short line: %q", failed)
	}
}

func TestThisHost(t *testing.T) {
	if _, err := os.Stat("/proc/stat"); err != nil {
		t.Skip("no /proc here")
	}
	s := newSampler("/proc", "/sys")
	first, groups := s.sample(t.Context(), 0)
	if len(first) < 5 {
		t.Errorf("only %d samples: %v", len(first), groups)
	}
	second, _ := s.sample(t.Context(), 5*time.Second)
	for _, sample := range second {
		if sample.Value < 0 {
			t.Errorf("%s is %v", sample.Name, sample.Value)
		}
	}
	if v := value(t, second, "memory_total_kib"); v < 1024 {
		t.Errorf("memory_total_kib is %v", v)
	}
}
