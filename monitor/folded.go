package monitor

import (
	"cmp"
	"slices"

	"perfmon/rrd"
)

// folded is an update on its way through: one value for each variable with
// columns and each row, kept until the update has ended well.
type folded struct {
	header *rrd.Header
	width  int       // variables
	times  []int64   // newest first
	values []float64 // len(times) × width
	newest rrd.Row   // a copy
	marked []bool    // variables of which a value is bad or unknown

	// The rows of a few variables that stand side by side, one variable after
	// the other: what one read of memory brings is used for all of them.
	block     []float64
	blockAt   int // the first variable; less than 0: none yet
	blockRows int // that it has, the newest
}

// blockWidth is as many values as a line of the processor's cache has.
const blockWidth = 32

// keptValues is what a poll leaves to the next as room for its values. One that
// had many rows to catch up with gives its room back, unless the poll before had
// as many: then so will the next.
const keptValues = 1 << 16 // 512 KiB

// mostExpected bounds the room that is made for what a header announces.
const mostExpected = 1 << 19 // values, 4 MiB

// newFolded begins an update; r is what an earlier one has left.
func newFolded(h *rrd.Header, width int, r room) *folded {
	f := &folded{header: h, width: width, values: r.values[:0], marked: make([]bool, width), blockAt: -1}
	if expected := min(max(h.Rows, 0), maxRows) * width; expected > cap(f.values) {
		f.values = make([]float64, 0, min(expected, mostExpected))
	}
	return f
}

// room is what the next update may have of this one, which nobody looks at any
// more; before is what this one had.
func (f *folded) room(before room) room {
	r := room{values: f.values[:0], large: cap(f.values) > keptValues}
	if r.large && !before.large || cap(f.values) > mostExpected {
		r.values = nil
	}
	return r
}

// room is memory for the values of an update.
type room struct {
	values []float64
	large  bool // so many were there the last time
}

// more makes room for the values of one more row.
func (f *folded) more() []float64 {
	n := len(f.values)
	f.values = slices.Grow(f.values, f.width)[:n+f.width]
	return f.values[n:]
}

// end is the time up to which the update reaches.
func (f *folded) end() int64 {
	if len(f.times) == 0 {
		return f.header.End
	}
	return max(f.header.End, f.times[0])
}

// of are the newest values of one variable, at least so many of them or all
// that there are, newest first. They are valid until the next call.
func (f *folded) of(variable, rows int) []float64 {
	rows = min(rows, len(f.times))
	at := variable - variable%blockWidth
	if at != f.blockAt || rows > f.blockRows {
		if f.block == nil {
			f.block = make([]float64, blockWidth*len(f.times))
		}
		f.blockAt, f.blockRows = at, rows
		n := min(blockWidth, f.width-at)
		for k := range rows {
			for i, v := range f.values[k*f.width+at:][:n] {
				f.block[i*rows+k] = v
			}
		}
	}
	i := variable - at
	return f.block[i*f.blockRows : (i+1)*f.blockRows]
}

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
