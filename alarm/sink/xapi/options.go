package xapi

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"perfmon/xapi"
)

// Toolstack keeps messages; *xapi.Client is one.
type Toolstack interface {
	// CreateMessage does not look for repeats: a call that failed may have
	// created its message.
	CreateMessage(ctx context.Context, m xapi.Message) (ref string, err error)
	// Messages are those of one object that are newer than since, by the
	// toolstack's clock.
	Messages(ctx context.Context, class, uuid string, since time.Time) ([]xapi.MessageRecord, error)
	DestroyMessage(ctx context.Context, ref string) error
}

// Options of a Sink. Toolstack and Logger are needed.
type Options struct {
	Toolstack Toolstack
	Logger    *slog.Logger
	Legacy    bool // an ALARM of the host has the class HOST, as in 2012
}

func (o *Options) check() error {
	if o.Toolstack == nil || o.Logger == nil {
		return errors.New("xapi sink: Toolstack and Logger are needed")
	}
	return nil
}
