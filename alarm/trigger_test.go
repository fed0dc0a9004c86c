package alarm

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// run steps a trigger through a script, one letter a row of the given step:
// g good, b bad, . unknown, and returns one letter a row for what came out:
// - nothing, R raised, P repeated, H held.
func run(t *Trigger, tm Timing, start, step int64, script string) string {
	var out strings.Builder
	for i, c := range script {
		at := start + int64(i)*step
		s := Sample{T: at, Span: step, From: at - step, Known: c != '.', Bad: c == 'b', Value: 1}
		out.WriteByte("-RPH"[t.Step(tm, s)])
	}
	return out.String()
}

func TestTriggerSteps(t *testing.T) {
	const t0 = 1_700_000_000
	f := func(question string, tm Timing, step int64, script, want string) {
		t.Helper()
		var tr Trigger
		if got := run(&tr, tm, t0, step, script); got != want {
			t.Errorf("%s\n  rows %s\n  want %s\n  got  %s", question, script, want, got)
		}
	}
	f("a period of one step fires at the first bad row", Timing{60, 3600}, 60, "gbgg", "-R--")
	f("a period of nothing takes a row all the same", Timing{0, 0}, 60, "gb", "-R")
	f("a negative period is like none", Timing{-5, 3600}, 60, "gb", "-R")
	f("a period that is no multiple of the step rounds up", Timing{61, 3600}, 60, "gbb", "--R")
	f("the period must be bad throughout", Timing{120, 3600}, 60, "bgbgbb", "-----R")
	f("without inhibit it repeats each period", Timing{120, 0}, 60, "bbbbbb", "-R-P-P")
	f("inhibit holds repeats back, and the count starts again", Timing{120, 600}, 60, "bbbbbbbbbbbbbb", "-R-H-H-H-H-P-H")
	f("inhibit is not cancelled by recovery", Timing{60, 300}, 60, "bgbgggb", "R-H---R")
	f("inhibit ends at its very second", Timing{60, 120}, 60, "bgb", "R-R")
	f("a held raise starts the count again", Timing{120, 180}, 60, "bbgbbbb", "-R--R-H")
	f("unknown neither advances nor resets", Timing{180, 3600}, 60, "b.b.b", "----R")
	f("unknown alone does nothing", Timing{60, 3600}, 60, "....", "----")
	f("nine minutes without a value keep the progress", Timing{120, 3600}, 60, "b.........b", "----------R")
	f("ten minutes without a value lose it", Timing{120, 3600}, 60, "b..........b", "------------")
	f("a longer period extends that to itself", Timing{900, 3600}, 300, "bb..b", "----R")
	f("and not further", Timing{900, 3600}, 300, "bb...b", "------")
	f("hourly rows stand for an hour each", Timing{7200, 3600}, 3600, "bb", "-R")
}

func TestTriggerStates(t *testing.T) {
	tm := Timing{Period: 120, Inhibit: 3600}
	var tr Trigger
	f := func(c string, at int64, want State, since int64) {
		t.Helper()
		run(&tr, tm, at, 60, c)
		if tr.State != want || tr.Since != since {
			t.Errorf("at %d after %q: %v since %d, want %v since %d", at, c, tr.State, tr.Since, want, since)
		}
	}
	f("g", 60, Inactive, 0)
	f("b", 120, Pending, 120)
	f(".", 180, Pending, 120)
	f("b", 240, Firing, 120)
	f("b", 300, Firing, 120) // held, not pending again
	f("b", 360, Firing, 120)
	f("g", 420, Inactive, 0)
	if !tr.HasRaise || tr.RaisedAt != 240 {
		t.Errorf("inhibit counts from %d (%v), want 240", tr.RaisedAt, tr.HasRaise)
	}
}

