package xapi

import (
	"context"
	"log/slog"
	"time"

	"perfmon/alarm"
	"perfmon/xapi"
)

// Name is the sink's, in settings, metrics and the journal.
const Name = "xapi"

// Batch is how many events to hand over in one call: what a call that failed
// leaves in doubt has to be looked up, event by event.
const Batch = 1

// skew is by how much the clock of the host that keeps the messages may be
// behind this one's.
const skew = time.Hour

// Sink is the driver. Its methods are called one at a time.
type Sink struct {
	opts   Options
	log    *slog.Logger
	doubts doubts
}

// New makes a Sink; nothing is connected.
func New(o Options) (*Sink, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	return &Sink{opts: o, log: o.Logger}, nil
}

// Close ends nothing: the toolstack is the caller's.
func (s *Sink) Close(context.Context) error { return nil }

// Deliver creates messages. What is no ALARM counts as taken.
func (s *Sink) Deliver(ctx context.Context, events []*alarm.Event) (taken int, err error) {
	for _, e := range events {
		if e.IsALARM() {
			if _, err := s.opts.Toolstack.CreateMessage(ctx, s.message(e)); err != nil {
				return taken, s.doubts.judge(e, err)
			}
			s.doubts.passed(e)
		}
		taken++
	}
	return taken, nil
}

// Recover looks for an event's message.
func (s *Sink) Recover(ctx context.Context, e *alarm.Event, since time.Time) (delivered bool, err error) {
	if !e.IsALARM() {
		return false, nil
	}
	messages, err := s.opts.Toolstack.Messages(ctx, classes[e.Class], e.UUID, since.Add(-skew))
	if err != nil {
		return false, s.doubts.judge(e, err)
	}
	want := s.message(e)
	for _, m := range messages {
		if m.Name == want.Name && m.Body == want.Body {
			return true, nil
		}
	}
	return false, nil
}

// classes are the classes of objects in the toolstack's words. Readers
// compare them letter by letter.
var classes = map[string]string{"vm": "VM", "host": "Host", "sr": "SR"}

// message is an alarm in the toolstack's words.
func (s *Sink) message(e *alarm.Event) xapi.Message {
	class := classes[e.Class]
	if s.opts.Legacy && class == "Host" {
		class = "HOST"
	}
	return xapi.Message{Name: "ALARM", Priority: e.Priority, Class: class, UUID: e.UUID, Body: e.Body}
}
