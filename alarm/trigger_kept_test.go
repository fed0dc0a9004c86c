package alarm

import (
	"fmt"
	"testing"
)

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
	if tr.Value != 7 || tr.KnownAt != 120 || !tr.EverKnown {
		t.Errorf("last known is %v at %d (%v), want 7 at 120", tr.Value, tr.KnownAt, tr.EverKnown)
	}
}

// What was before the clock was set was that much later.
func TestTriggerShiftMovesTimes(t *testing.T) {
	var tr Trigger
	run(&tr, Timing{Period: 120, HasWarning: true}, 1000, 60, "gbbww.")
	before := tr
	tr.Shift(7200)
	for name, at := range map[string][2]int64{
		"since": {before.Since, tr.Since}, "raised": {before.RaisedAt, tr.RaisedAt},
		"alarmed": {before.AlarmedAt, tr.AlarmedAt}, "known": {before.KnownAt, tr.KnownAt},
	} {
		if at[0] == 0 || at[1] != at[0]+7200 {
			t.Errorf("%s at %d became %d, want two hours more", name, at[0], at[1])
		}
	}
}

// A clear says what severity it ends, whatever ends it, and leaves none.
func TestTriggerClearsItsSeverity(t *testing.T) {
	tm := Timing{Period: 60, Clear: 60, HasWarning: true}
	f := func(script string, end bool, want Transition) {
		t.Helper()
		var tr Trigger
		run(&tr, tm, t0, 60, script[:len(script)-1])
		last := script[len(script)-1]
		at := t0 + 60*int64(len(script)-1)
		var said []Transition
		if end {
			said = tr.End(ReasonConfig, nil)
		} else {
			said = tr.Step(tm, Sample{T: at, Span: 60, From: at - 60, Known: last == 'g'}, nil)
		}
		if len(said) != 1 || said[0] != want || tr.Severity != "" {
			t.Errorf("%s: said %+v and left %q, want %+v and none", script, said, tr.Severity, want)
		}
	}
	f("wg", false, Transition{Kind: KindCleared, Severity: Warning, Reason: ReasonLevel})
	f("bg", false, Transition{Kind: KindCleared, Severity: Critical, Reason: ReasonLevel})
	f("w..........", false, Transition{Kind: KindCleared, Severity: Warning, Reason: ReasonUnknown})
	f("b..........", false, Transition{Kind: KindCleared, Severity: Critical, Reason: ReasonUnknown})
	f("w.", true, Transition{Kind: KindCleared, Severity: Warning, Reason: ReasonConfig})
	f("b.", true, Transition{Kind: KindCleared, Severity: Critical, Reason: ReasonConfig})
}

// An object that is missing from the report is not a value that is unknown:
// its progress is lost in time, but what fires goes on until somebody knows
// that it has gone. The nodata period counts all the same.
func TestTriggerAbsent(t *testing.T) {
	f := func(question string, tm Timing, script, want string, state State) {
		t.Helper()
		var tr Trigger
		run(&tr, tm, t0, 60, script)
		got := ""
		for i := range int64(20) {
			at := t0 + 60*(int64(len(script))+i)
			for _, out := range tr.Step(tm, Sample{T: at, Span: 60, From: at - 60, Absent: true}, nil) {
				got += fmt.Sprint(letter(out), i+1)
			}
		}
		if got != want || tr.State != state {
			t.Errorf("%s: said %q and is %v, want %q and %v", question, got, tr.State, want, state)
		}
	}
	f("firing", Timing{Period: 60}, "b", "", Firing)
	f("clearing", Timing{Period: 60, Clear: 120}, "bg", "", Clearing)
	f("pending", Timing{Period: 120}, "b", "", Inactive)
	f("with a nodata period", Timing{Period: 60, NoData: 300}, "b", "N5", NoData)
}

// Nothing that never happened moves when the clock is set.
func TestTriggerShiftLeavesNever(t *testing.T) {
	var tr Trigger
	tr.Shift(7200)
	if tr != (Trigger{}) {
		t.Errorf("a new trigger was moved to %+v", tr)
	}
}
