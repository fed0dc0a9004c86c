package local

import (
	"context"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/shirou/gopsutil/v3/cpu"
	"github.com/shirou/gopsutil/v3/disk"
	"github.com/shirou/gopsutil/v3/load"
	"github.com/shirou/gopsutil/v3/mem"
	"github.com/shirou/gopsutil/v3/net"
)

// timed runs a benchmark of this host and also reports processor time, which
// a busy machine does not stretch as it does the other.
func timed(b *testing.B, f func()) {
	if _, err := os.Stat("/proc/stat"); err != nil {
		b.Skip("no /proc here")
	}
	used := func() time.Duration {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	f()
	b.ReportAllocs()
	began := used()
	for b.Loop() {
		f()
	}
	b.ReportMetric(float64(used()-began)/float64(b.N), "cpu-ns/op")
}

// BenchmarkSample is all of a sample but the archives.
func BenchmarkSample(b *testing.B) {
	s := newSampler("/proc", "/sys")
	defer s.host.close()
	var mono time.Duration
	timed(b, func() {
		mono += 5 * time.Second
		s.sample(b.Context(), mono)
	})
}

// BenchmarkRead reads the five files that both read, without pressure.
func BenchmarkRead(b *testing.B) {
	b.Run("perfmon", func(b *testing.B) {
		h := newHost("/proc")
		defer h.close()
		timed(b, func() {
			_, _ = h.cpus()
			_, _ = h.load()
			_, _ = h.memory(context.Background())
			_, _ = h.nics()
			_, _ = h.disks()
		})
	})
	b.Run("gopsutil", func(b *testing.B) {
		timed(b, func() {
			_, _ = cpu.Times(true)
			_, _ = load.Avg()
			_, _ = mem.VirtualMemory()
			_, _ = net.IOCounters(true)
			_, _ = disk.IOCounters()
		})
	})
}
