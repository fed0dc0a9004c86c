package outbox

import (
	"context"
	"slices"
	"sync"
	"time"

	"perfmon/alarm"
	"perfmon/alarm/journal"
)

const (
	maxAnnouncements = 10_000 // that wait, one an alarm
	perAnnounce      = 500    // in one call
)

// announcements are the newest announcement of each alarm that waits. A nil
// one keeps none.
type announcements struct {
	mu    sync.Mutex
	order []alarm.ID // oldest first
	byID  map[alarm.ID]announcement
}

type announcement struct {
	event *alarm.Event
	until time.Time // after which it means nothing any more
}

func newAnnouncements() *announcements { return &announcements{byID: map[alarm.ID]announcement{}} }

// Announce hands an announcement on as soon as the sink has nothing better to
// do. Only the newest of an alarm waits, and no longer than its time to live;
// one that the sink does not take is lost. What the sink was not told of is
// not announced either. It never blocks.
func (o *Outbox) Announce(e *alarm.Event) {
	if o.news == nil || e.Kind != alarm.KindState || !o.told(e) {
		return
	}
	o.news.put(e, time.Now())
	o.Nudge()
}

func (o *Outbox) told(e *alarm.Event) bool {
	_, ok := o.journal.Value(journal.Told(o.opts.Name), e.ID.String())
	return ok
}

func (a *announcements) put(e *alarm.Event, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, waits := a.byID[e.ID]; !waits {
		if len(a.order) == maxAnnouncements {
			delete(a.byID, a.order[0])
			a.order = slices.Delete(a.order, 0, 1)
		}
		a.order = append(a.order, e.ID)
	}
	a.byID[e.ID] = announcement{e, now.Add(time.Duration(e.TTL) * time.Second)}
}

// overtake forgets what a transition that is done with has made old.
func (a *announcements) overtake(e *alarm.Event) {
	if a == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if n, waits := a.byID[e.ID]; waits && older(n.event, e) {
		a.remove(e.ID)
	}
}

// older reports whether a transition comes after what an announcement tells.
// Numbers of different journals do not compare; the announcement will come
// again.
func older(announced, transition *alarm.Event) bool {
	return announced.Epoch != transition.Epoch || announced.Sequence < transition.Sequence
}

// remove is called with mu held.
func (a *announcements) remove(id alarm.ID) {
	delete(a.byID, id)
	a.order = slices.DeleteFunc(a.order, func(other alarm.ID) bool { return other == id })
}

// take takes out what may be announced now. Of an alarm with transitions that
// wait, those go first.
func (a *announcements) take(waiting map[alarm.ID]bool, now time.Time) []*alarm.Event {
	a.mu.Lock()
	defer a.mu.Unlock()
	var taken []*alarm.Event
	a.order = slices.DeleteFunc(a.order, func(id alarm.ID) bool {
		n := a.byID[id]
		switch {
		case !now.Before(n.until):
		case waiting[id] || len(taken) == perAnnounce:
			return false
		default:
			taken = append(taken, n.event)
		}
		delete(a.byID, id)
		return true
	})
	return taken
}

// announce makes one call with announcements, if any wait. It returns how
// long there is nothing to do, at most wait.
func (r *runner) announce(ctx context.Context, entries []journal.Entry, now time.Time, wait time.Duration) time.Duration {
	if r.o.news == nil {
		return wait
	}
	if now.Before(r.quietUntil) {
		return min(wait, r.quietUntil.Sub(now))
	}
	waiting := map[alarm.ID]bool{}
	for _, e := range entries {
		waiting[e.Event.ID] = true
	}
	events := r.o.news.take(waiting, now)
	if len(events) == 0 {
		return wait
	}
	// The journal may have dropped the clear that would have overtaken one.
	events = slices.DeleteFunc(events, func(e *alarm.Event) bool { return !r.o.told(e) })
	if len(events) == 0 {
		return 0
	}
	bounded, cancel := context.WithTimeout(ctx, r.o.opts.Timeout)
	err := r.o.opts.Driver.(Announcer).Announce(bounded, events)
	cancel()
	if err == nil {
		r.quiets = 0
		return 0
	}
	r.quiets++
	r.quietUntil = time.Now().Add(backoff(r.quiets, longestPause, r.o.opts.Rand()))
	r.o.log.Debug("announcements lost", "events", len(events), "err", err)
	return 0
}
