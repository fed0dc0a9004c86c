package sim

import (
	"container/heap"
	"time"
)

// machine is one in the simulated world. It has Slots slots, and is paid for from
// when it is asked for until it is gone.
type machine struct {
	id      int
	queue   int
	state   state
	asked   time.Duration
	ready   time.Duration
	idle    time.Duration // since when it is empty
	tasks   []int         // that run
	begun   []time.Duration
	resting bool
}

type state int

const (
	booting state = iota
	working       // its worker takes tasks, or rests
	gone
)

// world is queues, machines and what has happened to tasks.
type world struct {
	now    time.Duration
	o      *Options
	trace  *Trace
	names  []string
	index  map[string]int
	queue  []int        // of each task
	wait   [][]int      // of each queue, tasks in the order they came
	alive  [][]*machine // of each queue, in the order they were asked for
	total  int
	events events
	next   int // task that comes next
	serial int

	start   []time.Duration // of each task, when it began for the last time; -1: not yet
	done    int
	left    int // tasks that are not done
	starts  int
	killed  int
	paid    time.Duration
	runSum  []time.Duration // of each queue, what finished tasks ran
	runDone []int
	served  []int // of each task, how often it was finished

}

func newWorld(t *Trace, o *Options) *world {
	names := t.Queues()
	index := map[string]int{}
	for i, n := range names {
		index[n] = i
	}
	w := &world{o: o, names: names, index: index, trace: t, left: len(t.Tasks), wait: make([][]int, len(names)), alive: make([][]*machine, len(names)),
		start: make([]time.Duration, len(t.Tasks)), served: make([]int, len(t.Tasks)), queue: make([]int, len(t.Tasks)),
		runSum: make([]time.Duration, len(names)), runDone: make([]int, len(names))}
	for i, task := range t.Tasks {
		w.start[i], w.queue[i] = -1, index[task.Queue]
	}
	return w
}

// event is that a machine has booted, or that a task is done.
type event struct {
	at   time.Duration
	m    *machine
	task int // -1: it has booted
	turn time.Duration
}

type events []event

func (e events) Len() int { return len(e) }
func (e events) Less(i, j int) bool {
	if e[i].at != e[j].at {
		return e[i].at < e[j].at
	}
	if e[i].m.id != e[j].m.id {
		return e[i].m.id < e[j].m.id
	}
	return e[i].task < e[j].task
}
func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e *events) Push(x any)   { *e = append(*e, x.(event)) }
func (e *events) Pop() any {
	old := *e
	last := old[len(old)-1]
	*e = old[:len(old)-1]
	return last
}

// until lets everything happen up to and including an instant.
func (w *world) until(t time.Duration) {
	for {
		arrives := w.next < len(w.trace.Tasks) && w.trace.Tasks[w.next].At <= t
		happens := len(w.events) > 0 && w.events[0].at <= t
		switch {
		case arrives && (!happens || w.trace.Tasks[w.next].At < w.events[0].at):
			w.now = w.trace.Tasks[w.next].At
			q := w.queue[w.next]
			w.wait[q] = append(w.wait[q], w.next)
			w.next++
			w.hand(q)
		case happens:
			e := heap.Pop(&w.events).(event)
			w.now = e.at
			w.happen(e)
		default:
			w.now = t
			return
		}
	}
}

func (w *world) happen(e event) {
	m := e.m
	if m.state == gone {
		return
	}
	if e.task < 0 {
		m.state, m.ready, m.idle = working, w.now, w.now
		w.hand(m.queue)
		return
	}
	for i, task := range m.tasks {
		if task == e.task && m.begun[i] == e.turn {
			m.tasks = append(m.tasks[:i], m.tasks[i+1:]...)
			m.begun = append(m.begun[:i], m.begun[i+1:]...)
			w.served[task]++
			w.done++
			w.left--
			w.runSum[m.queue] += w.trace.Tasks[task].Run
			w.runDone[m.queue]++
			if len(m.tasks) == 0 {
				m.idle = w.now
			}
			w.hand(m.queue)
			return
		}
	}
}

// hand gives waiting tasks to free slots, as a broker does that goes round: to
// the machine that has the fewest tasks, of these to the one idle for longest.
func (w *world) hand(q int) {
	for len(w.wait[q]) > 0 {
		var best *machine
		for _, m := range w.alive[q] {
			if m.state != working || m.resting || len(m.tasks) >= w.o.Slots {
				continue
			}
			if best == nil || len(m.tasks) < len(best.tasks) || len(m.tasks) == len(best.tasks) && m.idle < best.idle {
				best = m
			}
		}
		if best == nil {
			return
		}
		task := w.wait[q][0]
		w.wait[q] = w.wait[q][1:]
		w.start[task] = w.now
		best.tasks = append(best.tasks, task)
		best.begun = append(best.begun, w.now)
		heap.Push(&w.events, event{w.now + w.trace.Tasks[task].Run, best, task, w.now})
	}
}

// launch asks for a machine, unless there are as many as may be.
func (w *world) launch(q int) bool {
	if w.total >= w.o.Cap {
		return false
	}
	m := &machine{id: w.serial, queue: q, asked: w.now}
	w.serial++
	w.starts++
	w.total++
	w.alive[q] = append(w.alive[q], m)
	heap.Push(&w.events, event{w.now + w.o.Boot, m, -1, 0})
	return true
}

// remove deletes a machine. What it runs is killed, and waits again, first of all.
func (w *world) remove(m *machine) {
	w.paid += w.now - m.asked
	w.total--
	m.state = gone
	list := w.alive[m.queue]
	for i := range list {
		if list[i] == m {
			w.alive[m.queue] = append(list[:i:i], list[i+1:]...)
			break
		}
	}
	if len(m.tasks) > 0 {
		w.killed += len(m.tasks)
		w.wait[m.queue] = append(append([]int(nil), m.tasks...), w.wait[m.queue]...)
		for _, task := range m.tasks {
			w.start[task] = -1
		}
		w.hand(m.queue)
	}
}

// running is how many tasks of a queue run, and on how many machines of how many
// that are ready.
func (w *world) running(q int) (tasks, ready, booted int) {
	for _, m := range w.alive[q] {
		tasks += len(m.tasks)
		if m.state == working {
			ready++
		} else {
			booted++
		}
	}
	return tasks, ready, booted
}

// idle are the machines of a queue that are ready and empty, idle for longest first.
func (w *world) idle(q int) []*machine {
	var list []*machine
	for _, m := range w.alive[q] {
		if m.state == working && len(m.tasks) == 0 {
			list = append(list, m)
		}
	}
	for i := 1; i < len(list); i++ {
		for j := i; j > 0 && list[j].idle < list[j-1].idle; j-- {
			list[j], list[j-1] = list[j-1], list[j]
		}
	}
	return list
}
