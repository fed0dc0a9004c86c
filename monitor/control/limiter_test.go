package control

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestLimiter(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	l := newLimiter(30 * time.Second)
	f := func(kind string, after time.Duration, wantPass bool, wantSwallowed int) {
		t.Helper()
		pass, swallowed := l.allow(kind, start.Add(after))
		if pass != wantPass || swallowed != wantSwallowed {
			t.Errorf("%s at %s: %t, %d; want %t, %d", kind, after, pass, swallowed, wantPass, wantSwallowed)
		}
	}
	f("a", 0, true, 0)
	f("a", 1*time.Second, false, 0)
	f("b", 2*time.Second, true, 0) // kinds do not share a window
	f("a", 30*time.Second-1, false, 0)
	f("a", 30*time.Second, true, 2)
	f("a", 31*time.Second, false, 0)
	f("b", 5*time.Minute, true, 0)
	f("a", 60*time.Second, true, 1)
	f("a", 61*time.Second, false, 0)
	f("a", 62*time.Second, false, 0)

	if diff := cmp.Diff(map[string]int{"a": 2}, l.drain()); diff != "" {
		t.Errorf("drain (-want +got):\n%s", diff)
	}
	if left := l.drain(); len(left) != 0 {
		t.Errorf("second drain has %v", left)
	}
	f("a", 100*time.Second, true, 0) // what was drained is not told again
}
