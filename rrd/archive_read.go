package rrd

import (
	"io"
	"math"
)

// Updates answers a query with the rows of one archive, chosen by the rules
// of xcp-rrdd. The Reader has a copy of those rows and is not touched by
// later updates; it is not safe for concurrent use. Its Legend is the same
// pointer as before for as long as the set of data sources is the same.
//
// With the time of the last update L, the archive's step P and the start
// asked for, the header says End = L/P·P and Start = start/P·P + P, in whole
// numbers, and rows are those of the times End - i·P that are not before the
// start asked for, as far as the archive goes.
//
// The error is ErrNoArchive when the query selects nothing.
func (r *RRD) Updates(q Query) (Reader, error) {
	if !q.selects(r.class, r.uuid) {
		return nil, ErrNoArchive
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.last == 0 {
		return nil, ErrNoArchive
	}
	start := q.Start
	if start < 0 {
		start += r.last
	}
	start = max(-maxTime, min(start, maxTime))
	picked := q.pick(r.last, start)
	if len(picked) == 0 {
		return nil, ErrNoArchive
	}
	return r.snapshot(picked, start), nil
}

// snapshot copies the rows of the picked archives, which have one shape,
// that are not before start.
func (r *RRD) snapshot(picked []int, start int64) *archiveReader {
	shape := archives[picked[0]]
	step := shape.step()
	end := r.last / step * step
	rows := 0
	if start <= end {
		rows = int(min((end-start)/step+1, int64(shape.rows)))
	}
	columns := len(picked) * len(r.sources)
	values := make([]float32, 0, rows*columns)
	for i := range rows {
		for _, k := range picked {
			at := (r.newest[k] - i + shape.rows) % shape.rows
			for _, s := range r.sources {
				values = append(values, s.rings[k][at])
			}
		}
	}
	return &archiveReader{
		header: Header{
			Start:   start/step*step + step,
			Step:    step,
			End:     end,
			Rows:    rows,
			Columns: columns,
			Legend:  r.legend(picked),
		},
		values: values,
	}
}

// legend heads the columns of the picked archives: one block for each, with
// all data sources.
func (r *RRD) legend(picked []int) *Legend {
	var key CF
	if len(picked) == 1 {
		key = archives[picked[0]].cf
	}
	if l := r.legends[key]; l != nil {
		return l
	}
	l := &Legend{Entries: make([]Entry, 0, len(picked)*len(r.sources))}
	for _, k := range picked {
		for _, s := range r.sources {
			l.Entries = append(l.Entries, Entry{CF: archives[k].cf, Class: r.class, UUID: r.uuid, Name: s.name})
		}
	}
	r.legends[key] = l
	return l
}

// archiveReader reads a snapshot.
type archiveReader struct {
	header Header
	values []float32 // row after row, newest first
	next   int       // row
	wanted []bool    // nil is all
	row    []float64 // lent to the caller
}

func (a *archiveReader) Header() (*Header, error) { return &a.header, nil }

func (a *archiveReader) Want(columns []bool) { a.wanted = columns }

func (a *archiveReader) Next() (Row, error) {
	if a.next == a.header.Rows {
		return Row{}, io.EOF
	}
	n := a.header.Columns
	if a.row == nil {
		a.row = make([]float64, n)
	}
	for i, v := range a.values[a.next*n : (a.next+1)*n] {
		if a.wanted != nil && (i >= len(a.wanted) || !a.wanted[i]) {
			a.row[i] = math.NaN()
			continue
		}
		a.row[i] = float64(v)
	}
	row := Row{T: a.header.End - int64(a.next)*a.header.Step, Values: a.row}
	a.next++
	return row, nil
}
