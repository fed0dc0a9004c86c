package measure

import (
	"bytes"
	"errors"
	"testing"
)

// TestLoop counts what is done: the passes that are told are the last ones.
func TestLoop(t *testing.T) {
	done := 0
	var kept []byte
	r, err := Loop(func() error {
		done++
		for range 2000 {
			kept = bytes.Repeat([]byte{byte(done)}, 4096)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(kept) == 0 || r.Passes < 1 || r.Passes > done || r.CPU <= 0 {
		t.Errorf("%+v after %d passes", r, done)
	}
	if r.Allocs < 2000 || r.Allocs > 2500 {
		t.Errorf("%v allocations a pass, want 2000", r.Allocs)
	}
}

func TestLoopEnds(t *testing.T) {
	broken := errors.New("broken")
	if _, err := Loop(func() error { return broken }); !errors.Is(err, broken) {
		t.Errorf("error %v, want that of the pass", err)
	}
}
