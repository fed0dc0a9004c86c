package settings

import (
	"context"
	"fmt"
	"log/slog"

	"perfmon/alarm/outbox"
	"perfmon/alarm/sink/alertmanager"
	"perfmon/alarm/sink/amqp"
	"perfmon/alarm/sink/journald"
	"perfmon/alarm/sink/nats"
	"perfmon/alarm/sink/webhook"
)

// Driver is the driver of a sink. It may be more: an outbox.Announcer, or one
// of those that take heartbeats.
type Driver interface {
	outbox.Driver
	Close(ctx context.Context) error
}

// Open makes the driver, of any kind but xapi. Nothing is connected yet. The
// caller closes it when its outbox has ended.
func (s Sink) Open(log *slog.Logger) (Driver, error) {
	log = log.With("sink", s.Name)
	switch s.Kind {
	case kindAlertmanager:
		o := s.alertmanager
		o.Logger = log
		return opened(alertmanager.New(o))
	case kindWebhook:
		return opened(webhook.New(s.webhook))
	case kindNATS:
		o := s.nats
		o.Logger = log
		return opened(nats.New(o))
	case kindAMQP:
		return opened(amqp.New(s.amqp))
	case kindJournald:
		return opened(journald.New(journald.Options{}))
	}
	return nil, fmt.Errorf("sink %s: no driver of kind %q is made of settings alone", s.Name, s.Kind)
}

// Batch is how many events to hand to the driver in a call; 0 is as many as an
// outbox does. Of a webhook it is those of one request: what a call has taken
// is kept when it ends, and an agent that dies before that sends it again.
func (s Sink) Batch() int {
	switch {
	case s.Kind != kindWebhook:
		return 0
	case s.webhook.Batch:
		return s.webhook.MaxBatch
	}
	return 1
}

// opened keeps a driver that is nil from becoming a Driver that is not.
func opened[D Driver](d D, err error) (Driver, error) {
	if err != nil {
		return nil, err
	}
	return d, nil
}
