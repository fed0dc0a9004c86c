package rrd

import (
	"errors"
	"fmt"
	"io"
	"strconv"
)

// Format is one of the two forms of an update.
type Format int

// The forms.
const (
	FormatXML Format = iota + 1
	FormatJSON
)

// encoderBuffer is how much an Encoder collects before it writes.
const encoderBuffer = 32 << 10

// Encoder writes an update as the newest toolstack does, byte for byte:
// Header, then Row for each row, newest first, then Close. It writes as it
// goes, through a small buffer. Its first error stays.
type Encoder struct {
	w       io.Writer
	format  Format
	buf     []byte
	columns int // of the legend; -1 before Header
	rows    int // written so far
	err     error
}

// NewEncoder makes an Encoder that writes to w.
func NewEncoder(w io.Writer, format Format) *Encoder {
	e := &Encoder{w: w, format: format, columns: -1}
	if format != FormatXML && format != FormatJSON {
		e.err = fmt.Errorf("write update: unknown format %d", format)
	}
	return e
}

// Header writes what stands before the rows. h.Rows and h.Columns are
// announced as they are.
func (e *Encoder) Header(h *Header) error {
	if e.err == nil && e.columns >= 0 {
		e.err = errors.New("write update: a second header")
	}
	if e.err != nil {
		return e.err
	}
	e.columns = len(h.Legend.Entries)
	if e.format == FormatXML {
		e.xmlHeader(h)
	} else {
		e.jsonHeader(h)
	}
	return e.err
}

// Row writes one row, which must have as many values as the legend has
// entries.
func (e *Encoder) Row(t int64, values []float64) error {
	switch {
	case e.err != nil:
	case e.columns < 0:
		e.err = errors.New("write update: a row before the header")
	case len(values) != e.columns:
		e.err = fmt.Errorf("write update: row %d has %d values for %d columns", e.rows, len(values), e.columns)
	}
	if e.err != nil {
		return e.err
	}
	if e.format == FormatXML {
		e.xmlRow(t, values)
	} else {
		e.jsonRow(t, values)
	}
	e.rows++
	return e.err
}

// Close writes the end of the document and what is still in the buffer. It
// does not close the writer.
func (e *Encoder) Close() error {
	if e.err == nil && e.columns < 0 {
		e.err = errors.New("write update: no header")
	}
	if e.err != nil {
		return e.err
	}
	switch {
	case e.format == FormatJSON:
		e.buf = append(e.buf, "]}"...)
	case e.rows == 0:
		e.buf = append(e.buf, "<data/></xport>"...)
	default:
		e.buf = append(e.buf, "</data></xport>"...)
	}
	e.flush()
	if e.err == nil {
		e.err = errors.New("write update: the document is closed")
		return nil
	}
	return e.err
}

// flush writes the buffer, unless there was an error before.
func (e *Encoder) flush() {
	if e.err == nil {
		if _, err := e.w.Write(e.buf); err != nil {
			e.err = fmt.Errorf("write update: %w", err)
		}
	}
	e.buf = e.buf[:0]
}

// spill keeps the buffer small; it is called after each entry and value.
func (e *Encoder) spill() {
	if len(e.buf) >= encoderBuffer {
		e.flush()
	}
}

// entry appends the text of column i.
func (e *Encoder) entry(l *Legend, i int, escape func([]byte, string) []byte) {
	if text, bad := l.Bad[i]; bad {
		e.buf = escape(e.buf, text)
		return
	}
	entry := &l.Entries[i]
	for k, part := range [...]string{string(entry.CF), entry.Class, entry.UUID, entry.Name} {
		if k > 0 {
			e.buf = append(e.buf, ':')
		}
		e.buf = escape(e.buf, part)
	}
}

// counts are the numbers of a header in their order, as metaNames names
// them.
func counts(h *Header) [len(metaNames)]int64 {
	return [...]int64{
		metaStart: h.Start, metaStep: h.Step, metaEnd: h.End,
		metaRows: int64(h.Rows), metaColumns: int64(h.Columns),
	}
}

func (e *Encoder) xmlHeader(h *Header) {
	e.buf = append(e.buf, `<?xml version="1.0" encoding="UTF-8"?>`+"\n<xport><meta>"...)
	for i, n := range counts(h) {
		e.buf = append(e.buf, '<')
		e.buf = append(e.buf, metaNames[i]...)
		e.buf = append(e.buf, '>')
		e.buf = strconv.AppendInt(e.buf, n, 10)
		e.buf = append(e.buf, '<', '/')
		e.buf = append(e.buf, metaNames[i]...)
		e.buf = append(e.buf, '>')
	}
	if e.columns == 0 {
		e.buf = append(e.buf, "<legend/></meta>"...)
		return
	}
	e.buf = append(e.buf, "<legend>"...)
	for i := range h.Legend.Entries {
		e.buf = append(e.buf, "<entry>"...)
		e.entry(h.Legend, i, appendXMLText)
		e.buf = append(e.buf, "</entry>"...)
		e.spill()
	}
	e.buf = append(e.buf, "</legend></meta>"...)
}

func (e *Encoder) xmlRow(t int64, values []float64) {
	if e.rows == 0 {
		e.buf = append(e.buf, "<data>"...)
	}
	e.buf = append(e.buf, "<row><t>"...)
	e.buf = strconv.AppendInt(e.buf, t, 10)
	e.buf = append(e.buf, "</t>"...)
	for _, v := range values {
		e.buf = append(e.buf, "<v>"...)
		e.buf = AppendFloat(e.buf, v)
		e.buf = append(e.buf, "</v>"...)
		e.spill()
	}
	e.buf = append(e.buf, "</row>"...)
}

func (e *Encoder) jsonHeader(h *Header) {
	e.buf = append(e.buf, `{"meta":{`...)
	for i, n := range counts(h) {
		e.buf = append(e.buf, '"')
		e.buf = append(e.buf, metaNames[i]...)
		e.buf = append(e.buf, `":"`...)
		e.buf = strconv.AppendInt(e.buf, n, 10)
		e.buf = append(e.buf, `",`...)
	}
	e.buf = append(e.buf, `"legend":[`...)
	for i := range h.Legend.Entries {
		if i > 0 {
			e.buf = append(e.buf, ',')
		}
		e.buf = append(e.buf, '"')
		e.entry(h.Legend, i, appendJSONText)
		e.buf = append(e.buf, '"')
		e.spill()
	}
	e.buf = append(e.buf, `]},"data":[`...)
}

func (e *Encoder) jsonRow(t int64, values []float64) {
	if e.rows > 0 {
		e.buf = append(e.buf, ',')
	}
	e.buf = append(e.buf, `{"t":"`...)
	e.buf = strconv.AppendInt(e.buf, t, 10)
	e.buf = append(e.buf, `","values":[`...)
	for i, v := range values {
		if i > 0 {
			e.buf = append(e.buf, ',')
		}
		e.buf = append(e.buf, '"')
		e.buf = AppendFloat(e.buf, v)
		e.buf = append(e.buf, '"')
		e.spill()
	}
	e.buf = append(e.buf, "]}"...)
}
