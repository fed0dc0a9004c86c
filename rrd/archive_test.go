package rrd

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// base is a time at which a day begins, and with it a row of every archive.
const base = 1_766_016_000

var unknown = math.NaN()

// one updates r with the single data source x.
func one(r *RRD, t int64, v float64) bool {
	return r.Update(t, []Sample{{"x", v}})
}

// rowsOf returns what the archive of cf with that step has of data source
// name, newest first, from start on.
func rowsOf(t *testing.T, r *RRD, cf CF, step, start int64, name string) []float64 {
	t.Helper()
	got, err := r.Updates(Query{Start: start, CF: cf, Interval: step, Host: true})
	if err != nil {
		t.Fatal(err)
	}
	h, err := got.Header()
	if err != nil {
		t.Fatal(err)
	}
	if h.Step != step {
		t.Fatalf("step %d, want %d", h.Step, step)
	}
	col := slices.IndexFunc(h.Legend.Entries, func(e Entry) bool { return e.Name == name })
	if col < 0 {
		t.Fatalf("no data source %q in %v", name, h.Legend.Entries)
	}
	var rows []float64
	for {
		row, err := got.Next()
		if err != nil {
			return rows
		}
		rows = append(rows, row.Values[col])
	}
}

// same compares values as float32, NaN being equal to NaN.
func same(a, b []float64) bool {
	return slices.EqualFunc(a, b, func(x, y float64) bool {
		return float32(x) == float32(y) || math.IsNaN(x) && math.IsNaN(y)
	})
}

func want(t *testing.T, what string, got, want []float64) {
	t.Helper()
	if !same(got, want) {
		t.Errorf("%s: rows %v, want %v", what, got, want)
	}
}

func TestPointsOfFiveSeconds(t *testing.T) {
	// Each case: updates of x as "seconds after base: value"; the first
	// starts the clock. Then the 5 s rows, newest first.
	f := func(name string, updates [][2]float64, rows ...float64) {
		t.Helper()
		r := NewRRD(ClassHost, "h")
		for _, u := range updates {
			one(r, base+int64(u[0]), u[1])
		}
		want(t, name, rowsOf(t, r, Average, 5, base+5, "x"), rows)
	}
	f("on the beat", [][2]float64{{0, 9}, {5, 1}, {10, 2}, {15, 3}}, 3, 2, 1)
	f("nothing closed yet", [][2]float64{{0, 9}, {4, 1}})
	f("the first update stands for no time", [][2]float64{{3, 9}, {5, 1}}, unknown)
	f("three of five seconds known are enough", [][2]float64{{2, 9}, {5, 1}}, 1)
	f("weighted by seconds", [][2]float64{{0, 9}, {2, 10}, {5, 20}}, 16)
	f("the rest counts for the next point", [][2]float64{{0, 9}, {7, 10}, {10, 20}}, 16, 10)
	f("one sample for many points", [][2]float64{{0, 9}, {20, 4}}, 4, 4, 4, 4)
	// 3 s at 10 and 7 s at 20 make one mean of 17 for both points.
	f("points closed together share their mean", [][2]float64{{0, 9}, {3, 10}, {10, 20}}, 17, 17)
	f("unknown part is left out", [][2]float64{{0, 9}, {2, unknown}, {5, 20}}, 20)
	f("mostly unknown is unknown", [][2]float64{{0, 9}, {3, unknown}, {5, 20}}, unknown)
	f("unknown sample", [][2]float64{{0, 9}, {5, 1}, {10, unknown}, {15, 3}}, 3, unknown, 1)
	f("a gap of 300 s is bridged", [][2]float64{{0, 9}, {300, 1}}, slices.Repeat([]float64{1}, 60)...)
	f("a longer gap is unknown", [][2]float64{{0, 9}, {5, 1}, {306, 2}, {310, 3}},
		append(append([]float64{3}, slices.Repeat([]float64{unknown}, 60)...), 1)...)
	f("infinite is kept", [][2]float64{{0, 9}, {5, math.Inf(1)}, {10, 1}}, 1, math.Inf(1))
}

