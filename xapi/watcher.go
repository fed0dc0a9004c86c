package xapi

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

const (
	// callGap is the least time between the starts of two calls. VMs of a
	// busy pool change all the time, and each change ends the wait. Only one
	// that was told to begin again does so at once, so that a change at that
	// moment is not late.
	callGap = time.Second
	// eventTimeout is how long the toolstack may hold a call that has nothing
	// to say. It sets no limit of its own, and a pool's tunnels end what is idle
	// for twelve hours; but each call of a member is passed on to the
	// coordinator, and one whose coordinator has lost its power is noticed no
	// sooner.
	eventTimeout = 10 * time.Minute
	// DefaultFullRead is how often everything is read anew. The toolstack says
	// when it has lost changes, and how many objects there should be; this is
	// for what nobody thought of.
	DefaultFullRead = 6 * time.Hour
	// changesPerSecond is how many bytes of changes a second the toolstack is
	// asked for, on average. An answer has each changed record once, of some 9 KB
	// for a VM: so the next call comes later after a large one, by longestGap at
	// most, and a Refresh does not wait for it.
	changesPerSecond = 256 << 10
	longestGap       = 10 * time.Second
	// recountGap is the least time between full reads that are made because
	// the numbers of objects did not agree.
	recountGap = time.Minute
	// settleTime is how long an object whose trigger XML has been taken away
	// is thought to be in the middle of an edit. The toolstack has no call
	// that replaces one key: xe and XenCenter take the old text out and put
	// the new one in, and somebody who acted in between would end alarms.
	settleTime = time.Second
)

// Watcher follows the records of a pool as they change.
type Watcher struct {
	from   func(ctx context.Context, token string, timeout time.Duration, each func(*event)) (batch, error)
	logger *slog.Logger
	rand   func() float64
	gap    time.Duration // callGap
	wake   chan struct{} // of capacity one: a Refresh ends a backoff

	// mu guards everything that follows.
	mu        sync.Mutex
	waiting   []chan struct{}    // Refreshes not yet served
	interrupt context.CancelFunc // ends the wait for changes; nil if there is none
}

// NewWatcher makes a watcher of the client's toolstack. It starts nothing.
func (c *Client) NewWatcher() *Watcher {
	return newWatcher(c.eventFrom, c.opts.Logger, c.opts.Rand)
}

func newWatcher(from func(context.Context, string, time.Duration, func(*event)) (batch, error),
	logger *slog.Logger, rand func() float64) *Watcher {
	return &Watcher{from: from, logger: logger, rand: rand, gap: callGap, wake: make(chan struct{}, 1)}
}

// Refresh asks for a full read now, or as soon as the toolstack answers. The
// channel is closed when a read that began after the call has been handed to
// Watch's onChange, if it changed anything. It is for one who wants to wait,
// together with a deadline: it is never closed when no Watch runs.
func (w *Watcher) Refresh() <-chan struct{} {
	done := make(chan struct{})
	w.mu.Lock()
	w.waiting = append(w.waiting, done)
	if w.interrupt != nil {
		w.interrupt()
	}
	w.mu.Unlock()
	select {
	case w.wake <- struct{}{}:
	default:
	}
	return done
}

// Turn is how long one host of a pool waits with a read of everything that the
// others begin at the same moment. A Refresh ends the wait.
type Turn struct {
	First time.Duration // before the first read
	Again time.Duration // after changes, the session or the toolstack were lost
}

// Watch calls onChange with the inventory of the host with that uuid: first
// when it is known, then whenever it has changed, from the goroutine of Watch
// itself. It returns when ctx is over, and not before: a toolstack that is
// away, or still booting, is waited for. Everything is read anew at least
// every fullReadEvery, 0 meaning DefaultFullRead, and after every error, each in
// its turn. Only one Watch of a Watcher may run at a time.
func (w *Watcher) Watch(ctx context.Context, hostUUID string, fullReadEvery time.Duration, turn Turn, onChange func(*Inventory)) {
	setDefault(&fullReadEvery, DefaultFullRead)
	s := &watch{
		Watcher:  w,
		hostUUID: hostUUID,
		every:    fullReadEvery,
		again:    turn.Again,
		onChange: onChange,
		backoff:  Backoff{Rand: w.rand},
		missing:  map[string]bool{},
	}
	sleepUntil(ctx, time.Now().Add(turn.First), w.wake)
	for ctx.Err() == nil {
		s.step(ctx)
		sleepUntil(ctx, s.notBefore, nil)
		sleepUntil(ctx, s.retryAt, w.wake)
	}
}

// watch is the state of one Watch.
type watch struct {
	*Watcher
	hostUUID string
	every    time.Duration
	again    time.Duration // Turn.Again
	onChange func(*Inventory)

	records  *records
	token    string // "" means that the next read is a full one
	last     *Inventory
	lastFull time.Time
	fullDue  time.Time

	backoff   Backoff
	notBefore time.Time // of the next call, for callGap
	retryAt   time.Time // of the next call, after an error
	trouble   string    // kind of the error that was last logged; "" for none
	failures  int       // since the last success
	restarted bool      // the last call began again after a loss
	skipped   string    // record error that was last logged

	missing map[string]bool // references of objects that may be in the middle of an edit
	settled time.Time       // when they no longer are
	unknown bool            // it has been logged that the host is not in the pool
}

