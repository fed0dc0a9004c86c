package alarm

import (
	"testing"

	"pgregory.net/rapid"
)

// TestPassIsStep compares both from any state that rows can lead to.
func TestPassIsStep(t *testing.T) {
	calm := 0
	rapid.Check(t, func(rt *rapid.T) {
		tm := Timing{
			Period:  rapid.Int64Range(0, 30).Draw(rt, "period"),
			Inhibit: rapid.Int64Range(0, 60).Draw(rt, "inhibit"),
			Clear:   rapid.Int64Range(0, 30).Draw(rt, "clear"),
			NoData:  rapid.SampledFrom([]int64{0, 0, 0, 20}).Draw(rt, "nodata"),
		}
		var trigger Trigger
		at := int64(1000)
		draw := func(good bool) Sample {
			gap := rapid.SampledFrom([]int64{5, 5, 5, 60, 1000}).Draw(rt, "gap")
			at += gap
			s := Sample{T: at, Span: 5, From: at - gap, Known: true, Value: float64(at)}
			if good {
				s.Grade = rapid.SampledFrom([]Grade{Fine, Lingering}).Draw(rt, "good")
			} else {
				s.Known = rapid.Bool().Draw(rt, "known")
				s.Grade = rapid.SampledFrom([]Grade{Fine, Fine, Lingering, BadWarning, BadCritical}).Draw(rt, "grade")
			}
			return s
		}
		for range rapid.IntRange(0, 8).Draw(rt, "rows before") {
			trigger.Step(tm, draw(false), nil)
		}
		if !trigger.Calm(tm) {
			return
		}
		calm++
		stepped, passed := trigger, trigger
		var last Sample
		for range rapid.IntRange(1, 4).Draw(rt, "good rows") {
			last = draw(true)
			if said := stepped.Step(tm, last, nil); len(said) > 0 {
				rt.Fatalf("%+v is calm, and says %+v", trigger, said)
			}
		}
		if passed.Pass(last.T, last.Value); passed != stepped {
			rt.Fatalf("from %+v:\npassed  %+v\nstepped %+v", trigger, passed, stepped)
		}
	})
	if calm == 0 {
		t.Error("none was calm")
	}
}
