package celery

import (
	"time"

	"perfmon/scaling/rubber/work"
)

const (
	maxRuntime = 365 * 24 * time.Hour
	meanOver   = 200    // tasks: an older one weighs less and less
	maxQueues  = 4096   // of which task times are remembered
	maxStarted = 20_000 // tasks of which the start is remembered
)

// taskTimes measures how long tasks of each queue run, in two ways: by the
// events of tasks, and by heartbeats alone where there are none.
type taskTimes struct {
	queues  map[string]*taskTime
	started map[string]time.Time
	order   []string // of started, oldest first; may have some that have ended
}

// taskTime is of one queue.
type taskTime struct {
	events, heartbeats ratio
}

// ratio is time over tasks, the latest weighing most.
type ratio struct {
	busy  float64 // seconds
	tasks float64
	total int64
}

func (r *ratio) add(busy time.Duration, tasks int64) {
	r.busy += busy.Seconds()
	r.tasks += float64(tasks)
	r.total += tasks
	if r.tasks > meanOver {
		r.busy *= meanOver / r.tasks
		r.tasks = meanOver
	}
}

func (t *taskTimes) of(queue string) *taskTime {
	if t.queues == nil {
		t.queues = map[string]*taskTime{}
	}
	q := t.queues[queue]
	if q == nil && len(t.queues) < maxQueues {
		q = &taskTime{}
		t.queues[queue] = q
	}
	return q
}

// Started notes the start of a task, for one that does not succeed: only
// success says how long it took.
func (t *taskTimes) Started(now time.Time, id string) {
	if id == "" {
		return
	}
	if t.started == nil {
		t.started = map[string]time.Time{}
	}
	if _, again := t.started[id]; !again {
		t.order = append(t.order, id)
	}
	t.started[id] = now
	if len(t.order) > maxStarted {
		delete(t.started, t.order[0])
		t.order = t.order[1:]
	}
}

// Ended notes the end of a task that a worker of these queues ran; runtime is
// negative when it is not said. What a worker of several queues does counts
// for each of them, as events do not say whose a task was.
func (t *taskTimes) Ended(now time.Time, id string, runtime time.Duration, queues []string) {
	start, known := t.started[id]
	delete(t.started, id)
	if runtime < 0 {
		if !known {
			return
		}
		runtime = now.Sub(start)
	}
	for _, queue := range queues {
		if q := t.of(queue); q != nil {
			q.events.add(runtime, 1)
		}
	}
}

// Worked notes that a worker of these queues was busy for so long in all its
// slots, and that so many tasks have ended meanwhile. Over time the one
// divided by the other is the mean, even where single tasks are shorter than
// the time between heartbeats.
func (t *taskTimes) Worked(busy time.Duration, ended int64, queues []string) {
	for _, queue := range queues {
		if q := t.of(queue); q != nil {
			q.heartbeats.add(busy, ended)
		}
	}
}

// Mean is of a queue.
func (t *taskTimes) Mean(queue string) (work.TaskTime, bool) {
	q := t.queues[queue]
	if q == nil {
		return work.TaskTime{}, false
	}
	r := q.events
	if r.total == 0 {
		r = q.heartbeats
	}
	if r.total == 0 {
		return work.TaskTime{}, false
	}
	return work.TaskTime{Mean: time.Duration(r.busy / r.tasks * float64(time.Second)), Tasks: r.total}, true
}
