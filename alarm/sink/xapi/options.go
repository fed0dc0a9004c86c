package xapi

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"perfmon/xapi"
)

// Toolstack keeps messages; *xapi.Client is one.
type Toolstack interface {
	// CreateMessage does not look for repeats: a call that failed may have
	// created its message.
	CreateMessage(ctx context.Context, m xapi.Message) (ref string, err error)
	// Messages are those of one object that are newer than since by the
	// toolstack's clock, oldest first.
	Messages(ctx context.Context, class, uuid string, since time.Time) ([]xapi.MessageRecord, error)
	DestroyMessage(ctx context.Context, ref string) error
}

// Notes keep what has to be known after a restart, under keys that this
// package chooses; *journal.Notes is one.
type Notes interface {
	Get(key string) (value []byte, ok bool)
	All() iter.Seq2[string, []byte]
	// Put writes all changes or none, and returns when they are safe. A nil
	// value forgets one.
	Put(changes map[string][]byte) error
}

// Clear says what becomes of the end of an alarm.
type Clear string

// The ways to tell of an end.
const (
	ClearNone    Clear = "none"    // nothing
	ClearMessage Clear = "message" // a message PERFMON_ALARM_CLEARED of priority 5
	ClearDestroy Clear = "destroy" // the messages ALARM that this sink made for the alarm are destroyed
)

// DefaultMaxPerHour is for settings that say nothing.
const DefaultMaxPerHour = 120

// Options of a Sink. Toolstack, Notes and Logger are needed.
type Options struct {
	Toolstack Toolstack
	Notes     Notes
	Logger    *slog.Logger

	Legacy     bool                  // an ALARM of the host has the class HOST, as in 2012
	Clear      Clear                 // "": ClearNone
	MaxPerHour int                   // messages in any hour; what is over becomes one that sums it up. 0: no limit
	Registerer prometheus.Registerer // nil: metrics are not registered
}

func (o *Options) validate() error {
	if o.Toolstack == nil || o.Notes == nil || o.Logger == nil {
		return errors.New("xapi sink: Toolstack, Notes and Logger are needed")
	}
	switch o.Clear {
	case "":
		o.Clear = ClearNone
	case ClearNone, ClearMessage, ClearDestroy:
	default:
		return fmt.Errorf("xapi sink: clear %q: it is one of none, message, destroy", o.Clear)
	}
	if o.MaxPerHour < 0 {
		return fmt.Errorf("xapi sink: %d messages an hour: use 0 for no limit", o.MaxPerHour)
	}
	return nil
}
