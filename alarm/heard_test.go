package alarm

import (
	"cmp"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// listener is somebody from whom silences keep alarms: what they know of one,
// and when they last got an ALARM.
type listener struct {
	knows Kind // "", raised or nodata
	as    Severity
	alarm int64
}

func (l *listener) hear(said Transition, at int64, silenced bool) {
	switch {
	case said.Kind == KindCleared:
		l.knows, l.as = "", ""
	case silenced:
	case said.Kind == KindNoData:
		l.knows, l.as = KindNoData, ""
	default:
		l.knows, l.as = KindRaised, said.Severity
		if said.Severity == Critical && !said.Inhibited {
			l.alarm = at
		}
	}
}

// silenceable is a trigger that silences can hold back, as a monitor turns it.
type silenceable struct {
	Trigger
	heard Heard
}

// row is one row, and what is said in it.
func (s *silenceable) row(tm Timing, at int64, letter byte, silenced bool) []Transition {
	if !silenced {
		s.heard.Rewind(&s.Trigger)
	}
	said := s.Step(tm, sampleOf(at, 60, letter), nil)
	if !silenced {
		return s.heard.CatchUp(&s.Trigger, tm, at, said)
	}
	s.heard.Hold(said)
	return said
}

// Whatever happens, and whenever alarms are held back: those who are held back
// know when nothing holds them back whether an alarm fires, and how badly;
// everybody else is told what they would have been told.
func TestHeardInTheEnd(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		tm := Timing{
			Period: rapid.Int64Range(0, 300).Draw(rt, "period"), Inhibit: rapid.Int64Range(0, 900).Draw(rt, "inhibit"), Clear: rapid.Int64Range(0, 200).Draw(rt, "clear"),
			NoData: rapid.SampledFrom([]int64{0, 60, 120}).Draw(rt, "nodata"), HasWarning: rapid.Bool().Draw(rt, "warning"),
		}
		rows := rapid.StringOfN(letters, 1, 60, -1).Draw(rt, "rows")
		silences := rapid.StringOfN(rapid.RuneFrom([]rune("....ssss|")), len(rows), len(rows), -1).Draw(rt, "silences")
		var plain Trigger
		var tr silenceable
		var l listener
		silenced := false
		for i := range len(rows) {
			at := t0 + 60*int64(i)
			switch silences[i] {
			case 's':
				silenced = true
			case '|':
				silenced = false
			}
			want := plain.Step(tm, sampleOf(at, 60, rows[i]), nil)
			behind := !silenced && tr.heard.Behind(&tr.Trigger)
			said := tr.row(tm, at, rows[i], silenced)
			for _, s := range said {
				l.hear(s, at, silenced)
			}
			where := fmt.Sprintf("%s\n%s\n%+v, row %d", rows, silences, tm, i)
			if a, b := trim(tr.Trigger), trim(plain); a != b {
				rt.Fatalf("%s: the trigger is %+v, would be %+v", where, a, b)
			}
			if more, ok := beyond(tm, said, want); !ok || len(more) > 1 || len(more) == 1 && !behind {
				rt.Fatalf("%s: said %+v, would have said %+v", where, said, want)
			}
			if silenced {
				continue
			}
			fires := tr.State == Firing || tr.State == Clearing
			if fires != (l.knows == KindRaised) || tr.State == NoData && l.knows != KindNoData || fires && tr.Severity == Critical && l.as != Critical {
				rt.Fatalf("%s: it is %v %q, they know %q %q", where, tr.State, tr.Severity, l.knows, l.as)
			}
			if tr.AlarmedAt != l.alarm {
				rt.Fatalf("%s: inhibit counts from %d, the last ALARM was at %d", where, tr.AlarmedAt, l.alarm)
			}
			if tr.heard.Behind(&tr.Trigger) {
				rt.Fatalf("%s: heard is %+v", where, tr.heard)
			}
		}
	})
}

// trim is a trigger without what inhibit counts from.
func trim(t Trigger) Trigger {
	t.RaisedAt, t.AlarmedAt = 0, 0
	return t
}

// beyond is what was said more than wanted; not ok if something is missing.
// What depends on when the last ALARM was is not looked at. A raise can stand
// for a repeat.
func beyond(tm Timing, said, wanted []Transition) (more []Transition, ok bool) {
	sayings := func(list []Transition) (kept []Transition) {
		for _, t := range list {
			if tm.Inhibit > 0 {
				if t.Kind == KindRepeated {
					continue
				}
				t.Inhibited = false
			}
			kept = append(kept, t)
		}
		return kept
	}
	wanted = sayings(wanted)
	for _, t := range sayings(said) {
		repeat := t
		repeat.Kind = KindRepeated
		if len(wanted) > 0 && (t == wanted[0] || t.Kind == KindRaised && repeat == wanted[0]) {
			wanted = wanted[1:]
			continue
		}
		more = append(more, t)
	}
	return more, len(wanted) == 0
}

