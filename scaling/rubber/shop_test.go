package rubber

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"perfmon/scaling/rubber/cloud"
	"perfmon/scaling/rubber/cloud/cloudtest"
	"perfmon/scaling/rubber/work"
)

// shop is the work and the workers of a test: queues, and on every machine of a
// cloudtest.World that runs a worker, which takes tasks and does them in time.
// It goes on by being asked.
type shop struct {
	world *cloudtest.World

	mu sync.Mutex
	// mu guards everything that follows
	register time.Duration // from a machine's running to its worker's first heartbeat
	slots    int
	prefetch int
	queues   map[string][]task // ready
	workers  map[string]*fakeWorker
	ran      map[string]time.Time // machine: since when it is known to run
	misnamed bool                 // workers' names do not lead to their machines
	dumb     map[string]bool      // machines by name, or "*", on which no worker begins
	away     bool                 // the broker cannot be reached
	absent   bool                 // a queue that has no tasks does not exist
	wordErr  error                // of every command to a worker
	began    time.Time
	pid      int
	restart  bool // workers that end are started again
	done     int
	killed   []string // tasks whose machine went away
	back     int      // tasks that went back to the queue because their worker ended
	commands map[string]int
	over     map[string]bool // machines whose worker has ended for good
}

type task struct {
	id    string
	since time.Time
	takes time.Duration
}

type running struct {
	task
	until time.Time
}

type fakeWorker struct {
	work.Worker
	queue    string
	listens  bool
	active   []running
	reserved []task
	ends     bool // it was told to shut down
	mute     bool // its heartbeats and answers do not arrive
	machine  string
}

func newShop(w *cloudtest.World) *shop {
	return &shop{world: w, register: 10 * time.Second, slots: 1, prefetch: 0, queues: map[string][]task{}, workers: map[string]*fakeWorker{},
		ran: map[string]time.Time{}, dumb: map[string]bool{}, began: time.Now(), commands: map[string]int{}, over: map[string]bool{}}
}

// add puts tasks into a queue.
func (s *shop) add(queue string, n int, takes time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for range n {
		s.pid++
		s.queues[queue] = append(s.queues[queue], task{id: fmt.Sprintf("task-%d", s.pid), since: time.Now(), takes: takes})
	}
}

// do lets a test look and change, with the lock held.
func (s *shop) do(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
	f()
}

