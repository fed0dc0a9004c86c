package alarm

import "testing"

// What a period leaves over is not carried into the next: each raise has a
// whole period of bad rows before it.
func TestTriggerCountStartsAtNothing(t *testing.T) {
	var tr Trigger
	if got, want := run(&tr, Timing{Period: 90}, t0, 60, "bbbbbb"), "-R-P-P"; got != want {
		t.Errorf("a period of one and a half steps: %s, want %s", got, want)
	}
}

// The value of the last known row is kept, also over rows without one.
func TestTriggerKeepsTheLastValue(t *testing.T) {
	var tr Trigger
	for i, s := range []Sample{{Known: true, Value: 3}, {Known: true, Grade: BadCritical, Value: 7}, {Known: false, Value: 9}} {
		s.T, s.Span, s.From = int64(60*i+60), 60, int64(60*i)
		tr.Step(Timing{Period: 600}, s, nil)
	}
	if tr.Value != 7 || tr.KnownAt != 120 {
		t.Errorf("last known is %v at %d, want 7 at 120", tr.Value, tr.KnownAt)
	}
}

// A stretch that began before the clock was set began that much later.
func TestTriggerShiftMovesSince(t *testing.T) {
	var tr Trigger
	run(&tr, Timing{Period: 600}, 1000, 60, "gbb")
	tr.Shift(7200)
	if tr.Since != 1060+7200 {
		t.Errorf("bad since %d, want %d", tr.Since, 1060+7200)
	}
}
