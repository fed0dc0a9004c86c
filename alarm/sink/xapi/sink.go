// Package xapi hands alarms to the toolstack: each becomes a message named
// ALARM on its object, which XenCenter, Xen Orchestra and mail-alarm read.
package xapi

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"perfmon/alarm"
	"perfmon/xapi"
)

// Creator makes messages; *xapi.Client is one.
type Creator interface {
	CreateMessage(ctx context.Context, m xapi.Message) (ref string, err error)
}

// Limits of a Sink.
const (
	DefaultQueue    = 1000           // alarms that wait
	DefaultDeadline = 24 * time.Hour // after which a waiting alarm is dropped
	callTimeout     = 10 * time.Second
	flushTimeout    = 2 * time.Second // at the end
	firstBackoff    = time.Second
	lastBackoff     = 5 * time.Minute
	internalTries   = 3
)

// Options of a Sink. Creator and Logger are needed.
type Options struct {
	Creator    Creator
	Logger     *slog.Logger
	Legacy     bool                  // class HOST, as in 2012
	Queue      int                   // alarms that wait at most; 0: DefaultQueue
	Deadline   time.Duration         // 0: DefaultDeadline
	Registerer prometheus.Registerer // nil: metrics are not registered
	Rand       func() float64        // [0,1), for the backoff; nil: none
}

// Sink creates messages one after the other. What the toolstack refuses for
// good is dropped with a log line; what fails otherwise waits and is tried
// again, while the others go on.
type Sink struct {
	opts    Options
	log     *slog.Logger
	metrics *metrics
	wake    chan struct{}

	mu    sync.Mutex
	queue []*entry // in the order of their turns

	created int // messages created so far; Run's goroutine only
}

// entry is an alarm that waits.
type entry struct {
	alarm    *alarm.Event
	since    time.Time // when it was handed over
	due      time.Time // not tried before
	trying   bool      // its message is being created
	failures int
	internal int // INTERNAL_ERROR answers, and
	mark     int // messages that had been created at the first of them
}

// New makes a Sink; Run does the work.
func New(o Options) *Sink {
	if o.Queue == 0 {
		o.Queue = DefaultQueue
	}
	if o.Deadline == 0 {
		o.Deadline = DefaultDeadline
	}
	if o.Rand == nil {
		o.Rand = func() float64 { return 1 }
	}
	s := &Sink{opts: o, log: o.Logger, wake: make(chan struct{}, 1)}
	s.metrics = newMetrics(o.Registerer, s.waiting)
	return s
}

// Send queues an alarm. It never blocks: from a full queue the oldest
// repeated alarm goes, or else the oldest.
func (s *Sink) Send(a *alarm.Event) {
	s.mu.Lock()
	if len(s.queue) >= s.opts.Queue {
		s.makeRoom()
	}
	now := time.Now()
	s.queue = append(s.queue, &entry{alarm: a, since: now, due: now})
	s.mu.Unlock()
	s.nudge()
}

// makeRoom drops one alarm, but not the one whose message is being created:
// nobody could tell what became of it.
func (s *Sink) makeRoom() {
	i := slices.IndexFunc(s.queue, func(e *entry) bool { return !e.trying && e.alarm.Kind == alarm.KindRepeated })
	if i < 0 {
		i = slices.IndexFunc(s.queue, func(e *entry) bool { return !e.trying })
	}
	if i < 0 {
		return
	}
	lost := s.queue[i]
	s.queue = slices.Delete(s.queue, i, i+1)
	s.drop(lost, "queue full", nil)
}

func (s *Sink) nudge() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// waiting is the length of the queue and since when its oldest waits.
func (s *Sink) waiting() (n int, oldest time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.queue {
		if oldest.IsZero() || e.since.Before(oldest) {
			oldest = e.since
		}
	}
	return len(s.queue), oldest
}

