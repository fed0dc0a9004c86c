package rrd

import (
	"io"
	"math"
)

// Reader gives the rows of one archive as an update of the object that the
// caller knows this RRD to be of, newest first. Each Reader has its own place;
// legend is what Legend returned for the object.
func (f *Full) Reader(a *FullArchive, legend *Legend) Reader {
	return &fullArchiveReader{full: f, archive: a, header: Header{
		Start: a.End - int64(max(a.Rows-1, 0))*a.Step, Step: a.Step, End: a.End,
		Rows: a.Rows, Columns: len(f.Sources), Legend: legend,
	}}
}

// Legend heads the columns of the archives of one function with the object
// that the RRD is of.
func (f *Full) Legend(cf CF, class, uuid string) *Legend {
	l := &Legend{Entries: make([]Entry, len(f.Sources))}
	for i, name := range f.Sources {
		l.Entries[i] = Entry{CF: cf, Class: class, UUID: uuid, Name: name}
	}
	return l
}

type fullArchiveReader struct {
	full    *Full
	archive *FullArchive
	header  Header
	next    int // row, 0 for the newest
	wanted  []bool
	row     []float64 // lent to the caller
}

func (r *fullArchiveReader) Header() (*Header, error) { return &r.header, nil }

func (r *fullArchiveReader) Want(columns []bool) { r.wanted = columns }

func (r *fullArchiveReader) Next() (Row, error) {
	if r.next == r.archive.Rows {
		return Row{}, io.EOF
	}
	n := len(r.full.Sources)
	at := (r.archive.Rows - 1 - r.next) * n
	r.row = append(r.row[:0], r.archive.values[at:at+n]...)
	for i := range r.row {
		if r.wanted != nil && (i >= len(r.wanted) || !r.wanted[i]) {
			r.row[i] = math.NaN()
		}
	}
	row := Row{T: r.header.End - int64(r.next)*r.header.Step, Values: r.row}
	r.next++
	return row, nil
}