func TestTimeThatDoesNotAdvance(t *testing.T) {
	r := NewRRD(ClassHost, "h")
	for i, c := range []struct {
		t    int64
		want bool
	}{{-5, false}, {0, false}, {base, true}, {base, false}, {base + 5, true}, {base + 4, false}, {base + 5, false}, {base + 10, true}, {math.MaxInt64, false}} {
		if got := one(r, c.t, float64(i)); got != c.want {
			t.Errorf("update %d at %d: %v, want %v", i, c.t, got, c.want)
		}
	}
	want(t, "taken", rowsOf(t, r, Average, 5, base+5, "x"), []float64{7, 4})
	if r.LastUpdate() != base+10 {
		t.Errorf("last update %d", r.LastUpdate())
	}
}

func TestRowsOfAMinute(t *testing.T) {
	// Twelve points, at base+5 ... base+60.
	f := func(name string, points []float64, avg, least, greatest float64) {
		t.Helper()
		r := NewRRD(ClassHost, "h")
		one(r, base, 0)
		for i, p := range points {
			one(r, base+5*int64(i+1), p)
		}
		want(t, name+" AVERAGE", rowsOf(t, r, Average, 60, base+60, "x"), []float64{avg})
		want(t, name+" MIN", rowsOf(t, r, Min, 60, base+60, "x"), []float64{least})
		want(t, name+" MAX", rowsOf(t, r, Max, 60, base+60, "x"), []float64{greatest})
	}
	n := unknown
	f("all known", []float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, 6.5, 1, 12)
	f("negative", []float64{-1, -2, -3, -4, -5, -6, -7, -8, -9, -10, -11, -12}, -6.5, -12, -1)
	f("unknown last", []float64{1, 2, 3, 4, 5, 6, n, n, n, n, n, n}, 3.5, 1, 6)
	f("unknown first", []float64{n, n, n, n, n, n, 1, 2, 3, 4, 5, 6}, 3.5, 1, 6)
	f("one known", []float64{n, n, n, n, 7, n, n, n, n, n, n, n}, 7, 7, 7)
	f("none known", []float64{n, n, n, n, n, n, n, n, n, n, n, n}, n, n, n)
}

func TestRowsAcrossOneUpdate(t *testing.T) {
	r := NewRRD(ClassHost, "h")
	one(r, base, 0)
	one(r, base+30, 1)     // half of the first row
	one(r, base+30+240, 5) // its rest, three rows and half of the next
	one(r, base+300, 9)
	want(t, "AVERAGE", rowsOf(t, r, Average, 60, base+60, "x"), []float64{7, 5, 5, 5, 3})
	want(t, "MIN", rowsOf(t, r, Min, 60, base+60, "x"), []float64{5, 5, 5, 5, 1})
	want(t, "MAX", rowsOf(t, r, Max, 60, base+60, "x"), []float64{9, 5, 5, 5, 5})
}

func TestLongerGapThanAnArchive(t *testing.T) {
	r := NewRRD(ClassHost, "h")
	one(r, base, 0)
	one(r, base+60, 1)
	const later = base + 3*366*86400
	one(r, later, 2)
	one(r, later+5, 3)
	want(t, "5 s", rowsOf(t, r, Average, 5, later-590, "x"), append([]float64{3}, slices.Repeat([]float64{unknown}, 119)...))
	if got := rowsOf(t, r, Average, 86400, 0, "x"); len(got) != 366 || slices.ContainsFunc(got, func(v float64) bool { return !math.IsNaN(v) }) {
		t.Errorf("days: %v", got)
	}
}

func TestHoursAndDays(t *testing.T) {
	r := NewRRD(ClassHost, "h")
	one(r, base, 0)
	for i := int64(1); i <= 2*86400/60; i++ {
		one(r, base+60*i, float64(i))
	}
	// Minute i has the value i. Hour k ends with minute 60k, day d with 1440d.
	want(t, "hour AVERAGE", rowsOf(t, r, Average, 3600, base+47*3600, "x"), []float64{2850.5, 2790.5})
	want(t, "hour MIN", rowsOf(t, r, Min, 3600, base+47*3600, "x"), []float64{2821, 2761})
	want(t, "hour MAX", rowsOf(t, r, Max, 3600, base+47*3600, "x"), []float64{2880, 2820})
	want(t, "day AVERAGE", rowsOf(t, r, Average, 86400, base+86400, "x"), []float64{2160.5, 720.5})
	want(t, "day MIN", rowsOf(t, r, Min, 86400, base+86400, "x"), []float64{1441, 1})
	want(t, "day MAX", rowsOf(t, r, Max, 86400, base+86400, "x"), []float64{2880, 1440})
}

