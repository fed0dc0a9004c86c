package alarm

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// run steps a trigger through a script, one letter a row of the given step:
// g good, l lingering, w warning, f falling, b bad, . unknown. It returns one
// letter a row for what came out: - nothing, R raised, r raised a warning, H
// raised and held by inhibit, h the same of a warning, P repeated, p repeated
// a warning, C cleared, U cleared as unknown, N nodata.
func run(t *Trigger, tm Timing, start, step int64, script string) string {
	var out strings.Builder
	var buf []Transition
	for i, c := range script {
		at := start + int64(i)*step
		s := Sample{T: at, Span: step, From: at - step, Known: c != '.', Grade: Grade(strings.IndexRune("glwfb", c)), Value: 1}
		buf = t.Step(tm, s, buf[:0])
		word := ""
		for _, tr := range buf {
			word += letter(tr)
		}
		switch len(word) {
		case 0:
			word = "-"
		case 1:
		default:
			word = "(" + word + ")"
		}
		out.WriteString(word)
	}
	return out.String()
}

func letter(t Transition) string {
	l := map[Kind]string{KindRaised: "R", KindRepeated: "P", KindCleared: "C", KindNoData: "N"}[t.Kind]
	switch {
	case t.Kind == KindCleared && t.Reason == ReasonUnknown:
		l = "U"
	case t.Inhibited:
		l = "H"
	}
	if t.Severity == Warning && t.Kind != KindCleared {
		l = strings.ToLower(l)
	}
	return l
}

const t0 = 1_700_000_000

