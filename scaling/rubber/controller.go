package rubber

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"perfmon/scaling/rubber/plan"
)

// Controller keeps as many workers as the work needs. Run it once; everything
// else may be called at any time, by several goroutines at once.
type Controller struct {
	opts    Options
	metrics *Metrics
	status  atomic.Pointer[Status]
	current atomic.Pointer[world] // nil while it is not active
	feed    ring[Decision]
	plans   ring[PlanView]

	begun bool // what Options.Paused wants has been done; Run's

	mu     sync.Mutex
	config Config // guarded by mu; worlds have their own
}

// New checks options. It asks nobody and starts nothing.
func New(o Options) (*Controller, error) {
	o, err := o.checked()
	if err != nil {
		return nil, fmt.Errorf("rubber: %w", err)
	}
	c := &Controller{opts: o, config: o.Config}
	c.feed.most, c.plans.most = feedLength, plansLength
	c.metrics = newMetrics(c)
	c.stand(Starting, "it has not been started")
	return c, nil
}

// Run works until the context ends, and then ends what it began: calls are
// broken off, machines stay as they are. It stands by while another instance
// holds the lease. It returns nil when the context has ended.
func (c *Controller) Run(ctx context.Context) error {
	for fails := 0; ctx.Err() == nil; {
		err := c.reign(ctx)
		if ctx.Err() != nil {
			break
		}
		fails++
		c.opts.Log.Warn("rubber stops acting, and begins anew", "err", err)
		c.stand(Standby, err.Error())
		wait := time.NewTimer(backoff(c.Config().Interval, 30*time.Second, min(fails, 8)))
		select {
		case <-ctx.Done():
		case <-wait.C:
		}
		wait.Stop()
	}
	c.stand(Starting, "it has ended")
	return nil
}

// reign is one time of being active, from getting the lease to losing it.
func (c *Controller) reign(ctx context.Context) error {
	if c.opts.Lease == nil || c.opts.DryRun {
		return c.act(ctx, nil)
	}
	c.opts.Log.Info("waits for the lease, which another instance may hold")
	c.stand(Standby, "another instance holds the lease, or it is not free yet")
	held, err := c.opts.Lease.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("get the lease: %w", err)
	}
	defer func() {
		release, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.Config().Limits.Store)
		defer cancel()
		if err := held.Release(release); err != nil {
			c.opts.Log.Warn("the lease could not be given back, and ends by itself", "err", err)
		}
	}()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	watch := make(chan struct{})
	go func() {
		defer close(watch)
		select {
		case <-held.Lost():
			cancel() // everything stops at once
		case <-ctx.Done():
		}
	}()
	err = c.act(ctx, held)
	cancel()
	<-watch
	if lost := held.Err(); lost != nil {
		return lost
	}
	return err
}

// act is the work of an active instance. It returns when the context ends, or
// when someone else writes our records.
func (c *Controller) act(ctx context.Context, held Holding) error {
	w := newWorld(ctx, c, held)
	defer w.end()
	for fails := 1; ; fails++ {
		l, err := w.read(w.ctx)
		if err == nil {
			w.adoptState(l)
			break
		}
		if w.ctx.Err() != nil {
			return w.ctx.Err()
		}
		c.stand(Standby, err.Error())
		wait := time.NewTimer(backoff(w.cfg.Interval, 30*time.Second, fails))
		select {
		case <-w.ctx.Done():
		case <-wait.C:
		}
		wait.Stop()
	}
	c.metrics.leases.Inc()
	w.beginPaused()
	c.opts.Log.Info("acts", "machines", len(w.units), "paused", w.pause.Paused, "dry_run", c.opts.DryRun)
	c.current.Store(w)
	w.publish()
	return w.run()
}

// stand shows an instance that does not act.
func (c *Controller) stand(role Role, problem string) {
	now := time.Now()
	c.status.Store(&Status{At: now, Since: now, Role: role, Problem: problem, Cap: c.Config().Cap})
}

