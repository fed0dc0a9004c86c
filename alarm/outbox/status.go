package outbox

import (
	"errors"
	"sync"
	"time"

	"perfmon/alarm"
	"perfmon/alarm/journal"
)

// Status is what an Outbox knows of one alarm and of its sink. Times are Unix
// seconds, 0 for never.
type Status struct {
	Sink string

	// Told: the alarm was raised towards the sink, or is about to be, and has
	// not been cleared towards it since.
	Told         bool
	Waiting      int   // events of the alarm that are not delivered yet
	WaitingSince int64 // when the oldest of them was queued
	// What would keep the next raise or repeat of the alarm back.
	Filtered      bool // the filter leaves it out
	HoldSilenced  bool // it is silenced, and the sink is one that heeds that
	HoldInhibited bool // it is inhibited, and the sink is one that heeds that

	Queued      int   // events of all alarms that wait
	QueuedSince int64 // when the oldest of them was queued

	// Away: the sink is taken to be away, and tried now and then.
	Away          bool
	NextTry       int64  // not before that time, while it is away
	LastError     string // of the last call that failed; "" for none since the start
	LastErrorAt   int64
	LastErrorOurs bool // it was about an event of this alarm
	// Refused: that call lost an event for good, since the sink refused it.
	Refused bool
}

// Status says what has become, and would become, of an alarm at this sink. Of
// e the ID, severity, priority, labels, Inhibited and Silenced count. It does
// not wait for a delivery.
func (o *Outbox) Status(e *alarm.Event) Status {
	h := o.health.now()
	s := Status{
		Sink: o.opts.Name, Filtered: !o.opts.Filter.Match(e),
		HoldSilenced: e.Silenced && o.opts.HoldSilenced, HoldInhibited: e.Inhibited && o.opts.HoldInhibited,
		Away: h.away, LastError: h.err, LastErrorAt: unix(h.at), LastErrorOurs: h.err != "" && h.id == e.ID, Refused: h.refused,
	}
	if h.away {
		s.NextTry = unix(h.next)
	}
	_, s.Told = o.journal.Value(journal.Told(o.opts.Name), e.ID.String())
	for _, entry := range o.journal.Pending(o.opts.Name, 0) {
		if s.Queued++; s.Queued == 1 {
			s.QueuedSince = unix(entry.Queued)
		}
		if entry.Event.ID != e.ID {
			continue
		}
		if s.Waiting++; s.Waiting == 1 {
			s.WaitingSince = unix(entry.Queued)
		}
	}
	return s
}

// Totals is what an Outbox knows of its sink alone. Times are Unix seconds, 0
// for never; counts are those since the start.
type Totals struct {
	Queued      int   // events that wait
	QueuedSince int64 // when the oldest of them was queued
	Away        bool  // the sink is taken to be away, and tried now and then
	NextTry     int64 // not before that time, while it is away
	LastError   string
	LastErrorAt int64
	Sent        uint64
	Dropped     uint64 // refused, too late, or no room
}

// Totals is cheap enough to ask at any time.
func (o *Outbox) Totals() Totals {
	h, stats := o.health.now(), o.journal.QueueStats(o.opts.Name)
	t := Totals{
		Queued: stats.Length, QueuedSince: unix(stats.Oldest), Away: h.away, LastError: h.err, LastErrorAt: unix(h.at),
		Sent: o.metrics.sent.Load(), Dropped: stats.Dropped + o.metrics.refused.Load() + o.metrics.deadline.Load(),
	}
	if h.away {
		t.NextTry = unix(h.next)
	}
	return t
}

// health is what the runner lets others know of its sink.
type health struct {
	// mu guards everything that follows.
	mu    sync.Mutex
	state healthState
}

type healthState struct {
	away    bool
	next    time.Time
	err     string
	id      alarm.ID // of the alarm that the error was about
	at      time.Time
	refused bool
}

func (h *health) now() healthState {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.state
}

// answers notes that the sink is there.
func (h *health) answers() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.state.away, h.state.next = false, time.Time{}
}

// failed notes why a call failed, of which alarm, and until when the sink is
// left alone: the zero time if it is not taken to be away.
func (h *health) failed(err error, id alarm.ID, next time.Time) {
	refused := (*alarm.Refused)(nil)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.state = healthState{away: !next.IsZero(), next: next, err: err.Error(), id: id, at: time.Now(), refused: errors.As(err, &refused)}
}

// unix is a time in Unix seconds, 0 for the zero time.
func unix(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}
