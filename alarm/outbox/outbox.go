package outbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"regexp"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"perfmon/alarm"
	"perfmon/alarm/journal"
)

// Driver is a destination of events. Whoever made it ends its connections,
// after Run has returned.
type Driver interface {
	// Deliver hands events over, oldest first, and returns how many the
	// destination has taken for good. The error is about the next one: an
	// *alarm.Refused drops it, any other is worth another try. ctx bounds
	// the call, which has to end soon after it. There is one call at a time.
	Deliver(ctx context.Context, events []*alarm.Event) (taken int, err error)
}

// Recoverer is a Driver whose destination does not know repeats by their id.
// What may have been sent, by a call that failed or by an agent that is no
// more, is looked up before it is sent again.
type Recoverer interface {
	Driver
	// Recover reports whether the destination has the event, which was
	// handed to Deliver for the first time at since or later, by this host's
	// wall clock. It is called like Deliver, and never at the same time. Of
	// each alarm the events are asked about, and delivered, in their order.
	Recover(ctx context.Context, e *alarm.Event, since time.Time) (delivered bool, err error)
}

// Announcer is a Driver that also hands on announcements, which nobody
// promises to deliver.
type Announcer interface {
	Driver
	// Announce is called like Deliver, and never at the same time.
	Announce(ctx context.Context, events []*alarm.Event) error
}

// Tender is a Driver that has something to do now and then although no event
// waits.
type Tender interface {
	Driver
	// Tend does what is due, and returns how long nothing will be. It is
	// called like Deliver, and never at the same time: at the start, when
	// that time has passed, and after each delivery. An error is worth
	// another try.
	Tend(ctx context.Context) (wait time.Duration, err error)
}

// Defaults of Options, and times that nobody has to set.
const (
	DefaultDeadline = 24 * time.Hour
	DefaultBatch    = 50
	DefaultTimeout  = 10 * time.Second

	stopTimeout = 2 * time.Second // for what is due when Run is to end
)

// Options of an Outbox. Name, Driver, Journal and Logger are needed.
type Options struct {
	Name    string // of the sink, in lower case letters, digits, "-" and "_"
	Driver  Driver
	Journal *journal.Journal
	Logger  *slog.Logger

	Filter        *Filter // nil: all events
	HoldSilenced  bool    // keep back what a silence or maintenance mutes
	HoldInhibited bool    // keep back what the inhibit period mutes

	Deadline   time.Duration         // after which an event is dropped that still waits; 0: DefaultDeadline
	Limit      int                   // of the queue; 0: journal.DefaultQueueLimit
	Batch      int                   // events in a call; 0: DefaultBatch
	Timeout    time.Duration         // of a call; 0: DefaultTimeout
	Registerer prometheus.Registerer // nil: metrics are not registered
	Rand       func() float64        // [0,1), for the waits; nil: math/rand
}

// Outbox is the queue of one sink. Its methods may be called by several
// goroutines at once.
type Outbox struct {
	opts    Options
	log     *slog.Logger
	journal *journal.Journal
	metrics *metrics
	wake    chan struct{}
	news    *announcements // nil if the driver takes none
	health  health         // for Status
}

var validName = regexp.MustCompile(`^[a-z0-9_-]{1,64}$`)

// New makes an Outbox; Run does the work.
func New(o Options) (*Outbox, error) {
	switch {
	case !validName.MatchString(o.Name):
		return nil, fmt.Errorf("outbox: name %q: use up to 64 lower case letters, digits, - and _", o.Name)
	case o.Driver == nil || o.Journal == nil || o.Logger == nil:
		return nil, fmt.Errorf("outbox %s: Driver, Journal and Logger are needed", o.Name)
	case o.Deadline < 0 || o.Limit < 0 || o.Batch < 0 || o.Timeout < 0:
		return nil, fmt.Errorf("outbox %s: a deadline, limit, batch or timeout is negative", o.Name)
	}
	o.Deadline = cmp.Or(o.Deadline, DefaultDeadline)
	o.Batch = cmp.Or(o.Batch, DefaultBatch)
	o.Timeout = cmp.Or(o.Timeout, DefaultTimeout)
	if o.Rand == nil {
		o.Rand = rand.Float64
	}
	b := &Outbox{opts: o, log: o.Logger.With("sink", o.Name), journal: o.Journal, wake: make(chan struct{}, 1)}
	if _, ok := o.Driver.(Announcer); ok {
		b.news = newAnnouncements()
	}
	var err error
	if b.metrics, err = newMetrics(b); err != nil {
		return nil, fmt.Errorf("outbox %s: %w", o.Name, err)
	}
	o.Journal.SetQueueLimit(o.Name, o.Limit)
	return b, nil
}

// Add queues a transition with the batch, if it is for this sink, and reports
// whether it is. Call Nudge when the batch is committed.
//
// An event that the filter or a hold keeps back is gone: when a silence ends,
// what still fires is raised by whoever ended it. What was raised towards a
// sink is also cleared towards it, whatever filter and holds say about the
// clear; and what never was raised is not cleared.
func (o *Outbox) Add(b *journal.Batch, e *alarm.Event) bool {
	space, key := journal.Told(o.opts.Name), e.ID.String()
	_, told := o.journal.ValueAfter(b, space, key)
	switch e.Kind {
	case alarm.KindRaised, alarm.KindRepeated, alarm.KindNoData:
		if !o.opts.Filter.Match(e) || e.Silenced && o.opts.HoldSilenced || e.Inhibited && o.opts.HoldInhibited {
			return false
		}
		if !told {
			b.Set(space, key, nil)
		}
	case alarm.KindCleared:
		if !told {
			return false
		}
		b.Delete(space, key)
	default:
		return false
	}
	b.Append(o.opts.Name, e)
	return true
}

// Nudge says that there may be something to deliver. It never blocks.
func (o *Outbox) Nudge() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// Run delivers until ctx ends, and then for two seconds at most what is due
// at once; a call that is under way gets the same time. What is left stays in
// the journal for the next start. Only one Run may be called.
func (o *Outbox) Run(ctx context.Context) {
	sending, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(stopTimeout, cancel) })
	defer stop()
	r := newRunner(o)
	for sending.Err() == nil {
		wait, err := r.turn(sending)
		if err != nil {
			o.log.Error("deliveries end: the journal takes nothing any more", "err", err)
			return
		}
		if wait == 0 {
			continue
		}
		if ctx.Err() != nil {
			break
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-o.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
	if n := o.journal.QueueStats(o.opts.Name).Length; n > 0 {
		o.log.Warn("events wait for the next start", "events", n)
	}
}

// errTookNothing is a driver that neither takes an event nor says why.
var errTookNothing = errors.New("the driver took nothing and gave no reason")
