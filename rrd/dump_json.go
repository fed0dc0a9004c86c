package rrd

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"strconv"
)

// WriteJSON writes an update as lines of JSON, one object each, in document
// order:
//
//	{"start":1766000150,"step":5,"end":1766000745,"rows":1,"columns":2}
//	{"column":0,"cf":"AVERAGE","class":"host","uuid":"b9a7...","name":"cpu0"}
//	{"column":1,"text":"no four parts"}
//	{"t":1766000745,"values":[0.100000001490116,null]}
//	{"end_of_update":true,"rows":1,"values":2,"checksum":"a3f0..."}
//
// rows and columns of the first line are those announced, rows and values of
// the last are those that came, with their Checksum in hexadecimal. NaN is
// null, an infinity the string "Infinity" or "-Infinity", and any other
// value has digits enough to give the same float64 back. Without the last
// line the update did not end well.
func WriteJSON(w io.Writer, r Reader) error {
	header, err := r.Header()
	if err != nil {
		return err
	}
	r.Want(nil)
	out := jsonWriter{w: bufio.NewWriter(w)}
	out.header(header)
	rows, values, checksum := 0, 0, ChecksumSeed
	for {
		row, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			out.w.Flush() // the lines so far may help; the error to tell is r's
			return err
		}
		if err := out.row(row); err != nil {
			return err
		}
		rows++
		values += len(row.Values)
		checksum = Checksum(checksum, row.Values)
	}
	fmt.Fprintf(out.w, "{\"end_of_update\":true,\"rows\":%d,\"values\":%d,\"checksum\":\"%016x\"}\n", rows, values, checksum)
	return out.w.Flush()
}

type jsonWriter struct {
	w    *bufio.Writer // keeps its first error
	line []byte
}

func (j *jsonWriter) header(h *Header) {
	fmt.Fprintf(j.w, "{\"start\":%d,\"step\":%d,\"end\":%d,\"rows\":%d,\"columns\":%d}\n",
		h.Start, h.Step, h.End, h.Rows, h.Columns)
	for i, e := range h.Legend.Entries {
		j.line = fmt.Appendf(j.line[:0], `{"column":%d`, i)
		if text, bad := h.Legend.Bad[i]; bad {
			j.field("text", text)
		} else {
			j.field("cf", string(e.CF))
			j.field("class", e.Class)
			j.field("uuid", e.UUID)
			j.field("name", e.Name)
		}
		j.line = append(j.line, "}\n"...)
		j.w.Write(j.line)
	}
}

func (j *jsonWriter) field(name, value string) {
	j.line = append(j.line, `,"`...)
	j.line = append(j.line, name...)
	j.line = append(j.line, `":"`...)
	j.line = appendJSONText(j.line, value)
	j.line = append(j.line, '"')
}

func (j *jsonWriter) row(row Row) error {
	j.line = append(j.line[:0], `{"t":`...)
	j.line = strconv.AppendInt(j.line, row.T, 10)
	j.line = append(j.line, `,"values":[`...)
	for i, v := range row.Values {
		if i > 0 {
			j.line = append(j.line, ',')
		}
		switch {
		case math.IsNaN(v):
			j.line = append(j.line, "null"...)
		case math.IsInf(v, 0):
			j.line = append(j.line, '"')
			j.line = AppendFloat(j.line, v)
			j.line = append(j.line, '"')
		default:
			j.line = strconv.AppendFloat(j.line, v, 'g', -1, 64)
		}
	}
	j.line = append(j.line, "]}\n"...)
	_, err := j.w.Write(j.line)
	return err
}
