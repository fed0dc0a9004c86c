package outbox

import (
	"context"
	"errors"
	"time"

	"perfmon/alarm"
	"perfmon/alarm/journal"
)

// idle is how long to wait when nothing is to be done. Nudge ends it.
const idle = time.Hour

// runner is what Run knows beside the journal. All of it may be forgotten.
type runner struct {
	o        *Outbox
	recovers Recoverer // nil if the driver is none

	seen     map[uint64]sight
	suspects map[uint64]bool // may have been sent
	failures map[uint64]*failure

	failedInRow map[alarm.ID]bool // since the last success
	pauses      int               // since then
	pausedUntil time.Time

	quiets     int // announcements that failed in a row
	quietUntil time.Time

	tends    Tender // nil if the driver is none
	tendAt   time.Time
	untended int // times that it failed in a row
}

// sight is when we first saw an event in the queue, and how old it was then.
// From there on the monotonic clock counts: a wall clock that is set must not
// make events old.
type sight struct {
	at  time.Time
	age time.Duration
}

// failure is what is known of an event that failed.
type failure struct {
	times int
	due   time.Time // not tried before
}

func newRunner(o *Outbox) *runner {
	r := &runner{
		o: o, seen: map[uint64]sight{}, suspects: map[uint64]bool{},
		failures: map[uint64]*failure{}, failedInRow: map[alarm.ID]bool{},
	}
	r.tends, _ = o.opts.Driver.(Tender)
	r.recovers, _ = o.opts.Driver.(Recoverer)
	if r.recovers != nil {
		for _, mark := range o.journal.InFlight(o.opts.Name) {
			r.suspects[mark.Key] = true
		}
	}
	return r
}

// turn makes at most one call. It returns how long there is nothing to do; 0
// asks for another turn. An error is the journal's, and final.
func (r *runner) turn(ctx context.Context) (time.Duration, error) {
	now := time.Now()
	entries := r.o.journal.Pending(r.o.opts.Name, 0)
	r.look(entries, now)
	if late := r.late(entries, now); len(late) > 0 {
		return 0, r.dropLate(late)
	}
	if now.Before(r.pausedUntil) {
		return r.pausedUntil.Sub(now), nil
	}
	if r.tends != nil && !now.Before(r.tendAt) {
		r.tend(ctx)
		return 0, nil
	}
	batch, suspect, wait := r.choose(entries, now)
	switch {
	case suspect:
		return 0, r.recover(ctx, batch[0])
	case len(batch) > 0:
		return 0, r.deliver(ctx, batch)
	}
	wait = min(wait, r.nextLate(now))
	if r.tends != nil {
		wait = min(wait, r.tendAt.Sub(now))
	}
	return r.announce(ctx, entries, now, wait), nil
}

// look forgets what has left the queue and notes what has come.
func (r *runner) look(entries []journal.Entry, now time.Time) {
	seen := make(map[uint64]sight, len(entries))
	suspects := map[uint64]bool{}
	failures := map[uint64]*failure{}
	for _, e := range entries {
		s, known := r.seen[e.Key]
		if !known {
			s = sight{now, max(0, now.Sub(e.Queued))}
		}
		seen[e.Key] = s
		if r.suspects[e.Key] {
			suspects[e.Key] = true
		}
		if f := r.failures[e.Key]; f != nil {
			failures[e.Key] = f
		}
	}
	r.seen, r.suspects, r.failures = seen, suspects, failures
}

// left is how much time an event has before its deadline.
func (r *runner) left(key uint64, now time.Time) time.Duration {
	s := r.seen[key]
	return r.o.opts.Deadline - s.age - now.Sub(s.at)
}

func (r *runner) late(entries []journal.Entry, now time.Time) []journal.Entry {
	var late []journal.Entry
	for _, e := range entries {
		if r.left(e.Key, now) <= 0 {
			late = append(late, e)
		}
	}
	return late
}

// nextLate is when the next deadline passes.
func (r *runner) nextLate(now time.Time) time.Duration {
	next := idle
	for key := range r.seen {
		next = min(next, r.left(key, now))
	}
	return next
}

func (r *runner) dropLate(late []journal.Entry) error {
	r.o.metrics.deadline.Add(uint64(len(late)))
	r.o.log.Error("events dropped: not delivered within the deadline", "events", len(late), "deadline", r.o.opts.Deadline, "first", late[0].Event.EventID())
	return r.done(late)
}

// choose picks the events that are to be delivered now, oldest first, or one
// that has to be looked up: those come before all others, so that the driver
// knows what there is before it adds to that. With none, choose says how long
// there is none. Of a sink that is away the pause alone decides when it is
// tried: where all events wait for their own time, the first whose time comes
// is tried before it, or the sink would be back for minutes unnoticed.
func (r *runner) choose(entries []journal.Entry, now time.Time) (batch []journal.Entry, suspect bool, wait time.Duration) {
	wait = idle
	chosen, held := map[alarm.ID]bool{}, map[alarm.ID]bool{}
	var next journal.Entry // the first whose time comes
	for _, e := range entries {
		id := e.Event.ID
		f := r.failures[e.Key]
		switch {
		case held[id]:
		case f != nil && now.Before(f.due):
			held[id] = true
			if left := f.due.Sub(now); left < wait {
				next, wait = e, left
			}
		case r.suspects[e.Key] && !chosen[id]:
			return []journal.Entry{e}, true, 0
		case r.suspects[e.Key] || len(batch) == r.o.opts.Batch:
			held[id] = true
		default:
			chosen[id] = true
			batch = append(batch, e)
		}
	}
	if r.pauses > 0 && len(batch) == 0 && next.Event != nil {
		return []journal.Entry{next}, r.suspects[next.Key], 0
	}
	return batch, false, wait
}

