package rrd

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
)

// benchDocument is what a host with 100 guests answers to a poll: 4200
// columns, 5 rows of float32 values.
func benchDocument(b *testing.B, format Format) []byte {
	b.Helper()
	const columns, rows = 4200, 5
	r := rand.New(rand.NewPCG(1, 2))
	legend := &Legend{}
	for i := range columns {
		legend.Entries = append(legend.Entries, Entry{
			CF: Average, Class: ClassVM, Name: fmt.Sprintf("vbd_xvda_%d", i%36),
			UUID: fmt.Sprintf("%08x-faa0-98e3-3e60-b7018d331e17", i/36),
		})
	}
	var document bytes.Buffer
	e := NewEncoder(&document, format)
	end := int64(1766000160)
	if err := e.Header(&Header{Start: end - 240, Step: 60, End: end, Rows: rows, Columns: columns, Legend: legend}); err != nil {
		b.Fatal(err)
	}
	values := make([]float64, columns)
	for i := range rows {
		for c := range values {
			switch r.IntN(4) {
			case 0:
				values[c] = 0
			case 1:
				values[c] = float64(r.IntN(1 << 30))
			default:
				values[c] = float64(r.Float32())
			}
		}
		if err := e.Row(end-int64(i)*60, values); err != nil {
			b.Fatal(err)
		}
	}
	if err := e.Close(); err != nil {
		b.Fatal(err)
	}
	return document.Bytes()
}

func benchmarkDecode(b *testing.B, format Format, want func(column int) bool) {
	document := benchDocument(b, format)
	b.SetBytes(int64(len(document)))
	b.ReportAllocs()
	r := bytes.NewReader(document)
	d := NewDecoder(nil, DecoderOptions{})
	for b.Loop() {
		r.Reset(document)
		d.Reset(r)
		header, err := d.Header()
		if err != nil {
			b.Fatal(err)
		}
		if want != nil {
			columns := make([]bool, len(header.Legend.Entries))
			for i := range columns {
				columns[i] = want(i)
			}
			d.Want(columns)
		}
		for {
			if _, err := d.Next(); err == io.EOF {
				break
			} else if err != nil {
				b.Fatal(err)
			}
		}
	}
}

func everyTenth(column int) bool { return column%10 == 0 }

func BenchmarkDecodeXML(b *testing.B)  { benchmarkDecode(b, FormatXML, nil) }
func BenchmarkDecodeJSON(b *testing.B) { benchmarkDecode(b, FormatJSON, nil) }

// BenchmarkDecodeTenth converts one column in ten, as a monitor does.
func BenchmarkDecodeTenthXML(b *testing.B)  { benchmarkDecode(b, FormatXML, everyTenth) }
func BenchmarkDecodeTenthJSON(b *testing.B) { benchmarkDecode(b, FormatJSON, everyTenth) }

func BenchmarkEncodeXML(b *testing.B)  { benchmarkEncode(b, FormatXML) }
func BenchmarkEncodeJSON(b *testing.B) { benchmarkEncode(b, FormatJSON) }

func benchmarkEncode(b *testing.B, format Format) {
	document := benchDocument(b, format)
	u, err := collect(NewDecoder(bytes.NewReader(document), DecoderOptions{}))
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(document)))
	b.ReportAllocs()
	for b.Loop() {
		e := NewEncoder(io.Discard, format)
		if err := e.Header(&u.Header); err != nil {
			b.Fatal(err)
		}
		for _, row := range u.Rows {
			if err := e.Row(row.T, row.Values); err != nil {
				b.Fatal(err)
			}
		}
		if err := e.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