// step makes one call and takes over what it brings.
func (s *watch) step(ctx context.Context) {
	now := time.Now()
	s.notBefore = now.Add(s.gap)
	served := s.takeWaiting()
	full := s.token == "" || len(served) > 0 || !now.Before(s.fullDue)

	token, to, timeout := s.token, s.records, eventTimeout
	callCtx, cancel := context.WithCancel(ctx)
	defer cancel()
	if full {
		token, to = "", newRecords()
	} else {
		timeout = min(timeout, max(s.fullDue.Sub(now), s.gap))
		if len(s.missing) > 0 {
			timeout = min(timeout, max(s.settled.Sub(now), time.Millisecond))
		}
		s.setInterrupt(cancel)
		defer s.setInterrupt(nil)
	}
	var changed bool
	var bad error
	got, err := s.from(callCtx, token, timeout, func(e *event) {
		before := to.config(e)
		c, err := to.apply(e)
		if !full {
			s.edited(e, before, to.config(e))
		}
		changed = changed || c
		if err != nil {
			bad = err
		}
	})
	switch {
	case ctx.Err() != nil:
		s.putBack(served)
		return
	case err != nil && callCtx.Err() != nil: // a Refresh cut the wait short
		s.token = ""
		return
	case err != nil:
		s.putBack(served)
		s.failed(err)
		return
	}
	s.succeeded()
	s.skip(bad)
	s.records, s.token = to, got.Token
	if full {
		s.lastFull = now
		clear(s.missing)
		// Up to a tenth earlier, so that the hosts of a pool spread out.
		s.fullDue = now.Add(time.Duration(float64(s.every) * (1 - s.rand()/10)))
	} else {
		s.retryAt = now.Add(min(time.Duration(got.Bytes)*time.Second/changesPerSecond, longestGap))
	}
	if !full && !to.agree(got.Counts) && now.Sub(s.lastFull) >= recountGap {
		s.logger.Debug("numbers of objects do not agree with the toolstack's, reading everything again")
		s.token = ""
	}
	if len(s.missing) > 0 {
		if time.Now().Before(s.settled) {
			return // none of the served: those make a full read
		}
		clear(s.missing)
		changed = true
	}
	if full || changed {
		s.publish()
	}
	for _, done := range served {
		close(done)
	}
}

// edited notes an object that may be in the middle of an edit, and one that
// no longer is.
func (s *watch) edited(e *event, before, after otherConfig) {
	gone := before.perfmon != "" && after.perfmon == "" || before.defaults != "" && after.defaults == ""
	switch {
	case e.Operation == "del" || after.perfmon != "" || after.defaults != "":
		delete(s.missing, e.Ref)
	case gone:
		if len(s.missing) == 0 {
			s.settled = time.Now().Add(settleTime)
		}
		s.missing[e.Ref] = true
	}
}

// publish hands over the inventory if it changed.
func (s *watch) publish() {
	inv, err := buildInventory(s.records, s.hostUUID)
	if err != nil {
		if !s.unknown {
			s.logger.Warn("no configuration from the toolstack", "err", err)
		}
		s.unknown = true
		return
	}
	s.unknown = false
	if s.last == nil || !s.last.Equal(inv) {
		s.last = inv
		s.onChange(inv)
	}
}

// failed plans the next try. Whatever the error, what is known may be out of
// date by then, so that the next read is a full one.
func (s *watch) failed(err error) {
	// The toolstack has lost track of us, or of the session: that is mended by
	// beginning again at once. If it is not, it is an error like others.
	lost := sessionRefused(err) || IsCode(err, "EVENTS_LOST", "EVENT_FROM_TOKEN_PARSE_FAILURE")
	s.token = ""
	var turn time.Duration
	if s.failures++; s.failures == 1 && s.last != nil { // who knows nothing yet has had the first turn
		turn = s.again
	}
	if lost && !s.restarted {
		s.restarted, s.notBefore, s.retryAt = true, time.Time{}, time.Now().Add(turn)
		s.logger.Debug("reading all records again", "err", err)
		return
	}
	s.restarted = lost
	s.retryAt = time.Now().Add(turn + s.backoff.Next())
	if kind := Kind(err); kind != s.trouble {
		s.trouble = kind
		s.logger.Warn("cannot follow the toolstack's records, trying again", "err", err)
	}
}

func (s *watch) succeeded() {
	if s.trouble != "" {
		s.logger.Info("following the toolstack's records again", "failures", s.failures)
	}
	s.trouble, s.failures, s.restarted, s.retryAt = "", 0, false, time.Time{}
	s.backoff.Reset()
}

// skip logs records that could not be read, once for the same one.
func (s *watch) skip(bad error) {
	if bad == nil || bad.Error() == s.skipped {
		return
	}
	s.skipped = bad.Error()
	s.logger.Warn("record passed over", "err", bad)
}

func (w *Watcher) takeWaiting() []chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	waiting := w.waiting
	w.waiting = nil
	select {
	case <-w.wake: // its Refresh is among those that are taken
	default:
	}
	return waiting
}

func (w *Watcher) putBack(served []chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.waiting = append(w.waiting, served...)
}

// setInterrupt names what ends the current wait. If a Refresh has come since
// the last look, it ends at once.
func (w *Watcher) setInterrupt(cancel context.CancelFunc) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.interrupt = cancel
	if cancel != nil && len(w.waiting) > 0 {
		cancel()
	}
}

// sleepUntil waits for a time, for the end of ctx, or for wake.
func sleepUntil(ctx context.Context, t time.Time, wake <-chan struct{}) {
	d := time.Until(t)
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	case <-wake:
	}
}
