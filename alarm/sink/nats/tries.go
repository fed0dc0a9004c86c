package nats

import (
	"time"

	"perfmon/alarm"
)

// maxTries bounds the events whose fate is unknown. There is one at a time as
// a rule: nothing is sent after it until it is known.
const maxTries = 1024

// tries remembers when each event was first handed to a server that has not
// acknowledged it since.
type tries struct {
	started time.Time // events before that may have been tried by the agent before this one
	first   map[string]time.Time
}

// waited says for how long the event may have been in the stream at most. An
// event that nobody has tried has waited for nothing. What an agent before
// this one tried is not known; it was not earlier than the row's time.
func (t *tries) waited(e *alarm.Event, id string, now time.Time) time.Duration {
	if first, tried := t.first[id]; tried {
		return now.Sub(first)
	}
	if row := time.Unix(e.Time, 0); row.Before(t.started) {
		return now.Sub(row)
	}
	return 0
}

// note remembers a try. If there are too many, the oldest is forgotten.
func (t *tries) note(id string, now time.Time) {
	if _, tried := t.first[id]; tried {
		return
	}
	if len(t.first) >= maxTries {
		oldest := ""
		for other, first := range t.first {
			if oldest == "" || first.Before(t.first[oldest]) {
				oldest = other
			}
		}
		delete(t.first, oldest)
	}
	t.first[id] = now
}

// settle forgets an event whose fate is known.
func (t *tries) settle(id string) { delete(t.first, id) }
