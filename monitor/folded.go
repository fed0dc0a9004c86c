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

	// The rows of a few variables that stand side by side, one variable after
	// the other: what one read of memory brings is used for all of them.
	block   []float64
	blockAt int // the first variable; less than 0: none yet
}

// blockWidth is as many values as a line of the processor's cache has.
const blockWidth = 8

// keptValues is what a poll leaves to the next as room for its values. Polls
// that have many rows to catch up with are rare, and give theirs back.
const keptValues = 1 << 16 // 512 KiB

// mostExpected bounds the room that is made for what a header announces.
const mostExpected = 1 << 19 // values, 4 MiB

// newFolded begins an update; room is what an earlier one has left.
func newFolded(h *rrd.Header, width int, room []float64) *folded {
	f := &folded{header: h, width: width, values: room[:0], blockAt: -1}
	if expected := min(max(h.Rows, 0), maxRows) * width; expected > cap(f.values) {
		f.values = make([]float64, 0, min(expected, mostExpected))
	}
	return f
}

// room is what the next update may have of this one, which nobody looks at any
// more.
func (f *folded) room() []float64 {
	if cap(f.values) > keptValues {
		return nil
	}
	return f.values[:0]
}

// end is the time up to which the update reaches.
func (f *folded) end() int64 {
	if len(f.times) == 0 {
		return f.header.End
	}
	return max(f.header.End, f.times[0])
}

// of are the values of one variable, newest first. They are valid until the
// next call.
func (f *folded) of(variable int) []float64 {
	rows := len(f.times)
	at := variable - variable%blockWidth
	if at != f.blockAt {
		if f.block == nil {
			f.block = make([]float64, blockWidth*rows)
		}
		f.blockAt = at
		n := min(blockWidth, f.width-at)
		for k := range rows {
			for i, v := range f.values[k*f.width+at:][:n] {
				f.block[i*rows+k] = v
			}
		}
	}
	i := variable - at
	return f.block[i*rows : (i+1)*rows]
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
