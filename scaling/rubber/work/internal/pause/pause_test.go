package pause

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestGate(t *testing.T) {
	var g Gate
	now := time.Unix(1_000_000, 0)
	if err := g.Closed(now); err != nil {
		t.Fatalf("a new gate: %v", err)
	}
	broken := errors.New("broken")
	longest := time.Duration(0)
	for i := range 12 {
		wait := g.Failed(now, broken, 0)
		expected := min(First<<i, Longest)
		if wait < expected/2 || wait > expected*3/2 {
			t.Errorf("pause %d is %v, not around %v", i, wait, expected)
		}
		longest = max(longest, wait)
		if again := g.Failed(now, broken, 0); again != wait {
			t.Errorf("a failure of the same try makes the pause %v instead of %v", again, wait)
		}
		var closed *Error
		if err := g.Closed(now.Add(wait - 1)); !errors.As(err, &closed) || !errors.Is(err, broken) || !strings.Contains(err.Error(), "broken; tried again in ") {
			t.Errorf("just before the end of the pause: %v", err)
		}
		now = now.Add(wait)
		if err := g.Closed(now); err != nil {
			t.Errorf("at the end of the pause: %v", err)
		}
	}
	if n, err := g.State(); n != 24 || err != broken {
		t.Errorf("state: %d, %v", n, err)
	}
	g.Succeeded()
	if _, err := g.State(); err != nil {
		t.Errorf("after a success: %v", err)
	}
	if wait := g.Failed(now, broken, 0); wait > First*3/2 {
		t.Errorf("the first pause after a success is %v", wait)
	}
	g.Succeeded()
	if wait := g.Failed(now, broken, time.Minute); wait != time.Minute {
		t.Errorf("asked for a minute: %v", wait)
	}
	g.Succeeded()
	if wait := g.Failed(now, broken, time.Hour); wait != 5*time.Minute {
		t.Errorf("asked for an hour: %v", wait)
	}
}
