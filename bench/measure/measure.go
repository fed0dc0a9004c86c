// Package measure takes the processor time of a piece of work, in the
// process that does it, and says it to the one who compares.
package measure

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"syscall"
	"time"
)

// Report is what every driver prints, in whatever language: one line of JSON.
type Report struct {
	// CPU is the processor time of a pass in nanoseconds, user and system, of
	// all threads.
	CPU float64 `json:"cpu_ns"`
	// Passes is how many the time is the mean of.
	Passes int `json:"passes"`
	// Count, Xor and Mix are the checksum; Mix is 0 where it was not asked for.
	Count int    `json:"count,omitempty"`
	Xor   string `json:"xor,omitempty"` // in hexadecimal, as Mix is
	Mix   string `json:"mix,omitempty"`
	// Allocs is how many objects a pass allocated, in Go.
	Allocs float64 `json:"allocs,omitempty"`
	// Bytes is the size of what was made, where something was.
	Bytes int `json:"bytes,omitempty"`
	// Peak is the largest resident size of the process in bytes. The one who
	// started it fills it in.
	Peak int64 `json:"peak_bytes,omitempty"`
}

// Print writes the report.
func (r Report) Print(w io.Writer) error { return json.NewEncoder(w).Encode(r) }

// CPU is the processor time of this process so far.
func CPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(fmt.Sprintf("getrusage of oneself: %v", err)) // the kernel has no reason to
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// Enough is the processor time that is measured at least. The kernel counts
// it exactly, not in ticks, where it is recent.
const Enough = 500 * time.Millisecond

// Loop does the work again and again until it has been measured for Enough.
// The first pass is not counted, since memory and caches are filled in it,
// unless it takes Enough by itself.
func Loop(pass func() error) (Report, error) {
	r, took, err := passes(pass, 1)
	if err != nil || took >= Enough {
		return r, err
	}
	n := 1
	for {
		r, took, err = passes(pass, n)
		if err != nil || took >= Enough {
			return r, err
		}
		n = max(n+1, min(100*n, int(1.1*float64(n)*float64(Enough)/float64(max(took, time.Microsecond)))))
	}
}

func passes(pass func() error, n int) (Report, time.Duration, error) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began := CPU()
	for range n {
		if err := pass(); err != nil {
			return Report{}, 0, err
		}
	}
	took := CPU() - began
	runtime.ReadMemStats(&after)
	return Report{
		CPU: float64(took) / float64(n), Passes: n,
		Allocs: float64(after.Mallocs-before.Mallocs) / float64(n),
	}, took, nil
}
