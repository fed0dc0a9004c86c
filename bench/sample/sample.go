// Package sample measures what it takes to read the counters of this host
// once: the agent's own way beside two libraries. All read the same: CPUs,
// load, memory, network, disks, and where the library knows it, pressure.
package sample

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/procfs"
	"github.com/prometheus/procfs/blockdevice"
	"github.com/shirou/gopsutil/v3/cpu"
	"github.com/shirou/gopsutil/v3/disk"
	"github.com/shirou/gopsutil/v3/load"
	"github.com/shirou/gopsutil/v3/mem"
	"github.com/shirou/gopsutil/v3/net"

	"perfmon/bench/measure"
	"perfmon/monitor/local"
)

// Subject is one way to read the host.
type Subject struct {
	Name, About string
	sample      func() (func() error, error)
}

// Subjects are all of them, in the order of the table.
func Subjects() []Subject {
	return []Subject{
		{"perfmon", "perfmon, with the rates and the archives", ours},
		{"procfs", "prometheus/procfs", readProcfs},
		{"gopsutil", "gopsutil, without pressure", readGopsutil},
		{"gopsutil-all", "gopsutil, and pressure by prometheus/procfs: the same files as ours", readAll},
	}
}

// Measure measures the subject of a name.
func Measure(name string) (measure.Report, error) {
	for _, s := range Subjects() {
		if s.Name == name {
			pass, err := s.sample()
			if err != nil {
				return measure.Report{}, err
			}
			return measure.Loop(pass)
		}
	}
	return measure.Report{}, errors.New("there is no such subject")
}

// clock goes on by a step with each look.
type clock struct {
	start time.Time
	mono  time.Duration
}

func (c *clock) Now() (time.Time, time.Duration) {
	c.mono += local.DefaultStep
	return c.start.Add(c.mono), c.mono
}

func ours() (func() error, error) {
	source := local.New(local.Options{Clock: &clock{start: time.Unix(1766000000, 0)}})
	ctx := context.Background()
	return func() error {
		_ = source.SampleNow(ctx) // what this host does not have is no mistake
		return nil
	}, nil
}

func readProcfs() (func() error, error) {
	fs, err := procfs.NewDefaultFS()
	if err != nil {
		return nil, err
	}
	disks, err := blockdevice.NewDefaultFS()
	if err != nil {
		return nil, err
	}
	return func() error {
		_, err1 := fs.Stat()
		_, err2 := fs.LoadAvg()
		_, err3 := fs.Meminfo()
		_, err4 := fs.NetDev()
		_, err5 := disks.ProcDiskstats()
		readPressure(fs)
		return errors.Join(err1, err2, err3, err4, err5)
	}, nil
}

// readAll is what a program does that has gopsutil and wants to know what ours
// does: it has nothing for pressure.
func readAll() (func() error, error) {
	fs, err := procfs.NewDefaultFS()
	if err != nil {
		return nil, err
	}
	most, err := readGopsutil()
	if err != nil {
		return nil, err
	}
	return func() error {
		readPressure(fs)
		return most()
	}, nil
}

// readPressure reads what not every kernel has.
func readPressure(fs procfs.FS) {
	for _, resource := range []string{"cpu", "memory", "io"} {
		_, _ = fs.PSIStatsForResource(resource)
	}
}

func readGopsutil() (func() error, error) {
	return func() error {
		_, err1 := cpu.Times(true)
		_, err2 := load.Avg()
		_, err3 := mem.VirtualMemory()
		_, err4 := net.IOCounters(true)
		_, err5 := disk.IOCounters()
		return errors.Join(err1, err2, err3, err4, err5)
	}, nil
}