// A row that comes late because of a gap knows nothing of the time before its
// own step.
func TestTriggerGap(t *testing.T) {
	tm := Timing{Period: 120, Inhibit: 0}
	step := func(tr *Trigger, at int64) Output {
		return tr.Step(tm, Sample{T: at, Span: 60, From: at - 60, Known: true, Bad: true, Value: 1})
	}
	var short Trigger
	step(&short, 600)
	if out := step(&short, 600+600); out != Raised { // 540 s in the dark
		t.Errorf("after a gap below the limit: %v, want raised", out)
	}
	var long Trigger
	step(&long, 600)
	if out := step(&long, 600+660); out != Nothing { // 600 s in the dark
		t.Errorf("after a gap of the limit: %v, want nothing", out)
	}
	if long.Since != 1260 || long.BadFor != 60 {
		t.Errorf("the stretch began anew at %d with %d s, want 1260 with 60", long.Since, long.BadFor)
	}
}

// A reading stands for less time than it knows of when polls are rare.
func TestTriggerReading(t *testing.T) {
	var tr Trigger
	tm := Timing{Period: 120, Inhibit: 0}
	out := tr.Step(tm, Sample{T: 1800, Span: 60, From: 0, Known: true, Bad: true, Value: 1})
	out2 := tr.Step(tm, Sample{T: 3600, Span: 60, From: 1800, Known: true, Bad: true, Value: 1})
	if out != Nothing || out2 != Raised {
		t.Errorf("two readings half an hour apart: %v, %v; want nothing, raised", out, out2)
	}
}

// Shifting the clock by d moves nothing else: the same script at shifted
// times gives the same outputs.
func TestTriggerShift(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		tm := Timing{rapid.Int64Range(-1, 700).Draw(rt, "period"), rapid.Int64Range(0, 4000).Draw(rt, "inhibit")}
		head := rapid.StringOfN(rapid.SampledFrom([]rune("gb.")), 0, 30, -1).Draw(rt, "head")
		tail := rapid.StringOfN(rapid.SampledFrom([]rune("gb.")), 0, 30, -1).Draw(rt, "tail")
		d := rapid.Int64Range(-7200, 7200).Draw(rt, "shift")
		const t0 = 1_000_000
		at := t0 + 60*int64(len(head))
		var stayed, moved Trigger
		run(&stayed, tm, t0, 60, head)
		run(&moved, tm, t0, 60, head)
		moved.Shift(d)
		want, got := run(&stayed, tm, at, 60, tail), run(&moved, tm, at+d, 60, tail)
		if want != got {
			rt.Fatalf("shifted by %d: %s, want %s", d, got, want)
		}
	})
}

// model is the rule in prose, row by row over the whole history, without
// state of its own.
func model(tm Timing, step int64, script string) string {
	out := []byte(strings.Repeat("-", len(script)))
	bad, dark, firing := int64(0), int64(0), false
	raised := int64(-1 << 40)
	for i, c := range script {
		at := int64(i) * step
		if c == '.' {
			if dark += step; dark >= max(600, tm.Period) {
				bad, firing = 0, false
			}
			continue
		}
		dark = 0
		if c == 'g' {
			bad, firing = 0, false
			continue
		}
		if bad += step; bad < tm.Period {
			continue
		}
		bad = 0
		switch {
		case at-raised < tm.Inhibit:
			out[i] = 'H'
		case firing:
			out[i], raised = 'P', at
		default:
			out[i], raised = 'R', at
		}
		firing = true
	}
	return string(out)
}

func TestTriggerAgainstModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		tm := Timing{rapid.Int64Range(-1, 2000).Draw(rt, "period"), rapid.Int64Range(-1, 5000).Draw(rt, "inhibit")}
		step := rapid.SampledFrom([]int64{5, 60, 300, 3600}).Draw(rt, "step")
		script := rapid.StringOfN(rapid.SampledFrom([]rune("gbbbb..")), 0, 200, -1).Draw(rt, "rows")
		var tr Trigger
		if got, want := run(&tr, tm, 1_700_000_000, step, script), model(tm, step, script); got != want {
			rt.Fatalf("%+v step %d\n rows %s\n want %s\n got  %s", tm, step, script, want, got)
		}
	})
}

func TestStateNames(t *testing.T) {
	got := ""
	for _, s := range States {
		got += fmt.Sprint(s, " ")
	}
	if got != "inactive pending firing " || State(99).String() != "unknown" {
		t.Errorf("states print as %q", got)
	}
}
