package triggers

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math"
	"time"

	"perfmon/alarm"
	"perfmon/bench/corpus"
	"perfmon/monitor"
	"perfmon/monitor/config"
	"perfmon/rrd"
)

// begin is the time before the first row.
const begin = 1766000040

// poll is the agent's loop. Its time goes on by the rows of an answer with
// each poll, and so do the rows.
func poll(m *matrix) (func() error, error) {
	s := &source{m: m, end: begin, legend: &rrd.Legend{}}
	inventory := &monitor.Inventory{HostUUID: "host", Objects: map[monitor.Object]*monitor.Facts{}}
	for vm := range vms {
		inventory.Objects[monitor.Object{Class: rrd.ClassVM, UUID: corpus.UUID(vm)}] =
			&monitor.Facts{Config: variablesXML, Running: true, Resident: true}
		for _, name := range m.names {
			s.legend.Entries = append(s.legend.Entries, rrd.Entry{CF: rrd.Average, Class: rrd.ClassVM, UUID: corpus.UUID(vm), Name: name})
		}
	}
	loop := monitor.New(monitor.Options{Source: s, Clock: s, Store: keeper{}, Readings: keeper{}, Logger: slog.New(slog.DiscardHandler)})
	loop.SetInventory(inventory)
	pass := func() error {
		s.end += rows * step
		return loop.Poll(context.Background())
	}
	if err := pass(); err != nil {
		return nil, err
	}
	if n := len(loop.Snapshot().Variables); n != vms*len(variables) {
		return nil, fmt.Errorf("the loop evaluates %d variables, want %d", n, vms*len(variables))
	}
	return pass, nil
}

// source is where the rows come from, and the clock.
type source struct {
	m      *matrix
	legend *rrd.Legend
	end    int64 // of the newest row
}

func (s *source) Now() (time.Time, time.Duration) {
	return time.Unix(s.end, 0), time.Duration(s.end-begin) * time.Second
}

func (s *source) Update(context.Context, int64, int64, []string) (monitor.Update, error) {
	return &update{source: s}, nil
}

// update hands the rows over as they are.
type update struct {
	*source
	next int
}

func (u *update) Header() (*rrd.Header, error) {
	return &rrd.Header{Start: u.end - (rows-1)*step, Step: step, End: u.end, Rows: rows, Columns: len(u.legend.Entries), Legend: u.legend}, nil
}

func (u *update) Want([]bool) {}

func (u *update) Next() (rrd.Row, error) {
	if u.next == rows {
		return rrd.Row{}, io.EOF
	}
	row := rrd.Row{T: u.end - int64(u.next)*step, Values: u.m.rows[u.next]}
	u.next++
	return row, nil
}

func (u *update) Close() error { return nil }

// keeper keeps nothing.
type keeper struct{}

func (keeper) Keep(*monitor.Changes)             {}
func (keeper) Epoch() string                     { return "bench" }
func (keeper) Announce([]*alarm.Event)           {}
func (keeper) Read(config.Fold) (float64, error) { return math.NaN(), nil }
