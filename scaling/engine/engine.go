package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// ErrClosed is what those get who use an engine that has ended.
var ErrClosed = errors.New("the engine has ended")

// Engine is this process's part in it. Make one with New, Run it, and use the
// rest from any goroutine.
type Engine struct {
	opts  Options
	link  *link
	ready chan struct{} // closed when the streams are there for the first time
	ended chan struct{} // closed when Run has returned
	owned chan struct{} // has one when the server was started by us
	past  repeats       // what was said of servers that had to be started again

	mu sync.Mutex
	// mu guards everything that follows
	ran    bool
	js     jetstream.JetStream
	server *embedded    // of ours, running
	waits  [parts]error // what each part waits for, nil when all is well
	err    error        // what Run returned
}

// The parts of an engine that may have to wait for something.
const (
	owning = iota
	preparing
	parts
)

// New checks the options. It opens, makes and connects nothing.
func New(o Options) (*Engine, error) {
	if err := o.complete(); err != nil {
		return nil, fmt.Errorf("engine: %w", err)
	}
	e := &Engine{opts: o, ready: make(chan struct{}), ended: make(chan struct{}), owned: make(chan struct{}, 1)}
	e.link = newLink(&e.opts)
	return e, nil
}

// String says where the engine is.
func (e *Engine) String() string { return e.opts.String() }

// Run connects and, when it is this process's turn, owns the embedded server,
// until the context ends. It returns nil then, and an error if something is
// wrong that trying again does not mend. It may be called once.
func (e *Engine) Run(ctx context.Context) error {
	e.mu.Lock()
	if e.ran {
		e.mu.Unlock()
		return errors.New("engine: Run was called twice")
	}
	e.ran = true
	e.mu.Unlock()
	err := e.run(ctx)
	if err != nil {
		err = fmt.Errorf("engine: %w", err)
	}
	e.mu.Lock()
	e.err = err
	e.mu.Unlock()
	close(e.ended)
	return err
}

func (e *Engine) run(ctx context.Context) error {
	if e.mayOwn() {
		if err := makeDir(e.opts.Dir); err != nil {
			return err
		}
	}
	if err := e.link.open(); err != nil {
		return err
	}
	js, err := jetstream.New(e.link.nc)
	if err != nil {
		e.link.close()
		return err
	}
	e.mu.Lock()
	e.js = js
	e.mu.Unlock()

	ctx, cancel := context.WithCancelCause(ctx)
	var wg sync.WaitGroup
	fail := func(part func(context.Context) error) {
		wg.Go(func() {
			if err := part(ctx); err != nil && ctx.Err() == nil {
				cancel(&final{err})
			}
		})
	}
	fail(e.prepare)
	fail(func(ctx context.Context) error {
		select {
		case <-e.link.gone:
			return errors.New("the connection was closed, and not by us")
		case <-ctx.Done():
			return nil
		}
	})
	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	if e.mayOwn() {
		fail(func(context.Context) error { return e.own(serving) })
	}
	<-ctx.Done()
	e.link.close() // before the server, whose end would have us connect again
	stop()
	wg.Wait()
	cause := context.Cause(ctx)
	cancel(nil)
	var f *final
	if errors.As(cause, &f) {
		return f.err
	}
	return nil
}

// mayOwn says whether this process takes its turn to own the embedded server.
func (e *Engine) mayOwn() bool { return !e.opts.external() && !e.opts.LookOnly }

// prepare has the streams made: each time that this process has become the
// owner, and once on an external cluster.
func (e *Engine) prepare(ctx context.Context) error {
	for {
		up, down := e.link.ends()
		select {
		case <-up:
		case <-ctx.Done():
			return nil
		}
		err := e.makeStreams(ctx)
		var f *final
		switch {
		case errors.As(err, &f):
			return f.err
		case ctx.Err() != nil:
			return nil
		case err != nil:
			e.note(preparing, err)
			pause(ctx, 200*time.Millisecond, down)
			continue
		}
		e.note(preparing, nil)
		select {
		case <-e.ready:
		default:
			close(e.ready)
		}
		select {
		case <-e.owned:
		case <-ctx.Done():
			return nil
		}
	}
}

// makeStreams makes the streams, or, where another process owns the server or
// nothing is to be changed, sees that somebody has.
func (e *Engine) makeStreams(ctx context.Context) error {
	ctx, why, done := e.link.asking(ctx, callTimeout)
	defer done()
	if e.opts.LookOnly || !e.opts.external() && !e.State().Owner {
		for _, name := range []string{AlarmStream, StateStream} {
			if _, err := e.js.Stream(ctx, name); err != nil {
				return fmt.Errorf("look for stream %s, which others make: %w", name, err)
			}
		}
		return nil
	}
	return why(ensureStreams(ctx, e.js, &e.opts))
}

// note keeps what a part waits for, and logs it when it is something else. A
// server that begins and has to be given up again waits for the same.
func (e *Engine) note(part int, err error) {
	e.mu.Lock()
	old := e.waits[part]
	e.waits[part] = err
	e.mu.Unlock()
	if err != nil && (old == nil || old.Error() != err.Error()) && (part != owning || !e.past.again(err.Error(), time.Now())) {
		e.opts.Logger.Warn("the engine has to wait", "err", err)
	}
}

// pause waits for a while, or less if a channel is closed.
func pause(ctx context.Context, d time.Duration, sooner <-chan struct{}) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-sooner:
	case <-t.C:
	}
}

// Wait waits until the engine can be used: it was connected and its streams
// were there once. The error says what it waits for, or why Run has ended.
func (e *Engine) Wait(ctx context.Context) error {
	select {
	case <-e.ready:
		return nil
	default:
	}
	select {
	case <-e.ready:
		return nil
	case <-e.ended:
		return e.whyEnded()
	case <-ctx.Done():
		if why := e.State().Problem; why != "" {
			return fmt.Errorf("engine: not ready: %s: %w", why, ctx.Err())
		}
		return fmt.Errorf("engine: not ready: %w", ctx.Err())
	}
}

func (e *Engine) whyEnded() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.err != nil {
		return e.err
	}
	return fmt.Errorf("engine: %w", ErrClosed)
}

// JetStream waits until the engine can be used and returns what streams are
// read with. It is the same for as long as the engine runs and survives
// changes of the owner; it belongs to the engine.
func (e *Engine) JetStream(ctx context.Context) (jetstream.JetStream, error) {
	if err := e.Wait(ctx); err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.js, nil
}

// Conn is as JetStream, for what is in no stream. Do not close it.
func (e *Engine) Conn(ctx context.Context) (*nats.Conn, error) {
	if err := e.Wait(ctx); err != nil {
		return nil, err
	}
	return e.link.nc, nil
}
