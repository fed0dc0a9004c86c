package alarm

import (
	"testing"

	"pgregory.net/rapid"
)

// TestOutlookComesTrue: what a trigger expects to say under a condition is
// what it says when rows are so, and not a row earlier.
func TestOutlookComesTrue(t *testing.T) {
	met := map[Outlook]bool{}
	rapid.Check(t, func(t *rapid.T) {
		span := rapid.SampledFrom([]int64{1, 5, 60}).Draw(t, "span")
		rows := func(name string, most int) int64 { return span * int64(rapid.IntRange(0, most).Draw(t, name)) }
		tm := Timing{
			Period: rows("period", 5), Clear: rows("clear", 4), HasWarning: rapid.Bool().Draw(t, "warning"),
			Inhibit: rapid.Int64Range(0, 20*span).Draw(t, "inhibit"),
		}
		if rapid.Bool().Draw(t, "nodata") {
			tm.NoData = rows("nodata after", 4) + span
		}
		var tr Trigger
		now := int64(1_700_000_000)
		step := func(c Condition) []Transition {
			s := Sample{T: now + span, From: now, Span: span, Known: c != IfUnknown}
			s.Grade = map[Condition]Grade{IfCritical: BadCritical, IfWarning: BadWarning, IfFine: Fine}[c]
			now += span
			return tr.Step(tm, s, nil)
		}
		conditions := []Condition{IfCritical, IfCritical, IfFine, IfUnknown}
		if tm.HasWarning {
			conditions = append(conditions, IfWarning)
		}
		for range rapid.IntRange(1, 40).Draw(t, "rows") {
			step(rapid.SampledFrom(conditions).Draw(t, "row"))
		}
		began, saved := now, tr
		for _, o := range saved.Outlook(tm, began, span) {
			now, tr = began, saved
			due := began + o.After
			for now < due {
				for _, said := range step(o.If) {
					want := Transition{Kind: o.Kind, Severity: o.Severity, Reason: o.Reason, Inhibited: o.Inhibited}
					switch {
					case said.Kind != o.Kind || o.Kind == KindRaised && said.Severity != o.Severity:
						// A raise as warning before the one as critical, a
						// repeat on the way to it.
					case now != due:
						t.Errorf("%+v: said after %d s already", o, now-began)
					case o.Kind == KindRaised && said.Inhibited != want.Inhibited, o.Kind == KindCleared && said.Reason != want.Reason:
						t.Errorf("%+v: said %+v", o, said)
					default:
						o.After = 0
						met[o] = true
						due = -1
					}
				}
			}
			if due != -1 {
				t.Errorf("%+v of %+v: not said after %d s", o, saved, now-began)
			}
		}
	})
	if len(met) < 10 {
		t.Errorf("only %d kinds of outlook were met: %v", len(met), met)
	}
}
