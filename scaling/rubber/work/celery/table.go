package celery

import (
	"slices"
	"strings"
	"time"

	"perfmon/scaling/rubber/work"
	"perfmon/scaling/rubber/work/internal/roster"
)

const (
	missed       = 3                // heartbeats without which a worker is taken for gone
	echoEvery    = time.Second      // how often we make sure that we would hear a heartbeat
	maxEchoGap   = 3 * time.Second  // without which we did not listen for a while
	forgetAfter  = 10 * time.Minute // a worker that is gone
	maxNamesakes = 8                // processes of one name that are told apart
)

// table is all workers that are known. It is a pure state: time is told.
//
// Heartbeats and our own echoes come through one queue of the broker, in
// order. So silence is measured from a worker's last heartbeat to our last
// echo: while we do not hear ourselves, because the broker is blocked or we
// were held up, nobody falls silent.
type table struct {
	max     int
	workers map[string]*state
	times   taskTimes
	since   time.Time // listening without a gap; zero: not listening
	echo    time.Time // last heard of ourselves; zero: not yet

	dropped  int64 // heartbeats of workers that there was no room for
	returned int64 // workers that were taken for gone and spoke again
}

func newTable(max int) *table { return &table{max: max, workers: map[string]*state{}} }

// Connected begins to listen.
func (t *table) Connected(now time.Time) { t.since, t.echo = now, time.Time{} }

// Disconnected ends to listen: who lives is not known any more.
func (t *table) Disconnected() { t.since, t.echo = time.Time{}, time.Time{} }

// Echo says that we have heard ourselves: everything that was sent before has
// been heard, too.
func (t *table) Echo(now time.Time) {
	if t.since.IsZero() {
		return
	}
	last := t.echo
	if last.IsZero() {
		last = t.since
	}
	if now.Sub(last) > maxEchoGap {
		t.since = now
	}
	t.echo = now
	for name, s := range t.workers {
		if s.Gone {
			if now.Sub(s.LastSeen) > forgetAfter {
				delete(t.workers, name)
			}
			continue
		}
		heard := s.LastSeen
		if heard.Before(t.since) {
			heard = t.since
		}
		s.Gone = now.Sub(heard) > s.silence()
	}
}

// window is how long everybody who lives must have been heard in.
func (t *table) window() time.Duration {
	freq := defaultFreq
	for _, s := range t.workers {
		if !s.Gone {
			freq = max(freq, s.freq)
		}
	}
	return missed * freq
}

// Complete says whether whoever lives must have been heard by now.
func (t *table) Complete(now time.Time) bool {
	return !t.since.IsZero() && !t.echo.IsZero() && now.Sub(t.echo) <= maxEchoGap && t.echo.Sub(t.since) >= t.window()
}

// Event notes what a worker says.
func (t *table) Event(now time.Time, e event) {
	switch {
	case e.Type == "worker-heartbeat", e.Type == "worker-online":
		t.heartbeat(now, e)
	case e.Type == "worker-offline":
		t.offline(now, e)
	case strings.HasPrefix(e.Type, "task-"):
		t.task(now, e)
	}
}

func (t *table) heartbeat(now time.Time, e event) {
	s := t.workers[e.Worker]
	if s == nil {
		if s = t.admit(e.Worker); s == nil {
			t.dropped++
			return
		}
		s.begin(now, e.PID)
	}
	again := s.Processed
	switch {
	case e.PID != s.PID:
		before, known := s.namesakes[e.PID]
		delete(s.namesakes, e.PID)
		s.keep(now)
		if known && !s.Gone && now.Sub(before.seen) <= s.silence() {
			// One that was followed by another speaks again: both live.
			s.twinsAt, s.PID = now, e.PID
		} else {
			s.begin(now, e.PID)
		}
	case s.beat && e.Processed != nil && *e.Processed < again && s.twinsAt.IsZero():
		// Another process with the same number, as in containers: it has been started
		// anew, or the two speak in turn.
		if !s.droppedAt.IsZero() && now.Sub(s.droppedAt) <= s.silence() {
			s.twinsAt = now
		}
		s.begin(now, e.PID)
		s.droppedAt = now
	case e.Processed != nil && *e.Processed < again:
		s.twinsAt, s.droppedAt = now, now
	case s.Gone:
		t.returned++
		s.IdleSince = time.Time{} // nobody knows what it did
	}
	if !s.twinsAt.IsZero() && now.Sub(s.twinsAt) > s.silence() {
		s.twinsAt = time.Time{}
	}
	if e.Freq > 0 {
		s.freq = e.Freq
	}
	if s.beat && !s.Gone && s.twinsAt.IsZero() {
		t.measure(now, s, e)
	}
	s.note(now, e)
}

