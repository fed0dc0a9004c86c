package xapi

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"perfmon/alarm"
	"perfmon/xapi"
)

// Name is the sink's, in settings, metrics and the journal.
const Name = "xapi"

// Batch is how many events to hand over in one call: what a call leaves in
// doubt has to be looked up, event by event, and of two events of one alarm
// with the same body nobody could tell after a change of epoch which was made.
const Batch = 1

// settleFor is how long a lookup waits after a call that it is to judge: the
// toolstack may still be working on it.
const settleFor = 2 * time.Second

// Sink is the driver. Its methods are called one at a time.
type Sink struct {
	opts       Options
	log        *slog.Logger
	summarised prometheus.Counter
	settleFor  time.Duration

	loaded   bool
	limit    limiter
	doubts   doubts
	callEnds time.Time // when the last call that failed ended, or one of an agent before this at the latest
	tidied   time.Time
}

// New makes a Sink; nothing is connected.
func New(o Options) (*Sink, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	s := &Sink{opts: o, log: o.Logger, settleFor: settleFor, callEnds: time.Now()}
	s.summarised = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "perfmon_sink_summarised_total", Help: "Alarms that got no message of their own because there were too many; a summary has their number.",
		ConstLabels: prometheus.Labels{"sink": Name},
	})
	if o.Registerer != nil {
		if err := o.Registerer.Register(s.summarised); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Close ends nothing: the toolstack is the caller's.
func (s *Sink) Close(context.Context) error { return nil }

// load reads what an agent before this one knew of the limit.
func (s *Sink) load() {
	if s.loaded {
		return
	}
	s.loaded = true
	b, _ := s.opts.Notes.Get(limitKey)
	var err error
	if s.limit, err = loadLimiter(b); err != nil {
		s.log.Error("what was kept of the limit of messages cannot be read: counting anew", "err", err)
	}
}

// Deliver makes of each event what becomes of it: a message, the end of some,
// or nothing.
func (s *Sink) Deliver(ctx context.Context, events []*alarm.Event) (taken int, err error) {
	s.load()
	for _, e := range events {
		if err := s.deliver(ctx, e); err != nil {
			return taken, err
		}
		taken++
	}
	return taken, nil
}

func (s *Sink) deliver(ctx context.Context, e *alarm.Event) error {
	n := s.note(e.ID)
	switch {
	case n.has(e):
		return nil
	case isALARM(e):
		return s.message(ctx, e, n, alarmMessage(e, s.opts.Legacy))
	case e.Kind == alarm.KindCleared && n.Alarmed:
		return s.end(ctx, e, n)
	case e.Kind == alarm.KindState && e.Severity == alarm.Critical:
		return s.adopt(ctx, e, n)
	}
	return nil
}

// isALARM says whether an ALARM is made of an event. Whether silences hold it
// back is the queue's business.
func isALARM(e *alarm.Event) bool {
	heard := *e
	heard.Silenced = false
	return heard.IsALARM()
}

// TakesAdopted makes the queue hand over the state of an alarm that another
// agent has announced.
func (s *Sink) TakesAdopted() {}

// adopt notes the messages that the agent of another host has made of an alarm
// that now is ours: those that name its variable and came since its first bad
// row.
func (s *Sink) adopt(ctx context.Context, e *alarm.Event, n *note) error {
	var refs []string
	if s.opts.Clear == ClearDestroy {
		found, err := s.opts.Toolstack.Messages(ctx, classes[e.Class], e.UUID, time.Unix(e.Since, 0).Add(-adoptSkew))
		switch {
		case isRefusal(err):
			return &alarm.Refused{Err: err}
		case err != nil:
			return err
		}
		for _, f := range found {
			if f.Name == nameAlarm && strings.Contains(f.Body, nameElement(e.Variable)) && !n.knows(f.Ref) {
				refs = append(refs, f.Ref)
			}
		}
	}
	for _, ref := range refs {
		n.add([]string{ref}, time.Now(), true)
	}
	n.Alarmed = true
	s.keep(e, n, nil)
	return nil
}

// adoptSkew is by how much the clock of the host that keeps the messages may
// be behind the one of the host that a VM came from.
const adoptSkew = 5 * time.Minute

// Recover looks for an event's message.
func (s *Sink) Recover(ctx context.Context, e *alarm.Event, since time.Time) (delivered bool, err error) {
	s.load()
	n := s.note(e.ID)
	if n.has(e) {
		return true, nil
	}
	var m xapi.Message
	switch {
	case isALARM(e):
		m = alarmMessage(e, false)
	case e.Kind != alarm.KindCleared || !n.Alarmed:
		return true, nil // there is nothing to do
	case s.opts.Clear == ClearMessage:
		m = clearedMessage(e)
	default:
		return false, nil // doing it again changes nothing
	}
	refs, err := s.findSettled(ctx, m, since)
	switch {
	case isRefusal(err) && e.Kind != alarm.KindCleared:
		return false, &alarm.Refused{Err: err}
	case isRefusal(err):
		return false, nil // Deliver knows what to do
	case err != nil:
		s.inDoubt(e)
		return false, err
	}
	refs = slices.DeleteFunc(refs, n.knows)
	if len(refs) == 0 {
		delete(s.limit.doubts, e.EventID())
		return false, nil
	}
	if len(refs) > 1 {
		s.log.Warn("an alarm has more messages than events: all but one are somebody else's, or came late", "id", e.EventID(), "messages", len(refs))
	}
	s.delivered(e, n, refs)
	return true, nil
}

// message makes a message of an event, or counts it as left out.
func (s *Sink) message(ctx context.Context, e *alarm.Event, n *note, m xapi.Message) error {
	id := e.EventID()
	if !s.limit.hasRoom(id, s.opts.MaxPerHour, time.Now()) {
		s.leaveOut(e, n)
		return nil
	}
	ref, err := s.create(ctx, id, m)
	if err != nil {
		return s.judge(e, err)
	}
	s.delivered(e, n, []string{ref})
	return nil
}

// delivered notes an event's message, the newest of refs. The others are known
// from now on, so that they are not taken for those of events to come.
func (s *Sink) delivered(e *alarm.Event, n *note, refs []string) {
	now := time.Now()
	if e.Kind == alarm.KindCleared {
		n.end()
	} else {
		n.add(refs, now, s.opts.Clear == ClearDestroy)
	}
	s.limit.made(e.EventID(), len(refs), s.opts.MaxPerHour, now)
	s.keep(e, n, map[string][]byte{limitKey: encode(&s.limit)})
}

// leaveOut counts an event that gets no message.
func (s *Sink) leaveOut(e *alarm.Event, n *note) {
	key := stormKeys + e.Class + "/" + e.UUID
	_, known := s.opts.Notes.Get(key)
	if s.limit.leaveOut(e, !known, s.opts.MaxPerHour, time.Now()) {
		s.log.Warn("too many alarms within an hour: until it is over, those that are too many get no message of their own", "limit", s.opts.MaxPerHour)
	}
	s.log.Debug("alarm gets no message", "id", e.EventID(), "kind", e.Kind)
	if e.Kind == alarm.KindCleared {
		n.end()
	} else {
		s.summarised.Inc()
	}
	s.keep(e, n, map[string][]byte{key: {}, limitKey: encode(&s.limit)})
}

// end does what is to be done when an alarm has ended that a message was made
// of.
func (s *Sink) end(ctx context.Context, e *alarm.Event, n *note) error {
	switch s.opts.Clear {
	case ClearMessage:
		err := s.message(ctx, e, n, clearedMessage(e))
		if xapi.IsCode(err, "UUID_INVALID") {
			break // where the object has gone there is nobody to tell
		}
		return err
	case ClearDestroy:
		for i := 0; i < len(n.Made); {
			if !n.Made[i].Fires {
				i++
				continue
			}
			if err := s.destroy(ctx, n.Made[i].Ref); err != nil {
				// The next try goes on from here.
				s.put(map[string][]byte{noteKey(e.ID): encode(n)})
				return s.doubts.judge(e.EventID(), err)
			}
			n.Made = slices.Delete(n.Made, i, i+1)
		}
	}
	n.end()
	s.keep(e, n, nil)
	return nil
}

// create makes a message. A failure leaves it in doubt.
func (s *Sink) create(ctx context.Context, id string, m xapi.Message) (ref string, err error) {
	ref, err = s.opts.Toolstack.CreateMessage(ctx, m)
	if err != nil {
		s.callEnds = time.Now()
		return "", err
	}
	s.doubts.passed(id)
	return ref, nil
}

// destroy makes a message go; one that has gone is as good.
func (s *Sink) destroy(ctx context.Context, ref string) error {
	err := s.opts.Toolstack.DestroyMessage(ctx, ref)
	if xapi.IsCode(err, "HANDLE_INVALID", "UUID_INVALID") {
		return nil
	}
	return err
}

// find returns the references, oldest first, of the messages that say the same
// as m and are not much older than since.
func (s *Sink) find(ctx context.Context, m xapi.Message, since time.Time) ([]string, error) {
	// A clock that was set back since must not hide them.
	if now := time.Now(); since.After(now) {
		since = now
	}
	found, err := s.opts.Toolstack.Messages(ctx, m.Class, m.UUID, since.Add(-skew))
	if err != nil {
		return nil, err
	}
	var refs []string
	for _, f := range found {
		if f.Name == m.Name && sameText(f.Body, m.Body) {
			refs = append(refs, f.Ref)
		}
	}
	return refs, nil
}

// findSettled is find once the toolstack has surely ended what we called last.
func (s *Sink) findSettled(ctx context.Context, m xapi.Message, since time.Time) ([]string, error) {
	if err := s.settle(ctx); err != nil {
		return nil, err
	}
	return s.find(ctx, m, since)
}

// settle waits until the toolstack has surely ended what we called last.
func (s *Sink) settle(ctx context.Context) error {
	t := time.NewTimer(time.Until(s.callEnds.Add(s.settleFor)))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// judge says what a failure means for an event, and for the limit.
func (s *Sink) judge(e *alarm.Event, err error) error {
	id := e.EventID()
	err = s.doubts.judge(id, err)
	if isRefused(err) {
		delete(s.limit.doubts, id)
	} else {
		s.inDoubt(e)
	}
	return err
}

// inDoubt counts an event that may have its message.
func (s *Sink) inDoubt(e *alarm.Event) {
	if s.opts.MaxPerHour > 0 {
		s.limit.doubts[e.EventID()] = time.Now()
	}
}