func TestDataSourcesComeAndGo(t *testing.T) {
	r := NewRRD(ClassHost, "h")
	r.Update(base, nil)
	r.Update(base+5, []Sample{{"a", 1}})
	r.Update(base+10, []Sample{{"b", 20}, {"a", 2}})
	r.Update(base+15, []Sample{{"b", 30}})
	r.Update(base+20, []Sample{{"b", 1}, {"a", 4}, {"b", 40}})
	want(t, "a", rowsOf(t, r, Average, 5, base+5, "a"), []float64{4, unknown, 2, 1})
	want(t, "b", rowsOf(t, r, Average, 5, base+5, "b"), []float64{40, 30, 20, unknown})
	for i := int64(5); i <= 12; i++ {
		r.Update(base+5*i, []Sample{{"a", 5}, {"b", 50}})
	}
	// What was unknown before b came does not pull its minute down.
	want(t, "minute of b", rowsOf(t, r, Average, 60, base+60, "b"), []float64{(20 + 30 + 40 + 8*50) / 11.})
}

func TestNewDataSourceInTheMiddle(t *testing.T) {
	r := NewRRD(ClassHost, "h")
	r.Update(base+1, nil)
	r.Update(base+33, nil)
	r.Update(base+35, []Sample{{"late", 8}}) // two seconds of this point
	for i := int64(8); i <= 12; i++ {
		r.Update(base+5*i, []Sample{{"late", float64(i)}})
	}
	want(t, "points", rowsOf(t, r, Average, 5, base+5, "late"), []float64{12, 11, 10, 9, 8, unknown, unknown, unknown, unknown, unknown, unknown, unknown})
	want(t, "minute", rowsOf(t, r, Average, 60, base+60, "late"), []float64{10})
	want(t, "least", rowsOf(t, r, Min, 60, base+60, "late"), []float64{8})
}

func TestAbsentDataSourceIsDropped(t *testing.T) {
	r := NewRRD(ClassHost, "h")
	r.Update(base, []Sample{{"gone", 1}, {"kept", 1}, {"idle", 1}})
	now := int64(base)
	for range MaxAbsence / 300 {
		now += 300
		r.Update(now, []Sample{{"kept", 1}, {"idle", unknown}})
	}
	if r.Len() != 3 {
		t.Fatalf("%d data sources after a week, want 3", r.Len())
	}
	r.Update(now+1, []Sample{{"kept", 2}, {"idle", unknown}})
	if r.Len() != 2 {
		t.Fatalf("%d data sources after more than a week, want 2", r.Len())
	}
	r.Update(now+5, []Sample{{"idle", 7}, {"kept", 2}})
	want(t, "idle", rowsOf(t, r, Average, 5, now+5, "idle"), []float64{7})
	want(t, "kept", rowsOf(t, r, Average, 5, now, "kept"), []float64{2, 1})
}

func TestDownTimeIsNotAbsence(t *testing.T) {
	r := NewRRD(ClassHost, "h")
	r.Update(base, []Sample{{"x", 1}})
	r.Update(base+10*MaxAbsence, nil)
	if r.Len() != 1 {
		t.Error("dropped for a time in which nothing was measured")
	}
}

func TestChurnOfNames(t *testing.T) {
	r := NewRRD(ClassHost, "h")
	now := int64(base)
	var samples []Sample
	for i := range 3 * MaxDataSources {
		if i%1024 == 0 {
			now += 5
			r.Update(now, samples)
			samples = []Sample{{"stays", float64(i)}}
		}
		samples = append(samples, Sample{fmt.Sprint("dev", i), 1})
	}
	if r.Len() != MaxDataSources || r.Refused() != 0 {
		t.Errorf("%d data sources, %d refused", r.Len(), r.Refused())
	}
	// Of the newest batch all are there, of the oldest none.
	for name, there := range map[string]bool{"stays": true, "dev0": false, "dev1023": false, fmt.Sprint("dev", 2*MaxDataSources): true} {
		if _, ok := r.index[name]; ok != there {
			t.Errorf("%s there: %v, want %v", name, ok, there)
		}
	}
	for name, i := range r.index {
		if r.sources[i].name != name {
			t.Fatalf("index of %q points to %q", name, r.sources[i].name)
		}
	}
	want(t, "stays", rowsOf(t, r, Average, 5, now, "stays"), []float64{10240})
}