func TestTriggerSteps(t *testing.T) {
	f := func(question string, tm Timing, step int64, script, want string) {
		t.Helper()
		var tr Trigger
		if got := run(&tr, tm, t0, step, script); got != want {
			t.Errorf("%s\n  rows %s\n  want %s\n  got  %s", question, script, want, got)
		}
	}
	f("a period of one step fires at the first bad row", Timing{Period: 60, Inhibit: 3600}, 60, "gbgg", "-RC-")
	f("a period of nothing takes a row all the same", Timing{}, 60, "gb", "-R")
	f("a negative period is like none", Timing{Period: -5, Inhibit: 3600}, 60, "gb", "-R")
	f("a period that is no multiple of the step rounds up", Timing{Period: 61, Inhibit: 3600}, 60, "gbb", "--R")
	f("the period must be bad throughout", Timing{Period: 120, Inhibit: 3600}, 60, "bgbgbb", "-----R")
	f("without inhibit it repeats each period", Timing{Period: 120}, 60, "bbbbbb", "-R-P-P")
	f("inhibit holds repeats back, and the count starts again", Timing{Period: 120, Inhibit: 600}, 60, "bbbbbbbbbbbbbb", "-R---------P--")
	f("inhibit is not cancelled by recovery; the state is told all the same", Timing{Period: 60, Inhibit: 300}, 60, "bgbgggb", "RCHC--R")
	f("inhibit ends at its very second", Timing{Period: 60, Inhibit: 120}, 60, "bgb", "RCR")
	f("a raise that was held is repeated when inhibit is over", Timing{Period: 60, Inhibit: 240}, 60, "bgbbb", "RCH-P")
	f("unknown neither advances nor resets", Timing{Period: 180, Inhibit: 3600}, 60, "b.b.b", "----R")
	f("unknown alone does nothing", Timing{Period: 60, Inhibit: 3600}, 60, "....", "----")
	f("nine minutes without a value keep the progress", Timing{Period: 120, Inhibit: 3600}, 60, "b.........b", "----------R")
	f("ten minutes without a value lose it", Timing{Period: 120, Inhibit: 3600}, 60, "b..........b", "------------")
	f("ten minutes without a value end an alarm", Timing{Period: 60}, 60, "b...........b", "R---------U-R")
	f("a longer period extends that to itself", Timing{Period: 900, Inhibit: 3600}, 300, "bb..b", "----R")
	f("and not further", Timing{Period: 900, Inhibit: 3600}, 300, "bb...b", "------")
	f("hourly rows stand for an hour each", Timing{Period: 7200, Inhibit: 3600}, 3600, "bb", "-R")

	f("a lingering value does not begin an alarm", Timing{Period: 60}, 60, "lll", "---")
	f("it takes the progress back", Timing{Period: 120}, 60, "blb", "---")
	f("it does not end an alarm, and repeats it", Timing{Period: 120}, 60, "bblllg", "-R-P-C")
	f("the clear period", Timing{Period: 60, Clear: 180, Inhibit: 3600}, 60, "bggbgggg", "R-----C-")
	f("a lingering row while clearing begins it anew", Timing{Period: 60, Clear: 120, Inhibit: 3600}, 60, "bglgg", "R---C")
	f("repeats go on in spite of one good row that does not clear", Timing{Period: 120, Clear: 300}, 60, "bbgbb", "-R--P")
	f("good rows of the last clearing do not count for the next", Timing{Period: 60, Clear: 120}, 60, "bggbgg", "R-CR-C")
	f("a good row takes the progress towards a repeat back", Timing{Period: 120, Clear: 300}, 60, "bbbgbb", "-R---P")
	f("ten minutes without a value while clearing end the alarm", Timing{Period: 60, Clear: 600}, 60, "bg..........", "R----------U")
	f("unknown while clearing is no progress", Timing{Period: 60, Clear: 120}, 60, "bg.g", "R--C")

	two := Timing{Period: 120, Inhibit: 600, HasWarning: true}
	f("a warning", two, 60, "wwg", "-rC")
	f("bad at once is critical at once", two, 60, "bb", "-R")
	f("bad time counts towards a warning", two, 60, "bw", "-r")
	f("bad time of both kinds is a warning, even if the last row is critical", two, 60, "wb", "-r")
	f("only what is bad for the level counts as critical", two, 60, "fb", "-r")
	f("a warning without a period is one all the same", Timing{HasWarning: true}, 60, "w", "r")
	f("from warning to critical always raises", two, 60, "wwbb", "-r-R")
	f("critical needs its own whole period", two, 60, "wwbwbb", "-r---R")
	f("a good row takes the progress towards critical back", Timing{Period: 120, Clear: 300, HasWarning: true}, 60, "wwbgbb", "-r---R")
	fall := Timing{Period: 120, Clear: 120, HasWarning: true}
	f("the fall to warning takes the clear period", fall, 60, "bbwwww", "-R-p-p")
	f("on end", fall, 60, "bbwfwf", "-R-P-P")
	f("a fine row is on that side too", fall, 60, "bbwgww", "-R---p")
	f("falling back to warning is no transition, and rising again is held by inhibit", two, 60, "bbwbbb", "-R--H-")
	f("a value that is not clear of critical stays critical", two, 60, "bbffffffffff", "-R---------P")
	f("a warning is repeated as one", two, 60, "wwwwwwwwwwww", "-r---------p")

	nodata := Timing{Period: 60, NoData: 180, Inhibit: 3600}
	f("nodata when its period has passed", nodata, 60, "g....", "---N-")
	f("it is said once", nodata, 60, "g"+strings.Repeat(".", 15)+"g", "---N"+strings.Repeat("-", 12)+"C")
	f("a good value ends it with cleared", nodata, 60, "g...g", "---NC")
	f("a bad one with a raise of its own", Timing{Period: 120, NoData: 180}, 60, "g...bb", "---N-R")
	f("a bad one that completes its period at once", nodata, 60, "g...b", "---NR")
	f("an alarm goes to nodata without a clear", nodata, 60, "b...g", "R--NC")
	f("a value that was never known is nodata too", nodata, 60, "...", "--N")
	f("a longer nodata period keeps an alarm firing past the limit", Timing{Period: 60, NoData: 1200}, 60, "b"+strings.Repeat(".", 21), "R"+strings.Repeat("-", 19)+"N-")
}

