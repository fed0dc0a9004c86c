package alertmanager

import (
	"time"

	"perfmon/alarm"
)

// step brings an event into what is known of its alarm, and returns the
// alerts that tell of it: none if something newer was told already.
func (s *Sink) step(e *alarm.Event, now time.Time) []alert {
	l := s.lives[e.ID]
	if l.newer(e) {
		return nil
	}
	if !alive(e) {
		return s.end(e, l, now)
	}
	if l == nil || l.over {
		was := l
		l = begin(e, now)
		if was != nil && was.key != l.key {
			s.supersede(was, now)
		}
	} else if fresh := begin(e, now); changed(l.labels, fresh.labels) {
		s.supersede(l, now)
		l = fresh
	}
	l.epoch, l.sequence = e.Epoch, e.Sequence
	l.ends = now.Add(s.ttl(e))
	s.lives[e.ID] = l
	return []alert{s.alert(e, l.labels, l.starts, l.ends)}
}

// pass takes note of an event that a later one in the same request overtakes.
func (s *Sink) pass(e *alarm.Event) {
	if l := s.lives[e.ID]; l != nil && !l.newer(e) && !alive(e) {
		l.over = true
	}
}

// newer says whether something newer than e was told. Numbers of different
// journals do not compare.
func (l *life) newer(e *alarm.Event) bool {
	return l != nil && l.epoch == e.Epoch && l.sequence > e.Sequence
}

// begin is the life of an alarm's alert from an event on.
func begin(e *alarm.Event, now time.Time) *life {
	l := &life{labels: labels(e), starts: startOf(e, now)}
	l.key = key(l.labels)
	return l
}

// changed says whether an alert has to get other labels. A name or a label of
// the alarm's own that changes has to wait for the next alert.
func changed(a, b map[string]string) bool {
	return a["severity"] != b["severity"] || a["state"] != b["state"]
}

// end returns the alerts that end an alarm's.
func (s *Sink) end(e *alarm.Event, l *life, now time.Time) []alert {
	if l == nil && e.Severity == "" {
		// The alert was begun before this process, with a severity that the
		// event does not have any more.
		var ended []alert
		for _, severity := range severities {
			was := *e
			was.Severity = severity
			ended = append(ended, s.end(&was, nil, now)...)
		}
		return ended
	}
	if l == nil {
		l = begin(e, now)
	}
	l.over = true
	l.epoch, l.sequence = e.Epoch, e.Sequence
	l.ends = now.Add(s.ttl(e))
	s.lives[e.ID] = l
	// The row's time rather than now: an Alertmanager whose clock is behind
	// takes an end in its future for no end.
	ends := time.Unix(e.Time, 0)
	if ends.After(now) {
		ends = now
	}
	if ends.Before(l.starts) {
		ends = l.starts
	}
	return []alert{s.alert(e, l.labels, l.starts, ends)}
}

// supersede ends an alert whose alarm goes on under other labels. It is
// owed to each peer that may know it.
func (s *Sink) supersede(l *life, now time.Time) {
	for _, p := range s.peers {
		if t := p.told[l.key]; t != nil && !t.over {
			t.over = true
			t.alert.EndsAt = now.UTC()
		}
	}
}

func (s *Sink) alert(e *alarm.Event, labels map[string]string, starts, ends time.Time) alert {
	return alert{
		Labels: labels, Annotations: annotations(e),
		StartsAt: starts.UTC(), EndsAt: ends.UTC(), GeneratorURL: s.opts.GeneratorURL,
	}
}

// startOf is when what the event tells of began, and never in the future,
// where an alert would be over before it begins.
func startOf(e *alarm.Event, now time.Time) time.Time {
	t := e.Since
	if t == 0 {
		t = e.Time
	}
	if at := time.Unix(t, 0); at.Before(now) {
		return at
	}
	return now
}

func (s *Sink) ttl(e *alarm.Event) time.Duration {
	if e.TTL > 0 {
		return time.Duration(e.TTL) * time.Second
	}
	return s.opts.TTL
}
