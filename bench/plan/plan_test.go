package plan

import (
	"testing"

	"perfmon/scaling/rubber/plan"
)

// TestSnapshots: in the one there is much to do, in the other nothing.
func TestSnapshots(t *testing.T) {
	for _, s := range Subjects() {
		snapshot := Snapshot()
		s.change(snapshot)
		steps := 0
		for _, l := range plan.Make(snapshot).Lines {
			if l.Action != plan.Hold {
				steps += l.Count
			}
		}
		if busy := s.Name == "perfmon"; busy && steps < machines/10 || !busy && steps != 0 {
			t.Errorf("%s: %d steps", s.Name, steps)
		}
	}
}