// Cases: rows over silences ("s" where one is) over what is said in each row,
// in the letters of run.
func TestHeardLate(t *testing.T) {
	f := func(question string, tm Timing, rows, silences, want string) {
		t.Helper()
		var tr silenceable
		got := ""
		for i := range len(rows) {
			word := ""
			for _, s := range tr.row(tm, t0+60*int64(i), rows[i], silences[i] == 's') {
				word += letter(s)
			}
			got += cmp.Or(word, "-")
		}
		if got != want {
			t.Errorf("%s:\n  rows %s\n       %s\n  want %s\n  got  %s", question, rows, silences, want, got)
		}
	}
	hour := Timing{Period: 60, Inhibit: 3600}
	f("raised while silenced", hour, "gbbbb", ".sss.", "-R--R")
	f("raised and cleared while silenced", hour, "gbbgg", ".sss.", "-R-C-")
	f("and cleared in the row with which it ends", hour, "gbbbg", ".sss.", "-R--C")
	f("told before", hour, "gbbbb", "..ss.", "-R---")
	f("told before; the repeat that was held back comes with the next period", Timing{Period: 120, Inhibit: 240}, "bbbbbbbbbb", "....sss...", "-R---P-P--")
	f("told before, and cleared while silenced", hour, "gbbggg", "..sss.", "-R-C--")
	f("raised in its first row, and the repeat was held back until it clears", Timing{Period: 60, Clear: 600, Inhibit: 120}, "bbbg", "..s.", "R-P-")
	f("or with the one after", Timing{Period: 120, Inhibit: 240}, "bbbbbbbbbb", "....ss....", "-R---P-P--")
	f("nothing is late that nothing held back", Timing{Period: 180, Inhibit: 300}, "bbbgbbbbbbb", "...........", "--RC--H--P-")
	f("told before, cleared, and raised again within the quiet time", hour, "bgbbb", "..ss.", "RCH-H")
	f("raised and cleared while silenced, and raised after it", hour, "gbgggb", ".sss..", "-RC--R")
	f("the quiet time of what was told before goes on", hour, "bgbgggb", "..sss..", "RCHC--H")
	f("a rise to critical", Timing{Period: 60, HasWarning: true, Inhibit: 3600}, "gwbbb", "..ss.", "-rR-R")
	f("told as critical, fell, and rose again", Timing{Period: 60, HasWarning: true, Inhibit: 3600}, "bwbbb", ".ss..", "R-H--")
	f("the raise was inhibited, the repeat held back", Timing{Period: 120, Inhibit: 480}, "bbgbbbbbbbbb", ".........ss.", "-RC-H-----PR")
	f("clearing", Timing{Period: 60, Clear: 600}, "bgggg", "ss...", "R-R--")
	f("no data, which lasts", Timing{Period: 60, NoData: 120}, "g.....", ".ssss.", "--N--N")
	f("no data, known before", Timing{Period: 60, NoData: 120}, "g.....", "...ss.", "--N---")
	f("no data, known before, and again", Timing{Period: 60, NoData: 120}, "g..b...", "....ss.", "--NR-NN")
	f("the same with a good value between", Timing{Period: 60, NoData: 120}, "g..g...", "....ss.", "--NC-NN")
	f("bad after no data is no news", Timing{Period: 120, NoData: 120}, "bb..bg", "......", "-R-N--")
	f("no data after a raise that was told", Timing{Period: 60, NoData: 120}, "b.....", ".ssss.", "R-N--N")
	f("no data, then bad, then good", Timing{Period: 120, NoData: 120}, "bb...bgg", "..sssss.", "-R-N---U")
	f("the same when nothing was told", Timing{Period: 120, NoData: 120}, "bb...bgg", "sssssss.", "-R-N----")
}

// sampleOf is a row as run makes it.
func sampleOf(at, span int64, letter byte) Sample {
	return Sample{T: at, Span: span, From: at - span, Known: letter != '.', Grade: Grade(strings.IndexByte("glwfb", letter)), Value: 1}
}

// When the clock is set, what was heard was heard that much later; what never
// was, never.
func TestHeardShifts(t *testing.T) {
	h := Heard{RaisedAt: t0, AlarmedAt: t0 - 60}
	h.Shift(7200)
	if want := (Heard{RaisedAt: t0 + 7200, AlarmedAt: t0 + 7140}); h != want {
		t.Errorf("shifted to %+v, want %+v", h, want)
	}
	h = Heard{}
	if h.Shift(7200); h != (Heard{}) {
		t.Errorf("shifted to %+v", h)
	}
}

// TestHeardFallen: who heard of a critical alarm is told nothing when it has
// fallen to a warning, as nobody is; who heard of a warning is told that it is
// critical.
func TestHeardFallen(t *testing.T) {
	tm := Timing{Period: 60, HasWarning: true}
	f := func(heard, now Severity, want string) {
		t.Helper()
		tr := Trigger{State: Firing, Severity: now, Since: t0 - 60, RaisedAt: t0}
		if heard == Critical || now == Critical {
			tr.AlarmedAt = t0
		}
		h := HeardOf(&tr)
		h.Severity = heard
		var said string
		for _, s := range h.CatchUp(&tr, tm, t0+60, nil) {
			said += string(s.Kind) + " " + string(s.Severity)
		}
		if said != want {
			t.Errorf("heard %s of what is %s: told %q, want %q", heard, now, said, want)
		}
	}
	f(Critical, Critical, "")
	f(Critical, Warning, "")
	f(Warning, Warning, "")
	f(Warning, Critical, "raised critical")
	f("", Warning, "raised warning")
}
