package rubber

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"perfmon/scaling/rubber/cloud"
	"perfmon/scaling/rubber/hear"
	"perfmon/scaling/rubber/plan"
	"perfmon/scaling/rubber/work"
)

// world is everything that the owner goroutine owns, from the moment when this
// instance became the active one until it ends or loses its lease. Others hand
// it functions, which it calls.
type world struct {
	c     *Controller
	o     *Options
	cfg   *Config
	held  Holding // nil: no lease is wanted
	log   *slog.Logger
	clock *clock
	now   time.Time // of the step that is being made

	in     chan func() // called by the owner
	ended  chan struct{}
	ctx    context.Context // ends all calls to others
	stop   context.CancelFunc
	calls  sync.WaitGroup
	slots  map[string]chan struct{} // of clouds and brokers: who may call
	paused atomic.Bool              // for those who are about to call

	units    map[string]*unit // by intent
	unread   map[string]error // intents whose record cannot be read: their machines are left alone
	clouds   map[string]*cloudView
	queues   map[queueKey]*queueView
	brokers  map[string]*brokerView
	hosts    hear.View
	strange  map[string]*stranger // machines without a record, by cloud and id
	adopted  map[string]bool      // names that were tried
	told     map[string]time.Time // when it was last said of a cloud or a broker that it fails
	brakes   *brakes
	pause    pauseState
	identity string               // of the store; see birth.go
	homes    map[string]*home     // by cloud: who else has made machines there
	yielding map[string]time.Time // by profile: since when a start waits for a moment
	memory   plan.Memory
	learned  map[string]*Learned
	arriving map[string]*arrivals
	saved    map[string]savedValue // of what is not a record

	look      int // number of the look that is on
	waiting   int // answers that it waits for; -1: none is on
	lookUntil time.Time
	awaited   []chan struct{} // by those who want a look that has not begun
	awaiting  []chan struct{} // by those who want the one that is on
	turns     int
	storeErr  error     // why the store could not be written
	storeNext time.Time // no write before
	storeBad  int
	conflict  error // someone else has written our records: they have to be read again
	lastPlan  plan.Plan
	planned   time.Time
	started   time.Time
	jumped    time.Time
}

// unit is a machine with where its record is in the store, and what is being
// done about it.
type unit struct {
	life
	key      string
	revision uint64
	stored   []byte // as it is in the store; nil: it is not
	unsaved  bool   // the record has changed, and the store was away
	doing    order  // on its way; verb "" is nothing
	since    time.Time
	workers  []work.Worker // on it, by the last look
	busy     int           // tasks, if busyKnown
	known    bool
	idle     time.Time
	slots    int
}

// cloudView is the last list of a cloud.
type cloudView struct {
	name    string
	asker   asker
	began   time.Time // of the last complete list; zero: there was none
	byID    map[string]*cloud.Instance
	dropped int // machines of other owners in it
	hosts   hostsView
}

// queueKey names a queue of a broker.
type queueKey struct{ broker, queue string }

// queueView is the last depth of a queue.
type queueView struct {
	queueKey
	asker asker
	depth work.Depth
	at    time.Time // when it was known last; zero: never
}

// brokerView is the last list of workers.
type brokerView struct {
	list     []work.Worker
	unnamed  []work.Worker // of list, those on no machine of ours by their names
	complete bool
	counts   map[process]int64 // tasks done, at the last turn
}

// asker is how asking one source goes.
type asker struct {
	asking bool
	began  time.Time
	next   time.Time // not to be asked before
	fails  int       // in a row
	err    error     // of the last answer; nil: it was good
	errAt  time.Time
	good   time.Time // when the last good answer came
}

// due says whether to ask now.
func (a *asker) due(now time.Time) bool { return !a.asking && !now.Before(a.next) }

// answered takes in how it went. After failures it is asked less and less.
func (a *asker) answered(now time.Time, err error, interval time.Duration, after time.Duration) {
	a.asking, a.err = false, err
	if err == nil {
		a.fails, a.good, a.next = 0, now, time.Time{}
		return
	}
	a.fails++
	a.errAt = now
	a.next = now.Add(max(backoff(interval, max(time.Minute, interval), a.fails), after))
}

