package rrd

import (
	"bytes"
	"io"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestAnswersOnTheWire writes answers as the web port does and reads them as
// a client does.
func TestAnswersOnTheWire(t *testing.T) {
	r := gappy()
	for _, q := range []Query{
		{CF: Average, Interval: 5, Start: -300},
		{Interval: 60, Start: -7000},
		{CF: Max, Start: 0},
		{Start: base * 2},
	} {
		q.Host = true
		wantHeader, wantRows := drain(t, first(r.Updates(q)))
		for _, format := range []Format{FormatXML, FormatJSON} {
			u := first(r.Updates(q))
			var doc bytes.Buffer
			e := NewEncoder(&doc, format)
			h, err := u.Header()
			if err != nil {
				t.Fatal(err)
			}
			if err := e.Header(h); err != nil {
				t.Fatal(err)
			}
			for {
				row, err := u.Next()
				if err == io.EOF {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				if err := e.Row(row.T, row.Values); err != nil {
					t.Fatal(err)
				}
			}
			if err := e.Close(); err != nil {
				t.Fatal(err)
			}
			gotHeader, gotRows := drain(t, NewDecoder(&doc, DecoderOptions{}))
			if d := cmp.Diff(wantHeader, gotHeader); d != "" {
				t.Errorf("%+v: header, -archive +wire\n%s", q, d)
			}
			// The 15 digits of the wire tell float32s apart, not float64s.
			asFloat32 := cmp.Comparer(func(a, b float64) bool { return same([]float64{a}, []float64{b}) })
			if d := cmp.Diff(wantRows, gotRows, asFloat32); d != "" {
				t.Errorf("%+v: rows, -archive +wire\n%s", q, d)
			}
		}
	}
}

func first[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func drain(t *testing.T, u Reader) (*Header, []Row) {
	t.Helper()
	h, err := u.Header()
	if err != nil {
		t.Fatal(err)
	}
	var rows []Row
	for {
		row, err := u.Next()
		if err == io.EOF {
			return h, rows
		}
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, Row{T: row.T, Values: slices.Clone(row.Values)})
	}
}