func TestTooManyAtOnce(t *testing.T) {
	r := NewRRD(ClassHost, "h")
	samples := []Sample{{"", 1}, {strings.Repeat("n", MaxNameBytes+1), 1}, {strings.Repeat("n", MaxNameBytes), 1}}
	for i := range MaxDataSources {
		samples = append(samples, Sample{fmt.Sprint("dev", i), 1})
	}
	r.Update(base, samples)
	if r.Len() != MaxDataSources || r.Refused() != 3 {
		t.Errorf("%d data sources, %d refused, want %d and 3", r.Len(), r.Refused(), MaxDataSources)
	}
}

func TestRewind(t *testing.T) {
	r := NewRRD(ClassHost, "h")
	one(r, base, 0)
	for i := int64(1); i <= 48; i++ {
		one(r, base+5*i, float64(i))
	}
	r.Rewind(base + 240) // not back
	r.Rewind(base + 500)
	if r.LastUpdate() != base+240 {
		t.Fatalf("last update %d", r.LastUpdate())
	}
	r.Rewind(base + 92) // two seconds into a point, half into a row
	if r.LastUpdate() != base+92 {
		t.Fatalf("last update %d", r.LastUpdate())
	}
	want(t, "points left", rowsOf(t, r, Average, 5, base+75, "x"), []float64{18, 17, 16, 15})
	want(t, "rows left", rowsOf(t, r, Average, 60, base, "x"), []float64{6.5, unknown})
	for i := int64(19); i <= 24; i++ {
		one(r, base+5*i, 100)
	}
	// The five seconds that end at base+95 are known for three of them.
	want(t, "points again", rowsOf(t, r, Average, 5, base+85, "x"), []float64{100, 100, 100, 100, 100, 100, 18, 17})
	want(t, "row again", rowsOf(t, r, Average, 60, base+60, "x"), []float64{100, 6.5})
	want(t, "least again", rowsOf(t, r, Min, 60, base+60, "x"), []float64{100, 1})
	r.Rewind(-1)
	if one(r, 0, 1) || !one(r, 5, 1) || !one(r, 10, 2) {
		t.Error("updates after a rewind to the start of time")
	}
	want(t, "from nothing", rowsOf(t, r, Average, 5, -4, "x"), []float64{2})
}

func TestUpdateDoesNotAllocate(t *testing.T) {
	r := NewRRD(ClassHost, "h")
	samples := manySamples(100)
	now := int64(base)
	r.Update(now, samples)
	r.Update(now+1, samples)
	if n := testing.AllocsPerRun(1000, func() { now += 5; r.Update(now, samples) }); n != 0 {
		t.Errorf("%v allocations an update", n)
	}
}

func TestSizeOfADataSource(t *testing.T) {
	const n = 1000
	measure := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	samples := manySamples(n)
	before := measure()
	r := NewRRD(ClassHost, "h")
	r.Update(base, samples)
	r.Update(base+5, samples)
	each := (measure() - before) / n
	runtime.KeepAlive(r)
	if each > 10_500 {
		t.Errorf("%d bytes a data source", each)
	}
	t.Logf("%d bytes a data source", each)
}

func manySamples(n int) []Sample {
	samples := make([]Sample, n)
	for i := range samples {
		samples[i] = Sample{fmt.Sprint("source", i), float64(i)}
	}
	return samples
}

func BenchmarkUpdate(b *testing.B) {
	r := NewRRD(ClassHost, "h")
	samples := manySamples(500)
	now := int64(base)
	r.Update(now, samples)
	b.ReportAllocs()
	for b.Loop() {
		now += 5
		r.Update(now, samples)
	}
}

func BenchmarkUpdates(b *testing.B) {
	r := NewRRD(ClassHost, "h")
	samples := manySamples(500)
	r.Update(base, samples)
	r.Update(base+300, samples)
	b.ReportAllocs()
	for b.Loop() {
		u, err := r.Updates(Query{Start: base + 241, CF: Average, Interval: 60, Host: true})
		if err != nil {
			b.Fatal(err)
		}
		for err == nil {
			_, err = u.Next()
		}
	}
}

func BenchmarkDataSource(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		newDataSource("x", base)
	}
}
