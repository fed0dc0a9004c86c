package demo

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"
)

// lost is the silence after which a worker is taken for gone, and its jobs are
// given to others.
const lost = 10 * time.Second

// Job is one piece of work.
type Job struct {
	ID  int64         `json:"id"`
	Run time.Duration `json:"run"` // ns

	came time.Time
}

// Shop has the jobs of one queue and those who work on them. Workers report
// twice a second, and are told in the answer what to begin.
type Shop struct {
	queue string

	mu      sync.Mutex // guards what follows
	nextID  int64
	waiting []Job // the first is the next
	workers map[string]*worker
	done    int64
	again   int64 // jobs that were given out a second time
}

// worker is one of them, as its last report says.
type worker struct {
	process int64
	slots   int
	last    time.Time
	jobs    map[int64]Job
	stopped bool  // takes no more
	end     bool  // is told to end
	begun   int64 // jobs, those that run included
}

// Counts are what came of all jobs.
type Counts struct{ Waiting, Running, Done, Again int64 }

// NewShop makes one without jobs.
func NewShop(queue string) *Shop { return &Shop{queue: queue, workers: map[string]*worker{}} }

// Add has jobs wait.
func (s *Shop) Add(now time.Time, runs ...time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, run := range runs {
		s.nextID++
		s.waiting = append(s.waiting, Job{ID: s.nextID, Run: run, came: now})
	}
}

// Counts says how far the work is.
func (s *Shop) Counts() Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := Counts{Waiting: int64(len(s.waiting)), Done: s.done, Again: s.again}
	for _, w := range s.workers {
		c.Running += int64(len(w.jobs))
	}
	return c
}

// Run brings jobs as a wave does, and notices who is gone, until ctx ends.
func (s *Shop) Run(ctx context.Context, w *Wave) {
	const tick = 250 * time.Millisecond
	began := time.Now()
	t := time.NewTicker(tick)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-t.C:
			s.Add(now, w.Next(now.Sub(began), tick)...)
			s.forget(now)
		}
	}
}

// forget gives the jobs of those who are gone to others.
func (s *Shop) forget(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, w := range s.workers {
		if now.Sub(w.last) >= lost {
			s.giveBack(name)
		}
	}
}

// Report is what a worker says of itself.
type Report struct {
	Name    string  `json:"name"`
	Process int64   `json:"process"` // another each time that it is started
	Slots   int     `json:"slots"`
	Holds   []int64 `json:"holds"` // jobs that it runs
	Done    []int64 `json:"done"`  // jobs that it has done, until it is known that this was heard
	Ends    bool    `json:"ends"`  // this is its last word
}

// Orders are the answer to a report.
type Orders struct {
	Start []Job `json:"start"`
	End   bool  `json:"end"` // when the jobs are done
}

// Hear takes a report and answers it. A job whose answer was lost is given
// again to the same worker.
func (s *Shop) Hear(now time.Time, r Report) Orders {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := s.workers[r.Name]
	if w != nil && w.process != r.Process {
		s.giveBack(r.Name)
		w = nil
	}
	if w == nil {
		w = &worker{process: r.Process, jobs: map[int64]Job{}}
		s.workers[r.Name] = w
	}
	w.last, w.slots = now, r.Slots
	for _, id := range r.Done {
		if _, held := w.jobs[id]; held {
			delete(w.jobs, id)
			s.done++
		}
	}
	if r.Ends {
		s.giveBack(r.Name)
		return Orders{End: true}
	}
	o := Orders{End: w.end}
	for id, j := range w.jobs {
		if !slices.Contains(r.Holds, id) {
			o.Start = append(o.Start, j)
		}
	}
	for !w.stopped && !w.end && len(w.jobs) < w.slots && len(s.waiting) > 0 {
		j := s.waiting[0]
		s.waiting = s.waiting[1:]
		w.jobs[j.ID] = j
		w.begun++
		o.Start = append(o.Start, j)
	}
	return o
}

// giveBack forgets a worker; what it has not done waits again, at its old place
// in the queue.
func (s *Shop) giveBack(name string) {
	for _, j := range s.workers[name].jobs {
		s.waiting = append(s.waiting, j)
		s.again++
	}
	delete(s.workers, name)
	slices.SortFunc(s.waiting, func(a, b Job) int { return cmp.Compare(a.ID, b.ID) })
}
