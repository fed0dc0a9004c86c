package monitor

import (
	"strings"
	"testing"

	"perfmon/alarm"
)

// What a store gets of a poll, and how the next run goes on from there.
func TestKeptAcrossARestart(t *testing.T) {
	w := steady(t, "cpu_usage level=0.5 period=60")
	w.row(0, 0.9)
	w.poll(5)
	if w.saved.Last != t0 || w.saved.Sequence != 1 {
		t.Fatalf("kept row %d and event %d, want 0 and 1", w.saved.Last-t0, w.saved.Sequence)
	}
	w.restart()
	w.row(60, 0.9)
	w.poll(65)
	if e := w.events[len(w.events)-1]; e.Kind != alarm.KindState || e.Sequence != 1 {
		t.Errorf("after the restart the alarm is announced as %s %d, want the state after event 1", e.Kind, e.Sequence)
	}
	w.row(120, 0.1)
	w.poll(125)
	if e := w.events[len(w.events)-1]; e.Kind != alarm.KindCleared || e.Sequence != 2 {
		t.Errorf("the clear is %s %d, want event 2", e.Kind, e.Sequence)
	}
	if from := w.asked[1]; from != 1 {
		t.Errorf("the next run asks from %d, want the second after the last row", from)
	}
}

// A value that has been good for long is not kept row by row. Its last row
// counts as known all the same: the dark begins after it.
func TestKeptValueWasKnownToTheEnd(t *testing.T) {
	w := steady(t, "")
	w.giveXML("host", "h", strings.Replace(shortXML("cpu_usage level=0.5 period=60"), "</variable>", `<alarm_nodata_period value="300"/></variable>`, 1))
	for at := int64(0); at <= 1200; at += 60 {
		w.row(at, 0.1)
		w.poll(at + 5)
	}
	w.restart()
	for at := int64(1260); at <= 1800; at += 60 {
		w.row(at, nan)
	}
	w.poll(1805)
	w.wantTold("five minutes after the last row", "h:cpu_usage nodata@1500")
}

// Restarts in the dark do not make it begin anew.
func TestKeptValueIsDarkOverRestarts(t *testing.T) {
	w := steady(t, "")
	w.giveXML("host", "h", strings.Replace(shortXML("cpu_usage level=0.5 period=60"), "</variable>", `<alarm_nodata_period value="300"/></variable>`, 1))
	w.row(0, 0.1)
	w.poll(5)
	for at := int64(60); at <= 600; at += 60 {
		w.restart()
		w.row(at, nan)
		w.poll(at + 5)
	}
	w.wantTold("five minutes after the last value", "h:cpu_usage nodata@300")
}

// An alarm of an earlier run on an object that may yet arrive ends once more
// than ten minutes of row time have passed.
func TestStraysEndAfterTenMinutes(t *testing.T) {
	w := newWorld(t, Options{}, "vm/a/cpu0", hostCPU)
	w.give("vm", "a", "cpu_usage level=0.5 period=60")
	w.row(0, 0.9, 0)
	w.poll(5)
	w.inv.Objects[Object{"vm", "a"}].Resident = false
	w.setColumns(hostCPU)
	w.restart()
	w.rows = map[int64][]float64{}
	w.row(600, 0)
	w.poll(605)
	w.wantTold("at ten minutes", "a:cpu_usage raised@0")
	w.row(601, 0)
	w.poll(610)
	w.wantTold("a second later", "a:cpu_usage raised@0, a:cpu_usage cleared@601 gone")
}
