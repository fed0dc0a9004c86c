package rrd

import (
	"errors"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseQuery(t *testing.T) {
	f := func(raw string, want Query) {
		t.Helper()
		v, err := url.ParseQuery(raw)
		if err != nil {
			t.Fatal(err)
		}
		got, err := ParseQuery(v)
		if err != nil {
			t.Errorf("%s: %v", raw, err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: -want +got\n%s", raw, d)
		}
	}
	f("start=0", Query{})
	f("start=1766000147&interval=60&cf=AVERAGE&host=true&vm_uuid=a&vm_uuid=b&sr_uuid=all&sr_uuid=c&json",
		Query{Start: 1766000147, Interval: 60, CF: Average, Host: true, VMs: []string{"a", "b"}, SRs: []string{"all", "c"}, JSON: true})
	f("start=-30", Query{Start: -30})
	f("start=1&start=x", Query{Start: 1})
	f("start=0&cf=average", Query{})
	f("start=0&cf=Avg", Query{})
	f("start=0&cf=LAST", Query{CF: Last})
	f("start=0&cf=MIN&cf=MAX", Query{CF: Min})
	f("start=0&interval=5.0", Query{})
	f("start=0&interval=", Query{})
	f("start=0&interval=-60", Query{Interval: -60})
	f("start=0&host=True", Query{})
	f("start=0&host=1", Query{})
	f("start=0&host=false&host=true", Query{})
	f("start=0&vm_uuid=a,b", Query{VMs: []string{"a,b"}})
	f("start=0&vm_uuid=", Query{VMs: []string{""}})
	f("start=0&json=false", Query{JSON: true})
}

func TestParseQuery_Failure(t *testing.T) {
	for _, raw := range []string{"", "host=true", "start=", "start=now", "start=1.5", "start=1e9", "start=9223372036854775808"} {
		v, err := url.ParseQuery(raw)
		if err != nil {
			t.Fatal(err)
		}
		if q, err := ParseQuery(v); err == nil {
			t.Errorf("%q: got %+v, want an error", raw, q)
		}
	}
}

// TestStockSelection has the queries and the answers of xen-api's own library
// (Rrd_updates.export at e2ee48d688). cfs is how many blocks of columns the
// answer had.
func TestStockSelection(t *testing.T) {
	f := func(name string, last int64, query string, start, step, end int64, rows int, first, oldest int64, cfs int) {
		t.Helper()
		r := NewRRD(ClassHost, "b9a77fa0-dd04-1f91-2bc6-9dc1a36eafc2")
		samples := []Sample{{"cpu0", 0.5}, {"cpu1", 0.25}, {"loadavg", 1}}
		r.Update(last-1, samples)
		r.Update(last, samples)
		v, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		q, err := ParseQuery(v)
		if err != nil {
			t.Fatal(err)
		}
		u, err := r.Updates(q)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		h, err := u.Header()
		if err != nil {
			t.Fatal(err)
		}
		want := Header{Start: start, Step: step, End: end, Rows: rows, Columns: 3 * cfs, Legend: h.Legend}
		if d := cmp.Diff(want, *h); d != "" {
			t.Errorf("%s: -want +got\n%s", name, d)
		}
		if len(h.Legend.Entries) != 3*cfs {
			t.Errorf("%s: %d legend entries, want %d", name, len(h.Legend.Entries), 3*cfs)
		}
		var times []int64
		for {
			row, err := u.Next()
			if err != nil {
				break
			}
			if len(row.Values) != 3*cfs {
				t.Errorf("%s: %d values in a row", name, len(row.Values))
			}
			times = append(times, row.T)
		}
		if len(times) != rows || rows > 0 && (times[0] != first || times[rows-1] != oldest) {
			t.Errorf("%s: rows at %d, want %d from %d back to %d", name, times, rows, first, oldest)
		}
	}
	f("host_only_5s_full", 1766000747, "start=1766000147&interval=5&cf=AVERAGE&host=true", 1766000150, 5, 1766000745, 120, 1766000745, 1766000150, 1)
	f("host_only_5s_60s_window", 1766000747, "start=1766000687&interval=5&cf=AVERAGE&host=true", 1766000690, 5, 1766000745, 12, 1766000745, 1766000690, 1)
	f("host_only_negative_start", 1766000747, "start=-30&interval=5&cf=AVERAGE&host=true", 1766000720, 5, 1766000745, 6, 1766000745, 1766000720, 1)
	f("host_only_start_on_boundary", 1766000747, "start=1766000700&interval=5&cf=AVERAGE&host=true", 1766000705, 5, 1766000745, 10, 1766000745, 1766000700, 1)
	f("host_only_interval0", 1766000747, "start=1766000722&interval=0&cf=AVERAGE&host=true", 1766000725, 5, 1766000745, 5, 1766000745, 1766000725, 1)
	f("empty_future_start", 1766000747, "start=1766004347&interval=5&cf=AVERAGE&host=true", 1766004350, 5, 1766000745, 0, 0, 0, 1)
	f("host_3vms_5s", 1766007497, "start=1766007437&interval=5&cf=AVERAGE&host=true", 1766007440, 5, 1766007495, 12, 1766007495, 1766007440, 1)
	f("host_3vms_60s", 1766007497, "start=1766006597&interval=60&cf=AVERAGE&host=true", 1766006640, 60, 1766007480, 15, 1766007480, 1766006640, 1)
	f("host_3vms_60s_nocf", 1766007497, "start=1766006897&interval=60&host=true", 1766006940, 60, 1766007480, 10, 1766007480, 1766006940, 3)
	f("host_60s_MIN", 1766007497, "start=1766006897&interval=60&cf=MIN&host=true", 1766006940, 60, 1766007480, 10, 1766007480, 1766006940, 1)
	f("host_5s_MAX", 1766007497, "start=1766006897&interval=5&cf=MAX&host=true", 1766006940, 60, 1766007480, 10, 1766007480, 1766006940, 1)
	f("host_3vms_old_start_picks_60s", 1766007497, "start=1766006297&interval=5&cf=AVERAGE&host=true", 1766006340, 60, 1766007480, 20, 1766007480, 1766006340, 1)
	f("slim_60s_full", 1766007497, "start=1766000307&interval=60&cf=AVERAGE&host=true", 1766000340, 60, 1766007480, 120, 1766007480, 1766000340, 1)
	f("slim_60s_allcfs", 1766007497, "start=1766005697&interval=60&host=true", 1766005740, 60, 1766007480, 30, 1766007480, 1766005740, 3)
	f("slim_5s_nocf", 1766007497, "start=1766007397&interval=5&host=true", 1766007400, 5, 1766007495, 20, 1766007495, 1766007400, 1)
	f("slim_1h", 1766007497, "start=1765507497&interval=3600&cf=AVERAGE&host=true", 1765508400, 3600, 1766005200, 139, 1766005200, 1765508400, 1)
	f("slim_1d", 1766007497, "start=0&interval=86400&cf=AVERAGE&host=true", 86400, 86400, 1765929600, 366, 1765929600, 1734393600, 1)
	f("nan_60s", 1766001497, "start=1766000097&interval=60&cf=AVERAGE&host=true", 1766000100, 60, 1766001480, 24, 1766001480, 1766000100, 1)
	f("gap_5s", 1766001497, "start=1766000907&interval=5&cf=AVERAGE&host=true", 1766000910, 5, 1766001495, 118, 1766001495, 1766000910, 1)

	// By the same rules, at their edges.
	const last = 1766007497 // the last point ended at ...495
	f("just within ten minutes", last, "start=1766006896&interval=5&cf=AVERAGE&host=true", 1766006900, 5, 1766007495, 120, 1766007495, 1766006900, 1)
	f("ten minutes", last, "start=1766006895&interval=5&cf=AVERAGE&host=true", 1766006940, 60, 1766007480, 10, 1766007480, 1766006940, 1)
	f("two hours", last, "start=1766000295&interval=60&cf=AVERAGE&host=true", 1766001600, 3600, 1766005200, 2, 1766005200, 1766001600, 1)
	f("interval between", last, "start=1766007400&interval=9&cf=AVERAGE&host=true", 1766007405, 5, 1766007495, 20, 1766007495, 1766007400, 1)
	f("interval of two points", last, "start=1766007400&interval=10&cf=AVERAGE&host=true", 1766007420, 60, 1766007480, 2, 1766007480, 1766007420, 1)
	f("negative interval", last, "start=1766007400&interval=-1&cf=AVERAGE&host=true", 1766007405, 5, 1766007495, 20, 1766007495, 1766007400, 1)
	f("older than all", last, "start=1&interval=5&cf=AVERAGE&host=true", 86400, 86400, 1765929600, 366, 1765929600, 1734393600, 1)
	f("older than all, all functions", last, "start=1&host=true", 86400, 86400, 1765929600, 366, 1765929600, 1734393600, 3)
}

func TestNothingSelected(t *testing.T) {
	f := func(name string, r *RRD, q Query) {
		t.Helper()
		if _, err := r.Updates(q); !errors.Is(err, ErrNoArchive) {
			t.Errorf("%s: %v, want ErrNoArchive", name, err)
		}
	}
	host, vm, sr := filled(ClassHost), filled(ClassVM), filled(ClassSR)
	f("no object", host, Query{})
	f("no update yet", NewRRD(ClassHost, "U"), Query{Host: true})
	f("LAST", host, Query{CF: Last, Host: true})
	f("more than a day", host, Query{Interval: 86405, Host: true})
	f("other VM", vm, Query{VMs: []string{"all", "other"}})
	f("no VM", vm, Query{VMs: []string{}})
	f("SR not named", sr, Query{Host: true})
	f("other SR", sr, Query{SRs: []string{"all"}})
	f("foreign class", filled("pool"), Query{Host: true, SRs: []string{"U"}})

	for name, err := range map[string]error{
		"host":        second(host.Updates(Query{Host: true, VMs: []string{}})),
		"all VMs":     second(vm.Updates(Query{})),
		"this VM":     second(vm.Updates(Query{VMs: []string{"x", "U"}})),
		"this SR":     second(sr.Updates(Query{SRs: []string{"U"}})),
		"a day":       second(host.Updates(Query{Interval: 86404, Host: true})),
		"least start": second(host.Updates(Query{Start: -1 << 63, Host: true})),
		"last start":  second(host.Updates(Query{Start: 1<<63 - 1, Host: true})),
	} {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func filled(class string) *RRD {
	r := NewRRD(class, "U")
	one(r, base, 1)
	one(r, base+5, 1)
	return r
}
