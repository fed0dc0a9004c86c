package journal

import (
	"errors"
	"maps"
	"slices"
	"testing"
)

func TestNotes(t *testing.T) {
	path := newPath(t)
	j := open(t, path)
	put := func(sink string, changes map[string][]byte) {
		t.Helper()
		if err := j.Notes(sink).Put(changes); err != nil {
			t.Fatal(err)
		}
	}
	put("xapi", map[string][]byte{"a": []byte("1"), "b": []byte("2")})
	put("xapi", map[string][]byte{"b": nil, "c": {}, "never there": nil})
	put("nats", map[string][]byte{"a": []byte("3")})
	check := func() {
		t.Helper()
		n := j.Notes("xapi")
		if a, ok := n.Get("a"); !ok || string(a) != "1" {
			t.Errorf("a is %q, %t", a, ok)
		}
		if _, ok := n.Get("b"); ok {
			t.Error("b is still there")
		}
		if keys := slices.Sorted(maps.Keys(maps.Collect(n.All()))); !slices.Equal(keys, []string{"a", "c"}) {
			t.Errorf("keys %q", keys)
		}
		if got := j.Sinks(); !slices.Equal(got, []string{"nats", "xapi"}) {
			t.Errorf("sinks %q", got)
		}
	}
	check()
	closeIt(t, j)
	j = open(t, path)
	check()

	// A note that is too large costs no other.
	if err := j.Notes("xapi").Put(map[string][]byte{"a": make([]byte, MaxValue+1), "d": []byte("4")}); err == nil {
		t.Error("a note over the limit was taken")
	}
	if d, ok := j.Notes("xapi").Get("d"); !ok || string(d) != "4" {
		t.Errorf("d is %q, %t", d, ok)
	}
	if _, err := j.DropSink("xapi"); err != nil {
		t.Fatal(err)
	}
	if left := maps.Collect(j.Notes("xapi").All()); len(left) > 0 || !slices.Equal(j.Sinks(), []string{"nats"}) {
		t.Errorf("left %q, sinks %q", left, j.Sinks())
	}
	closeIt(t, j)
	if err := j.Notes("nats").Put(nil); !errors.Is(err, ErrClosed) {
		t.Errorf("error %v", err)
	}
}