// settle brings everything to where it is by now.
func (s *shop) settle() {
	now := time.Now()
	there := map[string]cloud.Instance{}
	for _, m := range s.world.Machines() {
		there[m.ID] = m
	}
	for name, w := range s.workers {
		m, ok := there[w.machine]
		if w.machine != "" && (!ok || m.State != cloud.Running) {
			if len(w.active)+len(w.reserved) > 0 {
				s.killed = append(s.killed, fmt.Sprintf("%s with %d+%d tasks, its machine %s is %s", name, len(w.active), len(w.reserved), w.machine, m.State))
			}
			delete(s.workers, name)
			delete(s.ran, w.machine)
		}
	}
	for id, m := range there {
		if m.State != cloud.Running {
			delete(s.ran, id)
			continue
		}
		if s.ran[id].IsZero() {
			s.ran[id] = now
		}
		host := m.Name
		if s.misnamed {
			host = "fixed-" + id
		}
		if now.Sub(s.ran[id]) >= s.register && !s.dumb[m.Name] && !s.dumb["*"] && !s.over[id] && s.workers["celery@"+host] == nil && m.Profile != "" {
			s.begin("celery@"+host, host, id, m.Profile)
		}
	}
	for _, name := range sortedKeys(s.workers) {
		s.work(s.workers[name], now)
	}
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// begin starts a worker process.
func (s *shop) begin(name, host, machine, queue string) {
	s.pid++
	s.workers[name] = &fakeWorker{Worker: work.Worker{Name: name, Host: host, PID: s.pid, Slots: s.slots, FirstSeen: time.Now(), IdleSince: time.Now()},
		queue: queue, listens: true, machine: machine}
}

func (s *shop) work(w *fakeWorker, now time.Time) {
	for i := 0; i < len(w.active); {
		if now.Before(w.active[i].until) {
			i++
			continue
		}
		w.active = slices.Delete(w.active, i, i+1)
		w.Processed++
		s.done++
		if len(w.active) == 0 {
			w.IdleSince = now
		}
	}
	for w.listens && !s.away && len(w.reserved) < s.prefetch+w.Slots && len(s.queues[w.queue]) > 0 && len(w.active)+len(w.reserved) < s.prefetch+w.Slots {
		w.reserved = append(w.reserved, s.queues[w.queue][0])
		s.queues[w.queue] = s.queues[w.queue][1:]
	}
	for len(w.reserved) > 0 && len(w.active) < w.Slots {
		t := w.reserved[0]
		w.reserved = w.reserved[1:]
		w.active = append(w.active, running{t, now.Add(t.takes)})
		w.IdleSince = time.Time{}
	}
	if w.ends && len(w.active) == 0 {
		s.queues[w.queue] = append(s.queues[w.queue], w.reserved...)
		s.back += len(w.reserved)
		delete(s.workers, w.Name)
		s.over[w.machine] = true
		if s.restart {
			s.begin(w.Name, w.Host, w.machine, w.queue)
		}
	}
}

var errAway = &work.Error{Kind: work.Away, Op: "look at queue", Err: errors.New("connection refused")}

// Depth is part of work.Source.
func (s *shop) Depth(_ context.Context, queue string) (work.Depth, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
	if s.away {
		return work.Depth{}, errAway
	}
	ready, unacked := len(s.queues[queue]), 0
	for _, w := range s.workers {
		if w.queue == queue {
			unacked += len(w.active) + len(w.reserved)
		}
	}
	var oldest time.Duration
	for _, t := range s.queues[queue] {
		oldest = max(oldest, time.Since(t.since))
	}
	return work.Depth{Ready: &ready, Unacked: &unacked, Oldest: &oldest, Absent: s.absent && ready+unacked == 0, At: time.Now()}, nil
}

// Close is part of work.Source.
func (s *shop) Close() error { return nil }

// Run is part of work.Workers.
func (s *shop) Run(ctx context.Context) error { <-ctx.Done(); return nil }

// Workers is part of work.Workers.
func (s *shop) Workers() ([]work.Worker, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
	var list []work.Worker
	for _, name := range sortedKeys(s.workers) {
		w := s.workers[name]
		shown := w.Worker
		active, reserved := len(w.active), len(w.reserved)
		shown.Active, shown.Reserved, shown.LastSeen, shown.Gone = &active, &reserved, time.Now(), w.mute || s.away
		shown.Queues = []string{}
		if w.listens {
			shown.Queues = []string{w.queue}
		}
		list = append(list, shown)
	}
	return list, !s.away
}

// TaskTime is part of work.Workers.
func (s *shop) TaskTime(string) (work.TaskTime, bool) { return work.TaskTime{}, false }

func (s *shop) word(verb, worker string, f func(*fakeWorker)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.commands[verb]++
	s.settle()
	w := s.workers[worker]
	switch {
	case s.away:
		return errAway
	case s.wordErr != nil:
		return s.wordErr
	case w == nil:
		return &work.Error{Kind: work.NoWorker, Op: verb, Name: worker}
	case w.mute:
		return &work.Error{Kind: work.Silent, Op: verb, Name: worker}
	}
	f(w)
	s.settle()
	return nil
}

// CancelConsumer is part of work.Workers.
func (s *shop) CancelConsumer(_ context.Context, worker, queue string) error {
	return s.word("cancel", worker, func(w *fakeWorker) { w.listens = w.listens && w.queue != queue })
}

// AddConsumer is part of work.Workers.
func (s *shop) AddConsumer(_ context.Context, worker, queue string) error {
	return s.word("add", worker, func(w *fakeWorker) { w.listens = w.listens || w.queue == queue })
}

// Load is part of work.Workers.
func (s *shop) Load(_ context.Context, worker string) (load work.Load, err error) {
	err = s.word("load", worker, func(w *fakeWorker) { load = work.Load{Active: len(w.active), Reserved: len(w.reserved)} })
	return load, err
}

// Shutdown is part of work.Workers.
func (s *shop) Shutdown(_ context.Context, worker string) error {
	return s.word("shutdown", worker, func(w *fakeWorker) { w.ends = true })
}
