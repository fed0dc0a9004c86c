package engine

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"
)

// How often to try for the lock: seldom while there is a server, since its end
// is noticed at once.
const (
	seldom = time.Second
	often  = 25 * time.Millisecond
	health = 500 * time.Millisecond // between looks at our own server

	again     = 500 * time.Millisecond // after a start that failed, and twice as long each time
	againMost = 15 * time.Second
)

// own waits for this process's turn, serves, and does so again when the server
// had to be given up. It returns errors that trying again does not mend.
func (e *Engine) own(ctx context.Context) error {
	wait := again
	for ctx.Err() == nil {
		l, err := takeLock(e.opts.Dir)
		if err == nil {
			begun := time.Now()
			err = e.serve(ctx, l)
			l.release()
			if time.Since(begun) > againMost {
				wait = again
			}
		}
		var f *final
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.As(err, &f):
			return f.err
		case errors.Is(err, errLocked):
			e.note(owning, nil)
			e.awaitTurn(ctx)
		case err != nil:
			e.note(owning, err)
			pause(ctx, wait, nil)
			wait = min(2*wait, againMost)
		}
	}
	return nil
}

// awaitTurn returns when it is worth to try for the lock again.
func (e *Engine) awaitTurn(ctx context.Context) {
	up, down := e.link.ends()
	select {
	case <-down:
		pause(ctx, often, nil)
	case <-up:
		pause(ctx, seldom, down)
	default:
	}
}

// serve runs the server until the context ends or the server cannot go on.
func (e *Engine) serve(ctx context.Context, l *lock) error {
	dir := e.opts.Dir
	if err := checkFormat(dir); err != nil {
		return &final{err}
	}
	token, err := ensureToken(dir)
	if err != nil {
		return &final{err}
	}
	if e.opts.Users != "" {
		if _, err := readUsers(e.opts.Users); err != nil {
			return &final{err}
		}
	}
	s, err := startServer(&e.opts, token, &e.past)
	if err != nil {
		return err
	}
	defer s.stop()
	if err := s.place.write(dir); err != nil {
		if errors.Is(err, syscall.ENOSPC) {
			err = fmt.Errorf("%w: make room there", err)
		}
		return err
	}
	begun := time.Now()
	e.setServer(s)
	defer e.setServer(nil)
	e.note(owning, nil)
	e.opts.Logger.Info("this process owns the engine", "dir", dir, "address", s.place.Address)
	for {
		pause(ctx, health, nil)
		if ctx.Err() != nil {
			return nil
		}
		if err := s.ill(); err != nil {
			return fmt.Errorf("the server cannot keep what it is given: %w: make room in %s, or look after its disk", err, dir)
		}
		if err := l.inPlace(); err != nil {
			return err
		}
		if time.Since(begun) > againMost && !s.log.settled.Swap(true) {
			if n := e.past.forget(); n > 0 {
				e.opts.Logger.Info("the engine's server is well again", "lines_not_repeated", n)
			}
		}
	}
}

// setServer makes known whether this process owns the server.
func (e *Engine) setServer(s *embedded) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.server = s
	if s != nil {
		select {
		case e.owned <- struct{}{}:
		default:
		}
	}
}
