// Package pause keeps tries apart after failures: longer each time, and not
// all at the same moment.
package pause

import (
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// Limits of a pause, before it is varied by half to either side.
const (
	First   = 500 * time.Millisecond
	Longest = 30 * time.Second
)

// Gate lets tries through, and after a failure none for a while: who asks
// meanwhile gets the error again, at once. The zero Gate is open. Its methods
// may be called by several goroutines at once.
type Gate struct {
	mu       sync.Mutex
	backoff  *backoff.ExponentialBackOff
	until    time.Time
	err      error
	failures int64
}

// Error is the last failure, said again because it is too early for a try.
type Error struct {
	Wait time.Duration // until the next try
	Err  error
}

func (e *Error) Error() string {
	return fmt.Sprintf("%v; tried again in %.0f s", e.Err, math.Ceil(e.Wait.Seconds()))
}

// Unwrap is the last failure.
func (e *Error) Unwrap() error { return e.Err }

// Closed is nil when there may be a try now, or else an *Error.
func (g *Gate) Closed(now time.Time) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if wait := g.until.Sub(now); g.err != nil && wait > 0 {
		return &Error{Wait: wait, Err: g.err}
	}
	return nil
}

// Failed closes the gate for a while, or as long as who refuses asks for, if
// that is longer, but never for more than five minutes. It returns the
// pause. Failures while the gate is closed belong to the same try, made by
// several at once: they do not lengthen the pause.
func (g *Gate) Failed(now time.Time, err error, atLeast time.Duration) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.failures++
	if g.err != nil && g.until.After(now) {
		return g.until.Sub(now)
	}
	if g.backoff == nil {
		g.backoff = backoff.NewExponentialBackOff()
		g.backoff.InitialInterval, g.backoff.MaxInterval, g.backoff.Multiplier, g.backoff.RandomizationFactor = First, Longest, 2, 0.5
		g.backoff.Reset()
	}
	wait := max(g.backoff.NextBackOff(), min(atLeast, 5*time.Minute))
	g.until, g.err = now.Add(wait), err
	return wait
}

// Succeeded opens the gate, and the next pause is short again.
func (g *Gate) Succeeded() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.err, g.until, g.backoff = nil, time.Time{}, nil
}

// State is how many tries have failed since the gate was made, and the last
// failure if nothing has succeeded since.
func (g *Gate) State() (failures int64, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.failures, g.err
}
