package xapi

import (
	"testing"
	"time"
)

func TestBackoff(t *testing.T) {
	almostOne := func() float64 { return 0.999999 }
	b := Backoff{Rand: almostOne}
	for i, want := range []time.Duration{1, 2, 4, 8, 16, 30, 30, 30} {
		if got := b.Next().Round(time.Millisecond); got != want*time.Second {
			t.Errorf("wait %d is %v, want %v s", i, got, want)
		}
	}
	b.Reset()
	if got := b.Next().Round(time.Millisecond); got != time.Second {
		t.Errorf("after Reset %v, want 1 s", got)
	}
	b = Backoff{Initial: 10 * time.Second, Max: 5 * time.Second, Rand: almostOne}
	if got := b.Next().Round(time.Millisecond); got != 5*time.Second {
		t.Errorf("with Initial over Max %v, want 5 s", got)
	}
	b = Backoff{Rand: func() float64 { return 0 }}
	if got := b.Next(); got != 0 {
		t.Errorf("the whole wait is random, yet the least is %v", got)
	}
	b = Backoff{}
	for range 50 {
		if got := b.Next(); got < 0 || got > 30*time.Second {
			t.Errorf("wait %v", got)
		}
	}
}
