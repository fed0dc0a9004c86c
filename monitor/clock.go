package monitor

import (
	"math"
	"time"
)

var nan = math.NaN()

// clockWatch notices that the wall clock was set: that it moved against the
// other clock by more than can be drift. A stall, a gap or a suspended
// machine moves both alike.
type clockWatch struct {
	set  bool
	wall time.Time
	mono time.Duration
}

// moved returns by how many seconds the wall clock was set since the last
// call, 0 if it was not. The bound is the larger of a minute and the step.
func (c *clockWatch) moved(wall time.Time, mono time.Duration, step int64) int64 {
	wall = wall.Round(0) // without Go's own monotonic reading
	defer func() { c.set, c.wall, c.mono = true, wall, mono }()
	if !c.set {
		return 0
	}
	d := wall.Sub(c.wall) - (mono - c.mono)
	if d.Abs() <= time.Duration(max(60, step))*time.Second {
		return 0
	}
	return int64(d.Round(time.Second) / time.Second)
}
