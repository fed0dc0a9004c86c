package httpjson

import (
	"time"

	"perfmon/scaling/rubber/work"
)

const (
	meanOver = 200  // tasks: an older one weighs less and less
	maxTimed = 4096 // queues of which task times are remembered
)

// taskTimes measures how long tasks of each queue run: time that slots were
// busy over tasks that ended. Tasks of a worker of several queues count for
// each of them.
type taskTimes struct{ queues map[string]*taskTime }

// taskTime is of one queue.
type taskTime struct {
	busy  float64 // seconds
	tasks float64
	total int64
}

func (t *taskTimes) worked(busy time.Duration, ended int64, queues []string) {
	if t.queues == nil {
		t.queues = map[string]*taskTime{}
	}
	for _, queue := range queues {
		q := t.queues[queue]
		if q == nil {
			if len(t.queues) >= maxTimed {
				continue
			}
			q = &taskTime{}
			t.queues[queue] = q
		}
		q.busy += busy.Seconds()
		q.tasks += float64(ended)
		q.total += ended
		if q.tasks > meanOver {
			q.busy *= meanOver / q.tasks
			q.tasks = meanOver
		}
	}
}

func (t *taskTimes) mean(queue string) (work.TaskTime, bool) {
	q := t.queues[queue]
	if q == nil || q.total == 0 {
		return work.TaskTime{}, false
	}
	return work.TaskTime{Mean: time.Duration(q.busy / q.tasks * float64(time.Second)), Tasks: q.total}, true
}
