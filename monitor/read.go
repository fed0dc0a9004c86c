package monitor

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"perfmon/rrd"
)

// Bounds of one update. They keep its memory small and the arithmetic on its
// times whole; every toolstack is far below them.
const (
	maxRows   = 10_000      // the largest archive of a toolstack has 366
	maxFolded = 1 << 22     // values kept until the end, 32 MiB
	maxStep   = 366 * 86400 // seconds; the longest step of a toolstack is a day
	maxTime   = 1 << 40     // Unix seconds
)

// read takes a whole update, or an error. Nothing is evaluated here. It runs
// beside the loop, and reads of its state nothing but the plan.
func (m *Monitor) read(u Update) (*folded, error) {
	h, err := u.Header()
	if err != nil {
		return nil, err
	}
	if h.Step <= 0 || h.Step > maxStep {
		return nil, fmt.Errorf("update: a step of %d s is none", h.Step)
	}
	if !plausible(h.End) {
		return nil, fmt.Errorf("update: the end %d is not a time", h.End)
	}
	var p *plan
	m.ofLoop(func() {
		m.usePlan(h.Legend)
		p = m.plan
	})
	f := newFolded(h, len(p.rows), m.room)
	ordered := true
	u.Want(nil) // the metrics page shows every column of the newest row
	for {
		row, err := u.Next()
		if errors.Is(err, io.EOF) {
			if !ordered {
				f.sort()
			}
			return f, nil
		}
		if err != nil {
			return nil, err
		}
		n := len(f.times)
		if !plausible(row.T) {
			return nil, fmt.Errorf("update: row %d: %d is not a time", n, row.T)
		}
		if n == maxRows || len(f.values)+f.width > maxFolded {
			return nil, fmt.Errorf("update: row %d: more rows than any archive has", n)
		}
		if n == 0 || row.T > f.newest.T {
			f.newest = rrd.Row{T: row.T, Values: slices.Clone(row.Values)}
		}
		if n == 0 {
			u.Want(p.want)
		}
		ordered = ordered && (n == 0 || row.T < f.times[n-1])
		f.times = append(f.times, row.T)
		p.gather(row.Values, f.more(), f.marked)
	}
}

func plausible(t int64) bool { return -maxTime < t && t < maxTime }
