package httpjson

import (
	"slices"
	"time"

	"perfmon/scaling/rubber/work"
	"perfmon/scaling/rubber/work/internal/roster"
)

// forgetAfter is how long a worker that is gone is remembered.
const forgetAfter = 10 * time.Minute

// state is one name.
type state struct {
	work.Worker
	process int
	life    int // of a process that is not what it was: see note
	begun   *int64
	at      time.Time // of the last list that it was in
	heard   time.Time // by the server, then or before
	listed  bool      // in the last list
	left    []string  // queues that it was told to leave, and has
	leftAt  time.Time // the last of them
	ended   bool      // it was told to end
}

// table is all workers that are known. It is a pure state: time is told.
//
// Who is not in a list has gone only if the list is complete, and not at once:
// a server that was started anew may not have heard everyone yet, and does not
// say so. Time in which we had no answers does not count.
type table struct {
	max     int
	workers map[string]*state
	times   taskTimes
	since   time.Time // good answers without a gap; zero: the last was none
	whole   bool      // the last list had everybody who is known to live, and all of it made sense

	crowded  int64 // entries of workers that there was no room for
	returned int64 // workers that were taken for gone and were heard again
}

func newTable(max int) *table { return &table{max: max, workers: map[string]*state{}} }

// Failed notes a question without a good answer: who lives is not known any
// more.
func (t *table) Failed() { t.since, t.whole = time.Time{}, false }

// List takes in a list that was asked for at an instant and has come now.
func (t *table) List(asked, now time.Time, l listing) {
	if t.since.IsZero() {
		t.since = now
	}
	for _, s := range t.workers {
		s.listed = false
	}
	t.whole = l.complete && l.bad == 0
	for _, same := range byName(l.workers) {
		s := t.workers[same[0].name]
		if s == nil {
			if s = t.admit(same[0].name); s == nil {
				t.crowded++
				t.whole = false
				continue
			}
		}
		t.note(asked, now, s, merge(same, s.process, l.silence), l.silence)
	}
	for name, s := range t.workers {
		switch {
		case s.Gone && now.Sub(s.LastSeen) > forgetAfter:
			delete(t.workers, name)
		case s.Gone || s.listed:
		case !l.complete || l.bad > 0:
			// It may be one of those that are missing.
		case s.ended || now.Sub(later(s.LastSeen, t.since)) > l.silence:
			s.Gone = true
		default:
			t.whole = false
		}
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// merged is what a list says of one name.
type merged struct {
	entry
	twins bool // two processes that live have it
}

// byName puts the entries of each name together, whoever was heard last first.
func byName(list []entry) map[string][]entry {
	names := make(map[string][]entry, len(list))
	for _, e := range list {
		names[e.name] = append(names[e.name], e)
	}
	for _, same := range names {
		slices.SortStableFunc(same, func(a, b entry) int { return int(min(max(a.seen-b.seen, -1), 1)) })
	}
	return names
}

// merge makes one of the entries of a name, that of the process it had if that
// lives. Two that live are busy with what both have, and it is unknown when
// one does not say.
func merge(same []entry, process int, silence time.Duration) merged {
	living := slices.DeleteFunc(slices.Clone(same[1:]), func(e entry) bool { return e.seen > silence })
	m := merged{entry: same[0], twins: len(living) > 0}
	for _, other := range living {
		m.active, m.reserved = sum(m.active, other.active), sum(m.reserved, other.reserved)
		for _, q := range other.queues {
			if !slices.Contains(m.queues, q) {
				m.queues = append(slices.Clone(m.queues), q)
			}
		}
		if other.process == process {
			m.process, m.slots, m.begun = process, other.slots, other.begun
		}
	}
	return m
}

func sum(a, b *int) *int {
	if a == nil || b == nil {
		return nil
	}
	n := *a + *b
	return &n
}

// maxLife is where lives of one process are counted from 0 again.
const maxLife = 1023

// note takes over what a list says of one name.
//
// A worker that listens again to a queue that it had left was started anew, or
// its server was, which has forgotten what it was told. Nothing that was true of
// it is sure to be true now, so it becomes another process; also when it has
// begun fewer tasks than before.
func (t *table) note(asked, now time.Time, s *state, e merged, silence time.Duration) {
	seen := now.Add(-e.seen)
	fresh := s.FirstSeen.IsZero()
	switch {
	case fresh || e.process != s.process:
		s.begin(e.process, 0, seen)
		fresh = true
	case !e.twins && !s.Twins && (fell(s.begun, e.begun) || slices.ContainsFunc(s.left, func(q string) bool { return slices.Contains(e.queues, q) })):
		s.begin(e.process, (s.life+1)%maxLife, seen)
		fresh = true
	case s.Gone && e.seen <= silence:
		t.returned++
		s.IdleSince = time.Time{} // nobody knows what it did
	case !s.Gone && !e.twins && !s.Twins:
		t.measure(now, s, e.entry)
	}
	worked := fresh || s.Active == nil || e.active == nil || *s.Active != *e.active || e.begun != nil && s.begun != nil && *e.begun != *s.begun
	switch {
	case e.active == nil || *e.active > 0:
		s.IdleSince = time.Time{}
	case worked || s.IdleSince.IsZero():
		s.IdleSince = now
	}
	s.Queues, s.Slots, s.Active, s.Reserved, s.begun = e.queues, e.slots, e.active, e.reserved, e.begun
	if e.begun != nil {
		s.Processed = *e.begun
	}
	s.Twins, s.Gone, s.listed = e.twins, e.seen > silence, true
	s.LastSeen, s.heard, s.at = later(seen, s.LastSeen), asked.Add(-e.seen), now
}

// begin is a process that was not known before.
func (s *state) begin(process, life int, seen time.Time) {
	*s = state{Worker: work.Worker{Name: s.Name, Host: roster.HostOf(s.Name), PID: process + life*(maxProcess+1), FirstSeen: seen}, process: process, life: life}
}

func fell(was, is *int64) bool { return was != nil && is != nil && *is < *was }

// measure adds to the task times what a worker did since the last list.
func (t *table) measure(now time.Time, s *state, e entry) {
	if s.Active == nil || e.active == nil || s.begun == nil || e.begun == nil || s.at.Before(t.since) {
		return
	}
	ended := (*e.begun - int64(*e.active)) - (*s.begun - int64(*s.Active))
	t.times.worked(time.Duration(*s.Active)*now.Sub(s.at), max(ended, 0), s.Queues)
}

// admit makes room for a name. There may be none: one that is gone gives way.
func (t *table) admit(name string) *state {
	if !roster.Room(t.workers, t.max, func(s *state) *work.Worker { return &s.Worker }) {
		return nil
	}
	s := &state{Worker: work.Worker{Name: name}}
	t.workers[name] = s
	return s
}

// All is everybody, by name; nothing in it is shared.
func (t *table) All() []work.Worker {
	list := make([]work.Worker, 0, len(t.workers))
	for _, s := range t.workers {
		list = append(list, roster.Copy(s.Worker))
	}
	roster.Sort(list)
	return list
}
