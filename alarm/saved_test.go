package alarm

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// A trigger that was saved and loaded goes on as if nothing had happened.
func TestSavedTriggerGoesOn(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		tm := timings(rt)
		head := rapid.StringOfN(letters, 0, 40, -1).Draw(rt, "head")
		tail := rapid.StringOfN(letters, 0, 40, -1).Draw(rt, "tail")
		at := t0 + 60*int64(len(head))
		var tr Trigger
		run(&tr, tm, t0, 60, head)
		kept := Kept{"high 0.5", 42, true, heards(rt, &tr)}
		b, err := tr.Save(kept)
		if err != nil {
			rt.Fatal(err)
		}
		loaded, with, err := LoadTrigger(b)
		if err != nil || loaded != tr || with != kept {
			rt.Fatalf("loaded %+v %+v (%v), saved %+v", loaded, with, err, tr)
		}
		if len(b) > 300 {
			rt.Fatalf("%d bytes: %s", len(b), b)
		}
		if want, got := run(&tr, tm, at, 60, tail), run(&loaded, tm, at, 60, tail); want != got {
			rt.Fatalf("goes on as %s, want %s", got, want)
		}
	})
}

func TestLoadTriggerRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                      "load trigger",
		"{":                     "load trigger",
		`{"v":2}`:               "version 2",
		`{"v":1,"state":9}`:     "number 9",
		`{"v":1,"state":-1}`:    "number -1",
		`{"v":1,"value":"NaN"}`: "load trigger",
	} {
		if _, _, err := LoadTrigger([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

// heards is what somebody may have heard of a trigger.
func heards(rt *rapid.T, t *Trigger) Heard {
	if rapid.Bool().Draw(rt, "all heard") {
		return HeardOf(t)
	}
	at := rapid.SampledFrom([]int64{0, t0, t.RaisedAt, t.AlarmedAt})
	return Heard{
		Severity: rapid.SampledFrom([]Severity{"", Warning, Critical}).Draw(rt, "heard"), NoData: rapid.Bool().Draw(rt, "heard of no data"),
		RaisedAt: at.Draw(rt, "heard of at"), AlarmedAt: at.Draw(rt, "heard as critical at"), Owed: rapid.Bool().Draw(rt, "owed"),
	}
}

// The form of an agent that knew no silences: all was heard.
func TestLoadTriggerOfOld(t *testing.T) {
	tr, kept, err := LoadTrigger([]byte(`{"v":1,"rule":"r","state":2,"sev":"critical","raised":7,"alarmed":7,"seq":3}`))
	if want := (Heard{Severity: Critical, RaisedAt: 7, AlarmedAt: 7}); err != nil || kept.Heard != want || kept.Heard.Behind(&tr) {
		t.Errorf("loaded %+v, error %v", kept, err)
	}
}
