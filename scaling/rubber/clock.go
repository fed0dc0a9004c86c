package rubber

import "time"

// jumpTolerance is how far the wall clock may wander between two looks at it
// without its being called a jump.
const jumpTolerance = 5 * time.Second

// clock is the time by which everything is decided: what the wall clock said
// at the start, and how long it has been since by the monotonic clock. A wall
// clock that is changed therefore changes nothing. Only the schedule, which is
// made for people, goes by the wall.
type clock struct {
	wall  func() time.Time // without monotonic reading
	start time.Time        // with monotonic reading
	base  time.Time        // what the wall said then, without
	off   time.Duration    // wall ahead of us, when last looked
}

func newClock(wall func() time.Time) *clock {
	if wall == nil {
		wall = time.Now
	}
	now := time.Now()
	return &clock{wall: wall, start: now, base: wall().Round(0)}
}

// now is our time.
func (c *clock) now() time.Time { return c.base.Add(time.Since(c.start)) }

// tick is our time, and by how much the wall clock has jumped since the last
// tick; 0: not at all.
func (c *clock) tick() (now time.Time, jump time.Duration) {
	now = c.now()
	off := c.wall().Round(0).Sub(now)
	if d := off - c.off; d > jumpTolerance || d < -jumpTolerance {
		jump = d
	}
	c.off = off // little by little is no jump: the clock is being kept right
	return now, jump
}

// of is when something was, by our time, that was noted by the system's clock.
// A time with a monotonic reading is right whatever the wall clock did since.
func (c *clock) of(t time.Time) time.Time {
	switch {
	case t.IsZero():
		return t
	case t == t.Round(0): // it has none, which Equal would not see
		return c.now().Add(t.Sub(time.Now().Round(0)))
	}
	return c.base.Add(t.Sub(c.start))
}

// shown is one of our times as the wall clock has it now.
func (c *clock) shown(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.Add(c.off)
}
