package rrd

import (
	"bufio"
	"io"
	"math"
	"strconv"
	"strings"
)

// WriteTSV writes an update as lines of tab-separated fields, in document
// order:
//
//	M start step end rows columns values_per_row
//	C index cf class uuid name
//	R t v0 v1 ...
//
// rows and columns are those announced, values_per_row is the length of the
// first row, -1 if there is none. Values are as C's %.17g prints them: nan,
// inf, -inf, else digits enough to give the same float64 back. A legend
// entry without four parts has its text for a name and the other fields
// empty. A tab or a line end in a name becomes \t, \n or \r.
//
// Lines go out as rows come in: where r fails in the middle, w has the lines
// up to there.
func WriteTSV(w io.Writer, r Reader) error {
	header, err := r.Header()
	if err != nil {
		return err
	}
	r.Want(nil)
	row, rowErr := r.Next()
	if rowErr != nil && rowErr != io.EOF {
		return rowErr
	}
	width := -1
	if rowErr == nil {
		width = len(row.Values)
	}
	out := tsvWriter{w: bufio.NewWriter(w)}
	out.header(header, width)
	for ; rowErr == nil; row, rowErr = r.Next() {
		if err := out.row(row); err != nil {
			return err
		}
	}
	if err := out.w.Flush(); err != nil {
		return err
	}
	if rowErr != io.EOF {
		return rowErr
	}
	return nil
}

type tsvWriter struct {
	w    *bufio.Writer // keeps its first error
	line []byte
}

// tsvEscaper keeps a name on its line and in its field.
var tsvEscaper = strings.NewReplacer("\t", `\t`, "\n", `\n`, "\r", `\r`)

func (t *tsvWriter) header(h *Header, width int) {
	t.line = append(t.line[:0], 'M')
	for _, n := range []int64{h.Start, h.Step, h.End, int64(h.Rows), int64(h.Columns), int64(width)} {
		t.line = append(t.line, '\t')
		t.line = strconv.AppendInt(t.line, n, 10)
	}
	t.endLine()
	for i, e := range h.Legend.Entries {
		if text, bad := h.Legend.Bad[i]; bad {
			e.Name = text
		}
		t.line = append(t.line[:0], "C\t"...)
		t.line = strconv.AppendInt(t.line, int64(i), 10)
		for _, field := range []string{string(e.CF), e.Class, e.UUID, e.Name} {
			t.line = append(t.line, '\t')
			t.line = append(t.line, tsvEscaper.Replace(field)...)
		}
		t.endLine()
	}
}

func (t *tsvWriter) row(row Row) error {
	t.line = append(t.line[:0], "R\t"...)
	t.line = strconv.AppendInt(t.line, row.T, 10)
	for _, v := range row.Values {
		t.line = append(t.line, '\t')
		t.line = appendC17(t.line, v)
	}
	return t.endLine()
}

func (t *tsvWriter) endLine() error {
	t.line = append(t.line, '\n')
	_, err := t.w.Write(t.line)
	return err
}

// appendC17 is C's %.17g.
func appendC17(b []byte, v float64) []byte {
	switch {
	case math.IsNaN(v):
		return append(b, "nan"...)
	case math.IsInf(v, 1):
		return append(b, "inf"...)
	case math.IsInf(v, -1):
		return append(b, "-inf"...)
	}
	return strconv.AppendFloat(b, v, 'g', 17, 64)
}
