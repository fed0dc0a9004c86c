package celery

import (
	"time"

	"perfmon/scaling/rubber/work"
	"perfmon/scaling/rubber/work/internal/roster"
)

// state is one name.
type state struct {
	work.Worker
	freq    time.Duration
	worked  bool // a task began or ended since the last heartbeat
	beat    bool // a heartbeat of this process has been heard
	factsAt time.Time
	askedAt time.Time

	namesakes map[int]namesake // other processes that had the name, by pid
	twinsAt   time.Time        // last sign that two have it; zero: none
	droppedAt time.Time        // when its count of tasks went down last
}

// namesake is a process that had a name before another.
type namesake struct {
	seen   time.Time
	active int
}

func (s *state) silence() time.Duration { return missed * s.freq }

// note takes over what a heartbeat says.
func (s *state) note(now time.Time, e event) {
	if e.Active != nil {
		if s.Active == nil || *s.Active != *e.Active {
			s.worked = true
		}
		n := *e.Active
		s.Active = &n
	}
	if e.Processed != nil {
		if s.Processed != *e.Processed {
			s.worked = true
		}
		s.Processed = *e.Processed
	}
	switch {
	case s.Active == nil || *s.Active > 0:
		s.IdleSince = time.Time{}
	case s.worked || s.IdleSince.IsZero():
		s.IdleSince = now
	}
	s.worked = false
	s.beat = true
	s.Gone = false
	s.LastSeen = now
}

// begin is a process that has not been heard before.
func (s *state) begin(now time.Time, pid int) {
	s.Worker = work.Worker{Name: s.Name, Host: s.Host, PID: pid, FirstSeen: now, LastSeen: now}
	s.worked, s.beat, s.factsAt, s.askedAt = false, false, time.Time{}, time.Time{}
}

// keep remembers the process that has the name now, for the case that it
// speaks again.
func (s *state) keep(now time.Time) {
	if s.namesakes == nil {
		s.namesakes = map[int]namesake{}
	}
	for pid, n := range s.namesakes {
		if now.Sub(n.seen) > s.silence() {
			delete(s.namesakes, pid)
		}
	}
	if len(s.namesakes) < maxNamesakes && !s.Gone {
		n := namesake{seen: s.LastSeen}
		if s.Active != nil {
			n.active = *s.Active
		}
		s.namesakes[s.PID] = n
	}
}

func (s *state) answered(now time.Time) {
	if !s.Gone {
		s.LastSeen = now
	}
	if s.Worker.Queues != nil && s.Worker.Slots > 0 {
		s.factsAt = now
	}
}

func (s *state) copy() work.Worker {
	w := roster.Copy(s.Worker)
	w.Twins = !s.twinsAt.IsZero()
	if w.Twins && w.Active != nil {
		for _, other := range s.namesakes {
			*w.Active += other.active
		}
		if *w.Active > 0 {
			w.IdleSince = time.Time{}
		}
	}
	return w
}
