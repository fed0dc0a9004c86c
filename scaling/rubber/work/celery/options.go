package celery

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"perfmon/scaling/rubber/work"
)

// Defaults of Options.
const (
	DefaultAnswer     = 5 * time.Second
	DefaultRefresh    = 30 * time.Second
	DefaultMaxWorkers = 20_000
)

// Options say where the broker is, and how much is remembered.
type Options struct {
	Broker work.Broker
	Log    *slog.Logger // nil: nothing is logged

	// EventExchange and PidboxExchange are Celery's settings event_exchange, and
	// control_exchange with ".pidbox" behind it; "" is celeryev and celery.pidbox.
	EventExchange, PidboxExchange string

	NoTaskEvents bool          // do not listen to events of tasks: task times come from heartbeats alone
	Answer       time.Duration // how long a worker may take to answer; 0 is DefaultAnswer
	Refresh      time.Duration // how often each is asked for its queues, slots and what it has fetched; 0 is DefaultRefresh
	MaxWorkers   int           // remembered at once, gone ones too; 0 is DefaultMaxWorkers
}

// String leaves the secrets out.
func (o Options) String() string { return o.Broker.String() }

// GoString leaves the secrets out, too.
func (o Options) GoString() string { return o.String() }

// LogValue leaves the secrets out of logs.
func (o Options) LogValue() slog.Value { return slog.StringValue(o.String()) }

func (o *Options) validate() error {
	if _, err := o.Broker.Addresses(); err != nil {
		return fmt.Errorf("broker: %w", err)
	}
	if o.Answer < 0 || o.Refresh < 0 || o.MaxWorkers < 0 {
		return errors.New("a negative limit")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.EventExchange == "" {
		o.EventExchange = "celeryev"
	}
	if o.PidboxExchange == "" {
		o.PidboxExchange = "celery.pidbox"
	}
	if len(o.EventExchange) > 255 || len(o.PidboxExchange) > 255 {
		return errors.New("the name of an exchange is longer than 255 bytes")
	}
	if o.Answer == 0 {
		o.Answer = DefaultAnswer
	}
	if o.Refresh == 0 {
		o.Refresh = DefaultRefresh
	}
	if o.MaxWorkers == 0 {
		o.MaxWorkers = DefaultMaxWorkers
	}
	return nil
}