// measure adds to the task times what a worker did since its last heartbeat.
func (t *table) measure(now time.Time, s *state, e event) {
	if s.Active == nil || e.Active == nil || e.Processed == nil || now.Sub(s.LastSeen) > s.silence() {
		return
	}
	ended := (*e.Processed - int64(*e.Active)) - (s.Processed - int64(*s.Active))
	t.times.Worked(time.Duration(*s.Active)*now.Sub(s.LastSeen), max(ended, 0), s.Queues)
}

func (t *table) offline(now time.Time, e event) {
	s := t.workers[e.Worker]
	if s == nil {
		return
	}
	delete(s.namesakes, e.PID)
	if e.PID == s.PID || e.PID == 0 {
		s.Gone, s.LastSeen = true, now
	}
}

func (t *table) task(now time.Time, e event) {
	s := t.workers[e.Worker]
	if s == nil {
		return // it is not a worker before its first heartbeat
	}
	if e.PID == s.PID && !s.Gone {
		s.LastSeen = now
	}
	switch e.Type {
	case "task-received":
	case "task-started":
		t.times.Started(now, e.Task)
	case "task-succeeded":
		t.times.Ended(now, e.Task, e.Runtime, s.Queues)
	case "task-failed", "task-retried":
		t.times.Ended(now, e.Task, -1, s.Queues)
	default:
		return
	}
	s.worked = true
	s.IdleSince = time.Time{}
}

// admit makes room for a name. There may be none: one that is gone gives way.
func (t *table) admit(name string) *state {
	if !roster.Room(t.workers, t.max, func(s *state) *work.Worker { return &s.Worker }) {
		return nil
	}
	s := &state{Worker: work.Worker{Name: name, Host: roster.HostOf(name)}, freq: defaultFreq}
	t.workers[name] = s
	return s
}

// Queues, Slots and Counts note what a worker has answered. A worker that
// answers lives.
func (t *table) Queues(now time.Time, name string, queues []string) {
	if s := t.workers[name]; s != nil {
		s.Worker.Queues = queues
		s.answered(now)
	}
}

// Slots is of the process that has the number; 0: of the one there is.
func (t *table) Slots(now time.Time, name string, slots, pid int) {
	if s := t.workers[name]; s != nil && (pid == 0 || pid == s.PID) {
		s.Worker.Slots = slots
		s.answered(now)
	}
}

// Counts notes what a worker has answered on its tasks; nil: was not asked.
func (t *table) Counts(now time.Time, name string, active, reserved *int) {
	s := t.workers[name]
	if s == nil {
		return
	}
	if active != nil {
		if *active > 0 {
			s.worked, s.IdleSince = true, time.Time{}
		}
	}
	if reserved != nil {
		n := *reserved
		s.Reserved = &n
	}
	s.answered(now)
}

// ToAsk are the workers whose queues and slots are not known, or not any
// more, and that have not been asked in vain a moment ago.
func (t *table) ToAsk(now time.Time, refresh, again time.Duration) (names []string) {
	for name, s := range t.workers {
		known := !s.factsAt.IsZero() && now.Sub(s.factsAt) < refresh
		if !s.Gone && !known && (s.askedAt.IsZero() || now.Sub(s.askedAt) >= again) {
			s.askedAt = now
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// List is everybody, by name; nothing in it is shared.
func (t *table) List(now time.Time) (list []work.Worker, complete bool) {
	list = make([]work.Worker, 0, len(t.workers))
	for _, s := range t.workers {
		list = append(list, s.copy())
	}
	roster.Sort(list)
	return list, t.Complete(now)
}

// Find is one of them.
func (t *table) Find(name string) (w work.Worker, ok bool) {
	s := t.workers[name]
	if s == nil {
		return work.Worker{}, false
	}
	return s.copy(), true
}
