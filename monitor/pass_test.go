package monitor

import (
	"math"
	"slices"
	"strings"
	"testing"

	"perfmon/alarm"
	"perfmon/rrd"
)

// Good rows are passed over together. These are the traces that they leave.

func TestPassedRowsAreKnownTime(t *testing.T) {
	w := newWorld(t, Options{LookBack: 3600}, hostCPU)
	w.give("host", "h", "cpu_usage level=0.5 period=60")
	for at := int64(0); at <= 1200; at += 60 {
		w.row(at, 0.1)
	}
	w.poll(1205)
	w.giveXML("host", "h", strings.Replace(shortXML("cpu_usage level=0.5 period=60"), "</variable>", `<alarm_nodata_period value="300"/></variable>`, 1))
	w.row(1260, math.NaN())
	w.poll(1265)
	w.wantTold("the last known value is a minute old", "")
}

func TestKnownAgainIsKept(t *testing.T) {
	w := steady(t, "")
	w.giveXML("host", "h", strings.Replace(shortXML("cpu_usage level=0.5 period=60"), "</variable>", `<alarm_nodata_period value="300"/></variable>`, 1))
	current := func() bool {
		_, kept, err := alarm.LoadTrigger(w.saved.States[alarm.ID{Class: "host", UUID: "h", Variable: "cpu_usage"}])
		if err != nil {
			t.Fatal(err)
		}
		return kept.Current
	}
	w.row(0, 0.1)
	w.row(60, math.NaN())
	w.poll(65)
	if current() {
		t.Error("an unknown value is kept as a known one")
	}
	w.row(120, 0.1)
	w.poll(125)
	if !current() {
		t.Error("a known value is kept as an unknown one")
	}
}

func TestPassedRowsAreRemembered(t *testing.T) {
	w := newWorld(t, Options{LookBack: 3600}, hostCPU)
	w.give("host", "h", "cpu_usage level=0.5 period=60")
	for at := int64(0); at < 60*40; at += 60 {
		w.row(at, 0.1+float64(at)/1e6)
	}
	w.poll(60 * 40)
	v := w.m.objects[Object{"host", "h"}].byName["cpu_usage"]
	n, at := 0, int64(60*(40-recentRows))
	v.recent.each(func(p point) {
		if p.t != t0+at || p.value != 0.1+float64(at)/1e6 {
			t.Errorf("row %d: %+v", (p.t-t0)/60, p)
		}
		n, at = n+1, at+60
	})
	if n != recentRows || v.value != 0.1+float64(60*39)/1e6 {
		t.Errorf("%d rows remembered, value %v", n, v.value)
	}
}

func TestWhatIsAsNewIsNotKept(t *testing.T) {
	w := steady(t, "cpu_usage level=0.5 period=600")
	f := func(at int64, value float64, want bool) {
		t.Helper()
		w.row(at, value)
		w.poll(at + 5)
		_, kept := w.saved.States[alarm.ID{Class: "host", UUID: "h", Variable: "cpu_usage"}]
		if kept != want {
			t.Errorf("after the row at %d its state is kept: %v, want %v", at, kept, want)
		}
	}
	f(0, 0.1, false)
	f(60, 0.9, true) // progress
	f(120, 0.1, false)
	f(180, math.NaN(), false)
	for at := int64(240); at < 840; at += 60 {
		f(at, 0.9, true)
	}
	f(840, 0.1, true) // the quiet time goes on
}

func TestKnownAgainIsKnown(t *testing.T) {
	w := steady(t, "")
	for i, value := range []float64{0.1, nan, 0.2, 0.3} {
		at := int64(60 * i)
		w.row(at, value)
		w.poll(at + 5)
		if s := w.m.Snapshot().Variables[0]; s.Known != known(value) {
			t.Errorf("row %d: known is %v of %v", i, s.Known, value)
		}
	}
}

// TestPassedRowsAreNotOld: rows that have been judged before and come again are
// not remembered twice.
func TestPassedRowsAreNotOld(t *testing.T) {
	w := steady(t, "")
	w.row(0, 0.1)
	w.row(60, 0.2)
	w.poll(65)
	v := w.m.objects[Object{"host", "h"}].byName["cpu_usage"]
	f := newFolded(&rrd.Header{Rows: 3, Step: 60, End: t0 + 120}, 1, room{})
	for at, value := range []float64{0.3, 0.2, 0.1} {
		f.times = append(f.times, t0+120-60*int64(at))
		w.m.plan.gather([]float64{value}, f.more(), f.marked)
	}
	w.m.evaluate(f, t0+125)
	var values []float64
	v.recent.each(func(p point) { values = append(values, p.value) })
	if !slices.Equal(values, []float64{0.1, 0.2, 0.3}) {
		t.Errorf("remembered: %v", values)
	}
}
