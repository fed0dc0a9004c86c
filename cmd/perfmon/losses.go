package main

import (
	"log/slog"
	"strings"
	"time"

	"perfmon/alarm"
	"perfmon/alarm/journal"
)

const (
	// lossEvery is how long a sink that goes on losing events is not told of
	// again. Its first loss is told at once.
	lossEvery = 10 * time.Minute
	// maxNamed is how many alarms a line names.
	maxNamed = 10
)

// losses are the events that found no room in a queue, until the log has them:
// a storm, or a queue that stays full, is a line now and then, with the number
// of those since the last.
type losses struct {
	order []lossPlace
	of    map[lossPlace]*loss
}

// lossPlace is where an event is lost, and why.
type lossPlace struct{ sink, reason string }

// loss is what was not told yet of a place.
type loss struct {
	told                    time.Time
	events, repeated, stale int
	last                    []string // what is wrong at the sink now; the first ones
	lasts                   int
}

func (l *losses) add(dropped []journal.Dropped) {
	for _, d := range dropped {
		p := lossPlace{d.Sink, d.Reason}
		one := l.of[p]
		if one == nil {
			if l.of == nil {
				l.of = make(map[lossPlace]*loss)
			}
			one = &loss{}
			l.of[p] = one
			l.order = append(l.order, p)
		}
		one.events++
		switch {
		case d.Event.Kind == alarm.KindRepeated:
			one.repeated++
		case !d.Last:
			one.stale++
		default:
			if one.lasts++; len(one.last) < maxNamed {
				one.last = append(one.last, d.Event.ID.String()+" "+string(d.Event.Kind))
			}
		}
	}
}

// tell logs what is due.
func (l *losses) tell(log *slog.Logger, now time.Time) {
	for _, p := range l.order {
		if one := l.of[p]; one.events > 0 && (one.told.IsZero() || now.Sub(one.told) >= lossEvery) {
			one.log(log, p)
			*one = loss{told: now}
		}
	}
}

// rest logs all that is left.
func (l *losses) rest(log *slog.Logger) {
	for _, p := range l.order {
		if one := l.of[p]; one.events > 0 {
			one.log(log, p)
			*one = loss{}
		}
	}
}

// log tells of what was lost. Repeats, and what something newer of the alarm
// has overtaken, are only counted.
func (l *loss) log(log *slog.Logger, p lossPlace) {
	args := []any{"sink", p.sink, "why", p.reason, "events", l.events, "repeated", l.repeated, "overtaken", l.stale, "last", l.lasts}
	if l.lasts > 0 {
		args = append(args, "alarms", strings.Join(l.last, ", "))
	}
	log.Error("events dropped: no room in the queue of their sink", args...)
}