// Run creates messages until ctx ends, and then for a moment longer what is
// due at once. A call that is under way when ctx ends is not cut short, since
// nobody could tell then whether it created its message.
func (s *Sink) Run(ctx context.Context) {
	sending, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(flushTimeout, cancel) })
	defer stop()
	for sending.Err() == nil {
		e, wait := s.next(time.Now())
		if e != nil {
			s.try(sending, e)
			continue
		}
		if ctx.Err() != nil {
			break
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-s.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
	if n, _ := s.waiting(); n > 0 {
		s.log.Error("alarms were not delivered before the end", "alarms", n)
	}
}

// next returns the first alarm that is due, marked as being tried, or how
// long there is none.
func (s *Sink) next(now time.Time) (*entry, time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	wait := time.Hour
	for _, e := range s.queue {
		if !e.due.After(now) {
			e.trying = true
			return e, 0
		}
		wait = min(wait, e.due.Sub(now))
	}
	return nil, wait
}

// try creates one message and decides what becomes of its entry.
func (s *Sink) try(ctx context.Context, e *entry) {
	bounded, cancel := context.WithTimeout(ctx, callTimeout)
	ref, err := s.opts.Creator.CreateMessage(bounded, s.message(e.alarm))
	cancel()
	if err == nil {
		s.created++
		s.remove(e)
		s.metrics.results.WithLabelValues("sent").Inc()
		s.log.Debug("message created", "class", e.alarm.Class, "uuid", e.alarm.UUID, "variable", e.alarm.Variable, "ref", ref)
		return
	}
	if ctx.Err() != nil {
		return // the end: it stays queued
	}
	switch s.judge(e, err) {
	case refused:
		s.remove(e)
		s.drop(e, "refused", err)
	case late:
		s.remove(e)
		s.drop(e, "deadline", err)
	case again:
		s.postpone(e, err)
	}
}

type verdict int

const (
	again   verdict = iota // keep it, try later
	refused                // the toolstack will never take it
	late                   // it has waited too long
)

// judge says what a failure means for an alarm.
func (s *Sink) judge(e *entry, err error) verdict {
	switch {
	case xapi.IsCode(err, refusals...), errors.Is(err, xapi.ErrInvalidArgument):
		return refused
	case xapi.IsCode(err, "INTERNAL_ERROR"):
		// The toolstack says this both for what it cannot read and for its
		// own troubles; another message that passes tells them apart.
		if e.internal == 0 {
			e.mark = s.created
		}
		e.internal++
		if e.internal >= internalTries && s.created > e.mark {
			return refused
		}
	}
	if time.Since(e.since) >= s.opts.Deadline {
		return late
	}
	return again
}

// refusals are the failures that are about this one alarm: its object has
// gone, or an argument is none.
var refusals = []string{
	"UUID_INVALID", "HANDLE_INVALID", "INVALID_VALUE", "FIELD_TYPE_ERROR", "VALUE_NOT_SUPPORTED",
	"MESSAGE_METHOD_UNKNOWN", "MESSAGE_PARAMETER_COUNT_MISMATCH",
}

func (s *Sink) remove(e *entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.Index(s.queue, e); i >= 0 {
		s.queue = slices.Delete(s.queue, i, i+1)
	}
}

// postpone puts an entry behind the others, to be tried again later.
func (s *Sink) postpone(e *entry, err error) {
	s.mu.Lock()
	e.trying = false
	e.failures++
	backoff := min(lastBackoff, firstBackoff<<min(e.failures-1, 20))
	e.due = time.Now().Add(time.Duration(float64(backoff) * (0.5 + 0.5*s.opts.Rand())))
	if i := slices.Index(s.queue, e); i >= 0 {
		s.queue = append(slices.Delete(s.queue, i, i+1), e)
	}
	s.mu.Unlock()
	s.metrics.results.WithLabelValues("retried").Inc()
	level := slog.LevelDebug
	if e.failures == 1 {
		level = slog.LevelWarn
	}
	s.log.Log(context.Background(), level, "message not created: kept for another try", "class", e.alarm.Class, "uuid", e.alarm.UUID,
		"variable", e.alarm.Variable, "err", err, "tries", e.failures)
}

func (s *Sink) drop(e *entry, reason string, err error) {
	s.metrics.results.WithLabelValues("dropped").Inc()
	s.log.Error("alarm dropped: "+reason, "class", e.alarm.Class, "uuid", e.alarm.UUID, "variable", e.alarm.Variable, "err", err)
}

// message is an alarm in the toolstack's words. Readers compare the class
// letter by letter.
func (s *Sink) message(a *alarm.Event) xapi.Message {
	class := map[string]string{"vm": "VM", "host": "Host", "sr": "SR"}[a.Class]
	if s.opts.Legacy && class == "Host" {
		class = "HOST"
	}
	return xapi.Message{Name: "ALARM", Priority: a.Priority, Class: class, UUID: a.UUID, Body: a.Body}
}
