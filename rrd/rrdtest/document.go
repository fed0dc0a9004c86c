package rrdtest

import (
	"io"
	"math"

	"perfmon/rrd"
)

// Document is an update at rest. Its fields may be changed before it is
// written, to make documents that no toolstack would.
type Document struct {
	Header rrd.Header
	Rows   []rrd.Row // newest first
}

// Update builds an update whose oldest row has the time start. Without
// values it has no rows, and ends one step before it starts, as one of a
// toolstack that was asked too early.
func Update(start, step int64, columns ...string) *Document {
	legend := &rrd.Legend{Entries: []rrd.Entry{}}
	var series [][]float64
	n := 0
	for _, s := range columns {
		entry, values := column(s)
		legend.Entries = append(legend.Entries, entry)
		series = append(series, values)
		n = max(n, len(values))
	}
	d := &Document{Header: rrd.Header{
		Start: start, Step: step, End: start + int64(n-1)*step,
		Rows: n, Columns: len(columns), Legend: legend,
	}}
	for i := n - 1; i >= 0; i-- {
		row := rrd.Row{T: start + int64(i)*step, Values: make([]float64, len(series))}
		for c, values := range series {
			row.Values[c] = math.NaN()
			if i < len(values) {
				row.Values[c] = values[i]
			}
		}
		d.Rows = append(d.Rows, row)
	}
	return d
}

// Collect reads an update to its end. The document is a copy, but for the
// legend.
func Collect(r rrd.Reader) (*Document, error) {
	header, err := r.Header()
	if err != nil {
		return nil, err
	}
	d := &Document{Header: *header}
	for {
		row, err := r.Next()
		if err == io.EOF {
			return d, nil
		}
		if err != nil {
			return nil, err
		}
		d.Rows = append(d.Rows, rrd.Row{T: row.T, Values: append([]float64(nil), row.Values...)})
	}
}

// Reader reads the document. Each has its own place in it. Legend is the
// document's own, so that it is the same for all.
func (d *Document) Reader() rrd.Reader { return &reader{document: d} }

type reader struct {
	document *Document
	want     []bool // if some
	some     bool
	next     int
	values   []float64
}

func (r *reader) Header() (*rrd.Header, error) {
	header := r.document.Header
	return &header, nil
}

func (r *reader) Want(columns []bool) {
	r.want, r.some = append([]bool(nil), columns...), columns != nil
}

func (r *reader) Next() (rrd.Row, error) {
	if r.next == len(r.document.Rows) {
		return rrd.Row{}, io.EOF
	}
	row := r.document.Rows[r.next]
	r.next++
	r.values = append(r.values[:0], row.Values...)
	for i := range r.values {
		if r.some && !(i < len(r.want) && r.want[i]) {
			r.values[i] = math.NaN()
		}
	}
	return rrd.Row{T: row.T, Values: r.values}, nil
}