// sayEvery is how often it is said of a source that it fails.
const sayEvery = 10 * time.Minute

// answered takes in how asking a source went, and says what is not in the log
// yet: that it fails, again from time to time, and that it does no more.
func (w *world) answered(a *asker, source, what string, err error, after time.Duration) {
	failed := a.fails > 0
	a.answered(w.now, err, w.cfg.Interval, after)
	told, there := w.told[source]
	switch {
	case err != nil && (!there || w.now.Sub(told) >= sayEvery):
		w.told[source] = w.now
		w.log.Warn(source+" cannot be asked: what it knows counts as unknown until it can", "about", what, "fails", a.fails, "err", err)
	case err == nil && failed && there:
		delete(w.told, source)
		w.log.Info(source+" answers again", "about", what)
	}
}

// stranger is a machine of ours without a record.
type stranger struct {
	instance cloud.Instance
	cloud    string
	first    time.Time
	seen     int // look in which it was seen last
	reason   string
	kept     bool // it is not let go
}

// call starts a call to others. What it returns is called by the owner.
func (w *world) call(f func() func()) {
	w.calls.Go(func() {
		then := f()
		select {
		case w.in <- then:
		case <-w.ended:
		}
	})
}

// holds says whether we may still act: the lease is asked at this instant.
func (w *world) holds() bool {
	return w.ctx.Err() == nil && (w.held == nil || w.held.Held())
}

// profile is how a profile is configured; nil: it is not (any more).
func (w *world) profile(name string) *Profile {
	for i := range w.cfg.Profiles {
		if w.cfg.Profiles[i].Name == name {
			return &w.cfg.Profiles[i]
		}
	}
	return nil
}

// fresh says whether the last complete list of a cloud can be relied upon.
func (w *world) fresh(c *cloudView) bool {
	return c != nil && !c.began.IsZero() && w.now.Sub(c.began) <= w.cfg.Limits.Fresh
}

// sight is what is known of a machine now.
func (w *world) sight(u *unit) *sight {
	s := &sight{now: w.now, workers: u.workers, strays: w.strays(u), heard: w.heard(u)}
	if c := w.clouds[u.Cloud]; w.fresh(c) && c.began.After(u.changed) {
		s.listed, s.began = true, c.began
		if u.ID != "" {
			s.instance = c.byID[u.ID]
		}
	}
	if p := w.profile(u.Profile); p != nil {
		s.refused = w.brakes.refused(w.now, u.Cloud, u.Profile)
	} else {
		s.refused = "its profile is not configured any more"
	}
	s.waits = w.waits(u)
	return s
}

// heard says whether whoever works on a machine would have been heard by now.
func (w *world) heard(u *unit) bool {
	if p := w.profile(u.Profile); p != nil {
		b := w.brokers[p.Broker]
		return b != nil && b.complete
	}
	for _, b := range w.brokers { // an orphan's may be anyone
		if !b.complete {
			return false
		}
	}
	return len(w.brokers) > 0
}

// waits says whether a request for this machine has to wait: because of
// errors, or because others are tried first.
func (w *world) waits(u *unit) bool {
	if w.paused.Load() || w.o.DryRun || u.Orphan || w.profile(u.Profile) == nil || w.grip(u) != held {
		return true
	}
	if u.Adopt != "" {
		return false
	}
	br, open := w.brakes.trial(w.now, u.Cloud, u.Profile)
	if br == nil || open {
		return open
	}
	for _, other := range w.units {
		if other == u || other.Cloud != u.Cloud || br.Profile != "" && other.Profile != br.Profile {
			continue
		}
		switch {
		case other.doing.verb == orderCreate, br.late && other.State == plan.Building && other.Since.After(br.Since):
			return true
		case other.State == plan.Requested && other.Release == nil && other.before(u):
			if _, open := w.brakes.trial(w.now, other.Cloud, other.Profile); !open {
				return true
			}
		}
	}
	return false
}

// before says which of two machines was wanted first.
func (u *unit) before(other *unit) bool {
	if !u.Created.Equal(other.Created) {
		return u.Created.Before(other.Created)
	}
	return u.Intent < other.Intent
}
