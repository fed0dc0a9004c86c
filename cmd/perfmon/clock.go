package main

import (
	"time"

	"golang.org/x/sys/unix"
)

// hostClock is this host's clocks. The second is CLOCK_BOOTTIME, which goes
// on while the machine sleeps, so that waking up is not taken for a set clock.
type hostClock struct{}

func (hostClock) Now() (time.Time, time.Duration) {
	var ts unix.Timespec
	wall := time.Now()
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts); err != nil {
		panic("BUG: no CLOCK_BOOTTIME: " + err.Error()) // Linux has had it since 2.6.39
	}
	return wall, time.Duration(ts.Nano())
}
