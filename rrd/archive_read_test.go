package rrd

import (
	"io"
	"math"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func updates(t *testing.T, r *RRD, q Query) (Reader, *Header) {
	t.Helper()
	u, err := r.Updates(q)
	if err != nil {
		t.Fatal(err)
	}
	h, err := u.Header()
	if err != nil {
		t.Fatal(err)
	}
	return u, h
}

func TestLegend(t *testing.T) {
	r := NewRRD(ClassVM, "U")
	r.Update(base, []Sample{{"b", 1}, {"a:1", 2}})
	_, h := updates(t, r, Query{Interval: 60})
	var got []string
	for _, e := range h.Legend.Entries {
		got = append(got, e.String())
	}
	want := []string{"AVERAGE:vm:U:b", "AVERAGE:vm:U:a:1", "MIN:vm:U:b", "MIN:vm:U:a:1", "MAX:vm:U:b", "MAX:vm:U:a:1"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
	if h.Legend.Bad != nil {
		t.Errorf("bad entries %v", h.Legend.Bad)
	}
}

func TestLegendStaysTheSame(t *testing.T) {
	r := NewRRD(ClassHost, "h")
	r.Update(base, []Sample{{"a", 1}, {"b", 1}})
	legend := func(q Query) *Legend {
		q.Host, q.Start = true, -5
		_, h := updates(t, r, q)
		return h.Legend
	}
	all := []Query{{}, {Interval: 60}, {CF: Average}, {CF: Min}, {CF: Max}, {CF: Average, Interval: 86400}}
	first := make([]*Legend, len(all))
	for i, q := range all {
		first[i] = legend(q)
	}
	if first[0] == first[1] || first[2] == first[3] || first[3] == first[4] {
		t.Error("different columns have one legend")
	}
	r.Update(base+5, []Sample{{"b", 1}}) // a is absent, but still there
	for i, q := range all {
		if legend(q) != first[i] {
			t.Errorf("query %+v has a new legend", q)
		}
	}
	r.Update(base+10, []Sample{{"c", 1}})
	for i, q := range all {
		if legend(q) == first[i] {
			t.Errorf("query %+v has the old legend after a new data source", q)
		}
	}
}

func TestReaderIsACopy(t *testing.T) {
	r := NewRRD(ClassHost, "h")
	one(r, base, 0)
	for i := int64(1); i <= 120; i++ {
		one(r, base+5*i, float64(i))
	}
	u, h := updates(t, r, Query{Start: base + 1, CF: Average, Interval: 5, Host: true})
	for i := int64(121); i <= 200; i++ {
		r.Update(base+5*i, []Sample{{"x", 0}, {"y", 0}})
	}
	if h.Columns != 1 || h.Rows != 120 {
		t.Fatalf("header %+v", h)
	}
	for i := 120; i > 0; i-- {
		row, err := u.Next()
		if err != nil || row.T != base+5*int64(i) || row.Values[0] != float64(i) {
			t.Fatalf("row %d: %+v, %v", i, row, err)
		}
	}
	for range 2 {
		if _, err := u.Next(); err != io.EOF {
			t.Fatalf("at the end: %v", err)
		}
	}
}

func TestWant(t *testing.T) {
	r := NewRRD(ClassHost, "h")
	r.Update(base, []Sample{{"a", 0}, {"b", 0}, {"c", 0}})
	r.Update(base+5, []Sample{{"a", 1}, {"b", 2}, {"c", 3}})
	f := func(columns []bool, want ...float64) {
		t.Helper()
		u, _ := updates(t, r, Query{Start: base + 5, CF: Average, Host: true})
		u.Want(columns)
		row, err := u.Next()
		if err != nil || !same(row.Values, want) {
			t.Errorf("want %v: %v, %v; want %v", columns, row.Values, err, want)
		}
	}
	n := math.NaN()
	f(nil, 1, 2, 3)
	f([]bool{true, true, true}, 1, 2, 3)
	f([]bool{false, true, false}, n, 2, n)
	f([]bool{true}, 1, n, n)
	f([]bool{}, n, n, n)
}

// TestReadersAndWriter is for the race detector.
func TestReadersAndWriter(t *testing.T) {
	r := NewRRD(ClassHost, "h")
	one(r, base, 1)
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for range 200 {
				u, err := r.Updates(Query{Start: -600, Host: true})
				if err != nil {
					t.Error(err)
					return
				}
				for err == nil {
					_, err = u.Next()
				}
				if err := r.Save(io.Discard); err != nil {
					t.Error(err)
				}
				_, _, _ = r.LastUpdate(), r.Len(), r.Refused()
			}
		})
	}
	for i := int64(1); i < 500; i++ {
		r.Update(base+5*i, []Sample{{"x", 1}, {string(rune('a' + i%20)), 2}})
		if i%100 == 0 {
			r.Rewind(base + 5*i - 50)
		}
	}
	readers.Wait()
}
