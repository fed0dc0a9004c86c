package monitor

import (
	"cmp"
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

// folded is an update on its way through: one value for each variable with
// columns and each row, kept until the update has ended well.
type folded struct {
	header *rrd.Header
	width  int       // variables
	times  []int64   // newest first
	values []float64 // len(times) × width
	newest rrd.Row   // a copy
}

// end is the time up to which the update reaches.
func (f *folded) end() int64 {
	if len(f.times) == 0 {
		return f.header.End
	}
	return max(f.header.End, f.times[0])
}

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
	f := &folded{header: h, width: len(p.rows)}
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
		for _, v := range p.rows {
			f.values = append(f.values, fold(v.conf.Fold, row.Values, v.columns))
		}
	}
}

func plausible(t int64) bool { return -maxTime < t && t < maxTime }

// sort puts rows that came in another order newest first. No toolstack sends
// such; each of their rows is a row all the same.
func (f *folded) sort() {
	order := make([]int, len(f.times))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(f.times[b], f.times[a]) })
	times, values := f.times, f.values
	f.times, f.values = nil, make([]float64, 0, len(values))
	for _, i := range order {
		f.times = append(f.times, times[i])
		f.values = append(f.values, values[i*f.width:(i+1)*f.width]...)
	}
}
