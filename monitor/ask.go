package monitor

import (
	"context"
	"errors"
	"time"
)

// ErrEnded is the answer of a monitor whose loop has ended.
var ErrEnded = errors.New("the monitor has ended")

// onLoop runs f on the loop's goroutine, which owns all state: at once while
// the loop waits, be it for its time or for its source, else as soon as it
// has judged its rows. f must be quick, and must leave alone what the plan is
// made of, since rows may be coming in by it. The error is that of ctx, or
// ErrEnded; f has not run then.
//
// Whoever turns the loop by hand, with Poll, has no need of it.
func (m *Monitor) onLoop(ctx context.Context, f func()) error {
	done := make(chan struct{})
	select {
	case m.calls <- func() { defer close(done); f() }:
		<-done
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-m.ended:
		return ErrEnded
	}
}

// attend runs work beside the loop, which gives signs of life meanwhile and
// carries out calls. It returns when work has.
func (m *Monitor) attend(work func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		work()
	}()
	alive := time.NewTicker(m.opts.AliveEvery)
	defer alive.Stop()
	status := m.status()
	for {
		select {
		case <-done:
			return
		case call := <-m.calls:
			call()
		case <-alive.C:
			m.opts.Alive(status)
		}
	}
}

// ofLoop is what work that attend runs uses to change what the loop owns.
func (m *Monitor) ofLoop(f func()) {
	done := make(chan struct{})
	m.calls <- func() { defer close(done); f() }
	<-done
}