func TestTriggerStates(t *testing.T) {
	tm := Timing{Period: 120, Inhibit: 3600, Clear: 120}
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
	f("b", 300, Firing, 120)
	f("g", 360, Clearing, 120)
	f("l", 420, Firing, 120)
	f("gg", 480, Inactive, 0)
	if tr.RaisedAt != 240 || tr.AlarmedAt != 240 {
		t.Errorf("inhibit counts from %d and %d, want 240", tr.RaisedAt, tr.AlarmedAt)
	}
}

// Every alarm ends: whatever state a trigger is in, End says so once and
// leaves it inactive with its quiet time.
func TestTriggerEnd(t *testing.T) {
	for script, want := range map[string]int{"": 0, "g": 0, "b": 0, "bb": 1, "bbg": 1, "...": 1} {
		tr := Trigger{}
		run(&tr, Timing{Period: 120, Clear: 600, NoData: 180, Inhibit: 3600}, t0, 60, script)
		raised := tr.RaisedAt
		out := tr.End(ReasonGone, nil)
		if len(out) != want || want == 1 && (out[0].Kind != KindCleared || out[0].Reason != ReasonGone) {
			t.Errorf("%q: end says %+v, want %d clears", script, out, want)
		}
		if tr.State != Inactive || tr.RaisedAt != raised || len(tr.End(ReasonGone, nil)) != 0 {
			t.Errorf("%q: left %+v", script, tr)
		}
	}
}

// A row that comes late because of a gap knows nothing of the time before its
// own step.
func TestTriggerGap(t *testing.T) {
	tm := Timing{Period: 120}
	step := func(tr *Trigger, at int64) int {
		return len(tr.Step(tm, Sample{T: at, Span: 60, From: at - 60, Known: true, Grade: BadCritical, Value: 1}, nil))
	}
	var short Trigger
	step(&short, 600)
	if step(&short, 600+600) != 1 { // 540 s in the dark
		t.Error("after a gap below the limit nothing was raised")
	}
	var long Trigger
	step(&long, 600)
	if step(&long, 600+660) != 0 { // 600 s in the dark
		t.Error("after a gap of the limit something was said")
	}
	if long.Since != 1260 || long.BadFor != 60 {
		t.Errorf("the stretch began anew at %d with %d s, want 1260 with 60", long.Since, long.BadFor)
	}
}

// A reading stands for less time than it knows of when polls are rare.
func TestTriggerReading(t *testing.T) {
	var tr Trigger
	tm := Timing{Period: 120}
	row := Sample{T: 1800, Span: 60, From: 10, Known: true, Grade: BadCritical, Value: 1}
	first := tr.Step(tm, row, nil)
	row.T, row.From = 3600, 1800
	if second := tr.Step(tm, row, nil); len(first) != 0 || len(second) != 1 {
		t.Errorf("two readings half an hour apart say %v and %v; want nothing, raised", first, second)
	}
}

var letters = rapid.SampledFrom([]rune("glwfbbbbb.."))

func timings(rt *rapid.T) Timing {
	return Timing{
		Period: rapid.Int64Range(-1, 2000).Draw(rt, "period"), Inhibit: rapid.Int64Range(-1, 5000).Draw(rt, "inhibit"),
		Clear: rapid.Int64Range(-1, 700).Draw(rt, "clear"), NoData: rapid.SampledFrom([]int64{0, 0, 60, 400, 2000}).Draw(rt, "nodata"),
		HasWarning: rapid.Bool().Draw(rt, "warning"),
	}
}

