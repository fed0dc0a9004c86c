package monitor

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"perfmon/alarm"
	"perfmon/monitor/config"
	"perfmon/rrd"
)

// crowd is a source of rows that are ready: of each VM 30 columns, of which
// three variables read one each.
type crowd struct {
	legend  *rrd.Legend
	columns int
	rows    [][]float64 // newest first
	end     int64
	step    int64
	given   int
	wall    time.Time
	mono    time.Duration
}

const crowdColumns = 30

func newCrowd(vms, rows int) *crowd {
	c := &crowd{legend: &rrd.Legend{}, columns: vms * crowdColumns, step: 5, wall: time.Unix(t0, 0), end: t0}
	for i := range c.columns {
		c.legend.Entries = append(c.legend.Entries, rrd.Entry{
			CF: rrd.Average, Class: rrd.ClassVM, UUID: crowdUUID(i / crowdColumns), Name: fmt.Sprintf("source_%02d", i%crowdColumns),
		})
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range rows {
		row := make([]float64, c.columns)
		for i := range row {
			row[i] = r.Float64()
		}
		c.rows = append(c.rows, row)
	}
	return c
}

func crowdUUID(vm int) string { return fmt.Sprintf("%08x-faa0-98e3-3e60-b7018d331e17", vm) }

// inventory gives each VM three variables of which none ever fires.
func (c *crowd) inventory() *Inventory {
	inv := &Inventory{HostUUID: "h", Objects: map[Object]*Facts{{rrd.ClassHost, "h"}: {Resident: true}}}
	xml := shortXML("a level=2 regex=source_03; b level=2 regex=source_07; c level=2 regex=source_11")
	for vm := range c.columns / crowdColumns {
		inv.Objects[Object{rrd.ClassVM, crowdUUID(vm)}] = &Facts{Resident: true, Config: xml}
	}
	return inv
}

func (c *crowd) Now() (time.Time, time.Duration)   { return c.wall, c.mono }
func (c *crowd) Keep(*Changes)                     {}
func (c *crowd) Epoch() string                     { return "e" }
func (c *crowd) Announce([]*alarm.Event)           {}
func (c *crowd) Read(config.Fold) (float64, error) { return 0, nil }
func (c *crowd) Header() (*rrd.Header, error) {
	return &rrd.Header{Start: c.end - 600, Step: c.step, End: c.end, Rows: len(c.rows), Legend: c.legend}, nil
}
func (c *crowd) Want([]bool)  {}
func (c *crowd) Close() error { return nil }
func (c *crowd) Next() (rrd.Row, error) {
	if c.given == len(c.rows) {
		return rrd.Row{}, io.EOF
	}
	c.given++
	return rrd.Row{T: c.end - int64(c.given-1)*c.step, Values: c.rows[c.given-1]}, nil
}

func (c *crowd) Update(context.Context, int64, int64, []string) (Update, error) {
	d := time.Duration(int64(len(c.rows))*c.step) * time.Second
	c.given, c.end, c.wall, c.mono = 0, c.end+int64(len(c.rows))*c.step, c.wall.Add(d), c.mono+d
	return c, nil
}

// processorTime reports what a run takes of the processor, which other work of
// the machine disturbs less than the time that passes.
func processorTime(b *testing.B, run func()) {
	var before, after syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &before)
	for b.Loop() {
		run()
	}
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &after)
	spent := after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano()
	b.ReportMetric(float64(spent)/float64(b.N)/1e6, "cpu-ms/op")
}

// BenchmarkPoll judges 120 rows of 1000 VMs with three variables each, rows
// that are decoded already, beside reading all of their values once.
func BenchmarkPoll(b *testing.B) {
	c := newCrowd(1000, 120)
	m := crowdMonitor(b, c)
	ctx := context.Background()
	b.Run("matrix", func(b *testing.B) {
		sum := 0.0
		processorTime(b, func() {
			for _, row := range c.rows {
				for _, v := range row {
					sum += v
				}
			}
		})
		if sum < 0 {
			b.Fatal(sum)
		}
	})
	b.Run("poll", func(b *testing.B) {
		b.ReportAllocs()
		processorTime(b, func() {
			if err := m.Poll(ctx); err != nil {
				b.Fatal(err)
			}
		})
	})
}
