package monitor

import (
	"log/slog"
	"testing"

	"perfmon/rrd"
)

var discard = slog.New(slog.DiscardHandler)

func TestOnlyAveragesCountAndOnlyOnce(t *testing.T) {
	w := newWorld(t, Options{}, hostCPU, hostCPU, hostCPU, "host/h/cpu1")
	w.legend.Entries[2].CF = rrd.Max
	w.give("host", "h", "x level=2 regex=cpu[0-9] fn=sum period=0 inhibit=0")
	w.row(0, 1, 100, 100, 2)
	w.wantAlarms("one cpu0 and one cpu1", w.poll(5), "x@0")
	if v := w.alarms[0].Value; v != 3 {
		t.Errorf("value %v, want 3", v)
	}
}

func TestUUIDSharedByClassesIsTwoObjects(t *testing.T) {
	w := newWorld(t, Options{}, "vm/h/cpu0", hostCPU)
	w.give("host", "h", "cpu_usage level=0.5 period=0")
	w.row(0, 0.9, 0.1)
	w.wantAlarms("the VM's column is not the host's", w.poll(5), "")
}

func TestColumnWithABadHeadingIsIgnored(t *testing.T) {
	w := newWorld(t, Options{}, "host/h/x", hostCPU)
	w.legend.Entries[0] = rrd.Entry{}
	w.legend.Bad = map[int]string{0: "AVERAGE:host"}
	w.give("host", "h", "cpu_usage level=0.5 period=0 inhibit=0")
	for i := range int64(3) {
		w.row(60*i, 9, 0.9)
		w.poll(60*i + 5)
	}
	if len(w.alarms) != 1 || w.alarms[0].Value != 0.9 {
		t.Errorf("alarms %+v", w.alarms)
	}
	if n := w.logged("a column is ignored"); n != 1 {
		t.Errorf("reported %d times, want once", n)
	}
}

func TestBrokenHeadersAndRows(t *testing.T) {
	f := func(question string, spoil func(w *world)) {
		t.Helper()
		w := steady(t, "cpu_usage level=0.5 period=0 inhibit=0")
		w.row(0, 0.9)
		spoil(w)
		w.wantAlarms(question, w.poll(5), "")
		if w.logged("no rows: broken") != 1 {
			t.Errorf("%s: not reported as broken:\n%s", question, w.log.String())
		}
	}
	f("no step", func(w *world) { w.step = 0 })
	f("a negative step", func(w *world) { w.step = -60 })
	f("more rows than any archive has", func(w *world) {
		for i := range int64(maxRows + 1) {
			w.row(i, 0.9)
		}
	})
}