// Shifting the clock by d moves nothing else: the same script at shifted
// times gives the same outputs.
func TestTriggerShift(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		tm := timings(rt)
		head := rapid.StringOfN(letters, 0, 30, -1).Draw(rt, "head")
		tail := rapid.StringOfN(letters, 0, 30, -1).Draw(rt, "tail")
		d := rapid.Int64Range(-7200, 7200).Draw(rt, "shift")
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

// model is the life of an alarm with one severity, as ten lines: bad time
// towards a raise, fine time towards a clear, dark time towards unknown.
func model(tm Timing, step int64, script string) string {
	out := []byte(strings.Repeat("-", len(script)))
	var bad, fine, dark int64
	firing, raised := false, int64(-1<<40)
	for i, c := range script {
		at := int64(i) * step
		switch {
		case c == '.':
			if dark += step; dark >= max(600, tm.Period) {
				if firing {
					out[i] = 'U'
				}
				bad, fine, firing = 0, 0, false
			}
			continue
		case c == 'b' || firing && c == 'l':
			bad, fine = bad+step, 0
		default:
			if bad, fine = 0, fine+step; firing && fine >= tm.Clear {
				out[i], firing, fine = 'C', false, 0
			}
		}
		if dark = 0; bad >= tm.Period && bad > 0 {
			bad = 0
			held := at-raised < tm.Inhibit
			switch {
			case !firing && held:
				out[i] = 'H'
			case !firing:
				out[i], raised = 'R', at
			case !held:
				out[i], raised = 'P', at
			}
			firing = true
		}
	}
	return string(out)
}

func TestTriggerAgainstModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		tm := timings(rt)
		tm.NoData, tm.HasWarning = 0, false
		step := rapid.SampledFrom([]int64{5, 60, 300, 3600}).Draw(rt, "step")
		script := rapid.StringOfN(rapid.SampledFrom([]rune("glbbbb..")), 0, 200, -1).Draw(rt, "rows")
		var tr Trigger
		got, at, rest := "", int64(t0), script
		for rest != "" { // the clock is set before each further piece
			piece := rest[:rapid.IntRange(1, len(rest)).Draw(rt, "piece")]
			got += run(&tr, tm, at, step, piece)
			d := rapid.Int64Range(-86400, 86400).Draw(rt, "set")
			tr.Shift(d)
			at, rest = at+int64(len(piece))*step+d, rest[len(piece):]
		}
		if want := model(tm, step, script); got != want {
			rt.Fatalf("%+v step %d\n rows %s\n want %s\n got  %s", tm, step, script, want, got)
		}
	})
}

// What a consumer sees is a life: nothing is cleared or repeated that was not
// raised, and nothing raised twice at one severity without a clear.
func TestTriggerTellsALife(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		tm := timings(rt)
		script := rapid.StringOfN(letters, 0, 300, -1).Draw(rt, "rows")
		if !tm.HasWarning {
			script = strings.NewReplacer("w", "l", "f", "l").Replace(script)
		}
		var tr Trigger
		state := "quiet"
		for i, c := range script {
			at := t0 + int64(i)*60
			s := Sample{T: at, Span: 60, From: at - 60, Known: c != '.', Grade: Grade(strings.IndexRune("glwfb", c)), Value: 1}
			for _, out := range tr.Step(tm, s, nil) {
				next := map[string]string{
					"quiet raised": "firing", "quiet nodata": "nodata", "firing repeated": "firing", "firing cleared": "quiet",
					"firing nodata": "nodata", "nodata cleared": "quiet", "nodata raised": "firing", "pending raised": "firing",
				}[state+" "+string(out.Kind)]
				if out.Kind == KindRaised && state == "firing" && tm.HasWarning && out.Severity == Critical {
					next = "firing"
				}
				if next == "" {
					rt.Fatalf("%s while %s at row %d of %s (%+v)", out.Kind, state, i, script, tm)
				}
				state = next
			}
			if state == "nodata" && tr.State == Pending || state == "nodata" && tr.State == Inactive {
				state = "quiet" // a bad value leaves nodata without a word
			}
			if firing := tr.State == Firing || tr.State == Clearing; firing != (state == "firing") {
				rt.Fatalf("trigger is %v, consumers believe %s, at row %d of %s (%+v)", tr.State, state, i, script, tm)
			}
		}
	})
}

func TestStateNames(t *testing.T) {
	got := ""
	for _, s := range States {
		got += fmt.Sprint(s, " ")
	}
	if got != "inactive pending firing clearing nodata " || State(99).String() != "unknown" {
		t.Errorf("states print as %q", got)
	}
}
