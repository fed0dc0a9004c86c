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
		kept := Kept{"high 0.5", 42, true}
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
