package main

import (
	"testing"
	"time"

	"perfmon/scaling/rubber"
)

// TestAlive: turns are what counts, and nothing else while there can be none.
func TestAlive(t *testing.T) {
	a := alive{limit: time.Minute}
	now := time.Unix(1_800_000_000, 0)
	f := func(later time.Duration, role rubber.Role, turns int, want bool) {
		t.Helper()
		now = now.Add(later)
		if got := a.turns(&rubber.Status{Role: role, Turns: turns}, now); got != want {
			t.Errorf("%s, turn %d, %v later: alive: %v, want %v", role, turns, later, got, want)
		}
	}
	f(0, rubber.Starting, 0, true)
	f(time.Hour, rubber.Standby, 0, true)
	f(time.Hour, rubber.Active, 1, true)
	f(time.Minute, rubber.Active, 1, true)
	f(time.Second, rubber.Active, 1, false)
	f(time.Second, rubber.Active, 2, true)
	f(2*time.Minute, rubber.Dry, 2, false)
	f(0, rubber.Standby, 2, true)
}