// deliver makes one call with a batch, and deals with what comes of it.
func (r *runner) deliver(ctx context.Context, batch []journal.Entry) error {
	events := make([]*alarm.Event, len(batch))
	for i, e := range batch {
		events[i] = e.Event
	}
	if r.recovers != nil {
		if err := r.o.journal.MarkInFlight(r.o.opts.Name, keys(batch)...); err != nil {
			return err
		}
	}
	bounded, cancel := context.WithTimeout(ctx, r.o.opts.Timeout)
	taken, err := r.o.opts.Driver.Deliver(bounded, events)
	cancel()
	r.tendSoon()
	taken = max(0, min(taken, len(batch)))
	if taken == 0 && err == nil {
		err = errTookNothing
	}
	if taken > 0 {
		if err := r.sent(batch[:taken]); err != nil {
			return err
		}
	}
	if taken == len(batch) || err == nil {
		return nil
	}
	rest := batch[taken:]
	if r.recovers != nil {
		for _, e := range rest {
			r.suspects[e.Key] = true
		}
	}
	return r.failed(ctx, rest[0], err)
}

// recover looks up an event that may have been sent.
func (r *runner) recover(ctx context.Context, e journal.Entry) error {
	bounded, cancel := context.WithTimeout(ctx, r.o.opts.Timeout)
	delivered, err := r.recovers.Recover(bounded, e.Event, r.marked(e))
	cancel()
	r.tendSoon()
	switch {
	case err != nil:
		return r.failed(ctx, e, err)
	case delivered:
		r.o.log.Info("event had been delivered before", "id", e.Event.EventID())
		return r.sent([]journal.Entry{e})
	}
	delete(r.suspects, e.Key)
	return nil
}

// marked is when an event may have been sent for the first time.
func (r *runner) marked(e journal.Entry) time.Time {
	for _, mark := range r.o.journal.InFlight(r.o.opts.Name) {
		if mark.Key == e.Key {
			return mark.At
		}
	}
	return e.Queued
}

// sent takes events out of the queue that the sink has, and ends all waiting
// if it was taken to be away.
func (r *runner) sent(batch []journal.Entry) error {
	r.o.metrics.sent.Add(uint64(len(batch)))
	r.answers()
	return r.done(batch)
}

// answers notes that the sink is there.
func (r *runner) answers() {
	if r.pauses > 0 {
		clear(r.failures)
		r.o.log.Info("sink takes events again")
	}
	clear(r.failedInRow)
	r.pauses, r.pausedUntil = 0, time.Time{}
	r.o.health.answers()
}

// failed puts an event off, or drops it if the sink has refused it. A failure
// because of the end of Run says nothing.
func (r *runner) failed(ctx context.Context, e journal.Entry, err error) error {
	if refused := (*alarm.Refused)(nil); errors.As(err, &refused) {
		r.o.metrics.refused.Add(1)
		r.o.log.Error("event dropped: the sink refused it", "id", e.Event.EventID(), "err", refused.Err)
		r.o.health.failed(err, e.Event.ID, time.Time{})
		r.answers()
		return r.done([]journal.Entry{e})
	}
	if ctx.Err() != nil {
		return nil
	}
	r.o.metrics.retried.Add(1)
	now := time.Now()
	f := r.failures[e.Key]
	if f == nil {
		f = &failure{}
		r.failures[e.Key] = f
	}
	f.times++
	f.due = now.Add(backoff(f.times, longestWait, r.o.opts.Rand()))
	r.failedInRow[e.Event.ID] = true
	if len(r.failedInRow) >= awayAfter {
		r.pauses++
		r.pausedUntil = now.Add(backoff(r.pauses, longestPause, r.o.opts.Rand()))
	}
	r.o.health.failed(err, e.Event.ID, r.pausedUntil)
	switch {
	case r.pauses == 1:
		r.o.log.Error("sink takes no events: trying now and then until it does", "err", err)
	case r.pauses == 0 && f.times == 1:
		r.o.log.Warn("event not delivered: kept for another try", "id", e.Event.EventID(), "err", err)
	default:
		r.o.log.Debug("event not delivered", "id", e.Event.EventID(), "tries", f.times, "err", err)
	}
	return nil
}

func (r *runner) done(entries []journal.Entry) error {
	for _, e := range entries {
		r.o.news.overtake(e.Event)
	}
	return r.o.journal.Done(r.o.opts.Name, keys(entries)...)
}

func keys(entries []journal.Entry) []uint64 {
	keys := make([]uint64, len(entries))
	for i, e := range entries {
		keys[i] = e.Key
	}
	return keys
}
