package monitor

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"perfmon/alarm"
	"perfmon/monitor/config"
)

// announced is when alarms were announced, as "state@seconds".
func (w *world) announced() string {
	var words []string
	for _, e := range w.events {
		if e.Kind == alarm.KindState {
			words = append(words, fmt.Sprintf("%s@%d", e.State, e.Announce-t0))
		}
	}
	return strings.Join(words, " ")
}

// An announcement is numbered by its time. The first comes with the poll that
// raises, the next a minute later to the second, and a clock that was set back
// does not keep the others waiting.
func TestAnnouncements(t *testing.T) {
	w := steady(t, "")
	w.giveXML("host", "h", strings.Replace(shortXML("cpu_usage level=0.5 period=60"), "</variable>", `<alarm_clear_period value="300"/></variable>`, 1))
	w.row(0, 0.9)
	w.poll(5)
	w.poll(64)
	w.row(60, 0.1)
	w.poll(65)
	w.wall = w.wall.Add(-50 * time.Second) // too little to count as set
	w.pollNow()
	if got, want := w.announced(), "firing@5 clearing@65 clearing@15"; got != want {
		t.Errorf("announced %s, want %s", got, want)
	}
}

// What fired before a restart is announced with the first poll that knows of
// it, though one before did not.
func TestAnnouncedOnceItIsKnown(t *testing.T) {
	w := steady(t, "cpu_usage level=0.5 period=60")
	w.row(0, 0.9)
	w.poll(5)
	o, saved := w.m.opts, w.saved
	o.Saved = &saved
	w.m = New(o)
	w.poll(15)
	w.m.setInventory(w.inv)
	w.poll(25)
	if got, want := w.announced(), "firing@5 firing@25"; got != want {
		t.Errorf("announced %s, want %s", got, want)
	}
}

// No data is a state too, and would be forgotten unless it is announced.
func TestNoDataIsAnnounced(t *testing.T) {
	w := steady(t, "")
	w.giveXML("host", "h", strings.Replace(shortXML("cpu_usage level=0.5 period=60"), "</variable>", `<alarm_nodata_period value="120"/></variable>`, 1))
	w.row(0, 0.1)
	w.row(60, nan)
	w.row(120, nan)
	w.poll(125)
	w.poll(185)
	w.row(180, 0.1)
	w.poll(245)
	if got, want := w.announced(), "nodata@125 nodata@185"; got != want {
		t.Errorf("announced %s, want %s", got, want)
	}
}

// A clear says what it ends.
func TestClearedNamesTheSeverity(t *testing.T) {
	w := steady(t, "")
	w.giveXML("host", "h", strings.Replace(shortXML("cpu_usage level=0.5 period=60"), "</variable>", `<alarm_warning_level value="0.4"/></variable>`, 1))
	w.row(0, 0.45)
	w.row(60, 0.1)
	w.poll(65)
	w.wantTold("a warning", "h:cpu_usage raised@0, h:cpu_usage cleared@60 level")
	for _, e := range w.events[:2] {
		if e.Severity != alarm.Warning {
			t.Errorf("%s is %q, want a warning", e.Kind, e.Severity)
		}
	}
}

// What ends for a reason outside its rows ends at the last row; a reading,
// which has none, now.
func TestWhenAnEndIs(t *testing.T) {
	w := dom0(t, "fs_usage period=60; own regex=cpu0 level=0.5 period=60")
	w.reads[config.FSUsage] = 0.95
	w.row(0, 0.9, 0)
	w.poll(5)
	w.advance(20 * time.Second)
	w.give("vm", "d", "")
	w.poll(30)
	w.wantTold("removed", "d:fs_usage raised@5, d:own raised@0, d:fs_usage cleared@25 config, d:own cleared@0 config")
}