func newWorld(ctx context.Context, c *Controller, held Holding) *world {
	cfg := c.Config()
	w := &world{
		c: c, o: &c.opts, cfg: &cfg, held: held, log: c.opts.Log, clock: newClock(c.opts.Wall), in: make(chan func()), ended: make(chan struct{}),
		slots: map[string]chan struct{}{}, units: map[string]*unit{}, unread: map[string]error{}, clouds: map[string]*cloudView{},
		queues: map[queueKey]*queueView{}, brokers: map[string]*brokerView{}, strange: map[string]*stranger{}, adopted: map[string]bool{},
		homes: map[string]*home{}, yielding: map[string]time.Time{}, told: map[string]time.Time{}, brakes: newBrakes(), memory: plan.Memory{Profiles: map[string]plan.ProfileMemory{}}, learned: map[string]*Learned{},
		arriving: map[string]*arrivals{}, saved: map[string]savedValue{}, waiting: -1,
	}
	w.ctx, w.stop = context.WithCancel(ctx)
	w.now = w.clock.now()
	w.started = w.now
	return w
}

// run is the owner's loop.
func (w *world) run() error {
	interval := w.cfg.Interval
	turns := time.NewTicker(interval)
	defer turns.Stop()
	pulse := time.NewTicker(w.pulse())
	defer pulse.Stop()
	w.beginLook()
	for {
		select {
		case <-w.ctx.Done():
			return w.ctx.Err()
		case f := <-w.in:
			w.now = w.clock.now()
			f()
		case <-turns.C:
			w.now = w.clock.now()
			w.beginLook()
		case <-pulse.C:
			w.now = w.clock.now()
			if w.waiting > 0 && !w.now.Before(w.lookUntil) {
				w.endLook() // what has not come yet is unknown
			}
			if w.turns > 0 && len(w.units) > 0 {
				w.hear()
				w.advanceAll()
			}
		}
		if w.conflict != nil {
			return fmt.Errorf("the store: %w: is there a second rubber of this owner?", w.conflict)
		}
		if w.cfg.Interval != interval {
			interval = w.cfg.Interval
			turns.Reset(interval)
			pulse.Reset(w.pulse())
		}
	}
}

// pulse is how often machines are moved on between turns.
func (w *world) pulse() time.Duration {
	return max(leastInterval, min(time.Second, w.cfg.Interval, w.cfg.Limits.Settle/2))
}

// end keeps what was learned, breaks off what is on its way, and waits for it.
func (w *world) end() {
	w.c.current.CompareAndSwap(w, nil)
	if w.turns > 0 && w.conflict == nil {
		w.save(true)
	}
	w.stop()
	close(w.ended)
	w.calls.Wait()
}

// Config is the present configuration, with defaults filled in.
func (c *Controller) Config() Config {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.config
}

// Status is how everything stood at the last turn. It is never nil, and read
// only.
func (c *Controller) Status() *Status { return c.status.Load() }

// Decisions is the last n decisions, oldest first; n below 1 is all that are
// kept, 1000.
func (c *Controller) Decisions(n int) []Decision { return c.feed.last(n) }

// Plans is the last n plans, oldest first; n below 1 is all that are kept, 720.
func (c *Controller) Plans(n int) []PlanView { return c.plans.last(n) }

// Metrics is what is counted, to be registered once.
func (c *Controller) Metrics() *Metrics { return c.metrics }

// ErrStandby is of what only the active instance can do.
var ErrStandby = errors.New("this instance is not the active one")

// ask has the owner call f, and waits for it.
func (c *Controller) ask(ctx context.Context, f func(*world) error) error {
	w := c.current.Load()
	if w == nil {
		return fmt.Errorf("%w: %s", ErrStandby, c.Status().Problem)
	}
	answer := make(chan error, 1)
	select {
	case w.in <- func() { answer <- f(w) }:
		return <-answer
	case <-w.ended:
		return fmt.Errorf("%w any more", ErrStandby)
	case <-ctx.Done():
		return ctx.Err()
	}
}
