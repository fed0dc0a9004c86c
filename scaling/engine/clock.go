package engine

import (
	"time"

	"golang.org/x/sys/unix"
)

// started is what the clock counts from where there is no better one.
var started = time.Now()

// sinceBoot is a clock that nobody can set and that also runs while the
// machine sleeps, as Go's own does not.
func sinceBoot() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &t); err != nil {
		return time.Since(started) // a kernel before 2.6.39
	}
	return time.Duration(t.Nano())
}
