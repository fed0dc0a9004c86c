package main

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"perfmon/alarm/shadow"
	"perfmon/xapi"
)

const (
	inboxHistory = 2 * time.Hour   // before the beginning, of which messages are asked for
	inboxOverlap = 5 * time.Minute // of which messages are asked for again
	inboxSkew    = 60              // by how much the coordinator's clock may differ unnoticed, seconds
)

// inbox reads the pool's messages as they come. What it asks for follows the
// coordinator's clock, which stamps them.
type inbox struct {
	get func(ctx context.Context, since time.Time) ([]xapi.MessageRecord, error)
	log *slog.Logger

	since  time.Time       // zero before the first answer
	known  map[string]bool // messages of the last answer; nil before one
	looked int64           // when that was asked for, Unix seconds
	ahead  int64           // by how much the coordinator's clock is, seconds

	messages []shadow.Message // alarms of the last answer, by the clock of this host
	until    int64            // all messages up to then have been in an answer
	trouble  string           // as logged; "" for none
}

func newInbox(get func(context.Context, time.Time) ([]xapi.MessageRecord, error), log *slog.Logger) *inbox {
	return &inbox{get: get, log: log}
}

// read asks once, and reports whether there was an answer. The first one goes
// back to before the beginning, for what the stock daemon said last.
func (i *inbox) read(ctx context.Context, began time.Time, now int64) bool {
	since := i.since
	if since.IsZero() {
		since = began.Add(-inboxHistory)
	}
	records, err := i.get(ctx, since)
	if err != nil {
		i.failed(ctx, err, now)
		return false
	}
	if i.trouble != "" {
		i.trouble = ""
		i.log.Info("shadow: messages are read again")
	}
	i.measure(records, now)
	i.known = make(map[string]bool, len(records))
	i.messages = i.messages[:0]
	newest := since.Add(inboxOverlap)
	for _, r := range records {
		i.known[r.Ref] = true
		if r.Time.After(newest) {
			newest = r.Time
		}
		if m, ok := i.alarmOf(r); ok {
			i.messages = append(i.messages, m)
		}
	}
	if latest := time.Unix(now+i.ahead, 0); newest.After(latest) {
		newest = latest // a clock that was ahead will give lower times
	}
	i.since, i.looked, i.until = newest.Add(-inboxOverlap), now, now
	return true
}

// failed tells of each kind of trouble once. More messages than may be read
// are passed over: asking for the same ones again would bring even more.
func (i *inbox) failed(ctx context.Context, err error, now int64) {
	if errors.Is(err, xapi.ErrTooLarge) {
		i.since = time.Unix(now+i.ahead, 0).Add(-inboxOverlap)
		i.log.Error("shadow: there were too many messages to be read; an alarm of this time that is only here may not be", "err", err)
		return
	}
	if kind := xapi.Kind(err); kind != i.trouble && ctx.Err() == nil {
		i.trouble = kind
		i.log.Warn("shadow: messages are not read: tried again every minute", "err", err)
	}
}

// alarmOf is a message as the comparison wants it.
func (i *inbox) alarmOf(r xapi.MessageRecord) (shadow.Message, bool) {
	class := strings.ToLower(r.Class)
	if r.Name != "ALARM" || class != "vm" && class != "host" && class != "sr" {
		return shadow.Message{}, false
	}
	return shadow.Message{Ref: r.Ref, Object: shadow.Object{Class: class, UUID: r.UUID}, Time: r.Time.Unix() - i.ahead, Body: r.Body}, true
}

// measure looks at the clock of the coordinator: what was not there the last
// time has been made since.
func (i *inbox) measure(records []xapi.MessageRecord, now int64) {
	if i.known == nil {
		return
	}
	var stamp int64
	for _, r := range records { // oldest first
		if !i.known[r.Ref] {
			stamp = r.Time.Unix()
		}
	}
	if stamp == 0 {
		return
	}
	ahead := int64(0)
	if stamp < i.looked-inboxSkew || stamp > now+inboxSkew {
		ahead = stamp - (i.looked+now)/2
	}
	if d := ahead - i.ahead; d > inboxSkew || d < -inboxSkew {
		i.log.Warn("shadow: the coordinator's clock differs from this host's; the times of messages are moved by that", "ahead_s", ahead)
		i.ahead = ahead
	}
}
