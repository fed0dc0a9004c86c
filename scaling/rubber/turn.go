package rubber

import (
	"fmt"
	"slices"
	"time"

	"perfmon/scaling/rubber/plan"
)

// Who lets a machine go.
const (
	byPlan      = "plan"
	byOperator  = "operator"
	byReconcile = "reconcile"
)

// turn plans, and carries the plan out.
func (w *world) turn() {
	var jump time.Duration
	w.now, jump = w.clock.tick()
	if jump != 0 {
		way := "forward"
		if jump < 0 {
			way = "back"
		}
		text := fmt.Sprintf("the clock was set %s by %s; nothing is decided by it but the schedule", way, plan.Span(jump.Abs()))
		w.jumped = w.now
		w.c.metrics.jumps.Inc()
		w.c.feed.add(Decision{At: w.clock.shown(w.now), Event: "clock", Loud: true, Text: text})
		w.log.Warn(text)
	}
	w.turns++
	w.hear()
	w.advanceAll()
	w.learnAll()
	w.identify()
	w.adoptions()
	s := w.snapshot()
	began := time.Now()
	result := w.o.Plan(s)
	w.c.metrics.planSeconds.Observe(time.Since(began).Seconds())
	w.lastPlan, w.planned, w.memory = result, w.now, result.Memory
	if w.memory.Profiles == nil {
		w.memory.Profiles = map[string]plan.ProfileMemory{}
	}
	if !w.o.DryRun && !w.paused.Load() {
		w.yieldedOnly(result.Lines)
		for i := range result.Lines {
			w.carryOut(&result.Lines[i])
		}
		w.advanceAll()
	}
	w.save(false)
	w.publish()
	w.c.rememberPlan(w)
}

// carryOut begins what a line asks for. The line was made from the state of
// this instant, but it is held against it once more.
func (w *world) carryOut(line *plan.Line) {
	if line.Action == plan.Hold || w.conflict != nil || !w.holds() {
		return
	}
	reason := reasonsOf(line.Reasons)
	if line.Action == plan.Start {
		w.start(line, reason)
		return
	}
	u := w.units[line.Machine]
	if u == nil || w.grip(u) != held {
		return
	}
	next := u.life.clone()
	n, ok := next.ask(line, reason, w.now, w.cfg.Limits)
	if ok && w.commit(u, next) {
		w.noted(u, n)
	}
}

// start writes the intents of new machines. Their requests follow.
func (w *world) start(line *plan.Line, reason string) {
	p := w.profile(line.Profile)
	if p == nil || w.aside(p.Cloud) || w.nameless() != nil || w.yields(line, p.Cloud) {
		return
	}
	for range line.Count {
		if len(w.units)+len(w.unread)+len(w.strange) >= w.cfg.Cap {
			return
		}
		intent := newIntent(w.identity)
		u := &unit{life: life{Record: Record{
			Version: recordVersion, Intent: intent, Profile: p.Name, Queue: p.Queue, Cloud: p.Cloud, Name: w.o.Name(p.Name, intent),
			Generation: p.Generation, Created: w.now,
			Avoid: slices.Clone(line.Avoid), Prefer: slices.Clone(line.Prefer), AvoidStorage: slices.Clone(line.AvoidStorage),
		}}}
		u.enter(plan.Requested, w.now, w.cfg.Limits)
		if !w.insert(u, note{event: evWanted, text: "it is wanted: " + reason}) {
			return
		}
	}
}

// ask has a machine do what a line of the plan asks for, if it still can.
func (m *life) ask(line *plan.Line, reason string, now time.Time, l Limits) (note, bool) {
	takesWork := m.State == plan.Ready || m.State == plan.Resting
	letGo := func(then Then) *Release {
		return &Release{Asked: now, Reason: reason, By: byPlan, Then: then}
	}
	switch line.Action {
	case plan.Wake:
		if m.State != plan.Warm || m.Protect != "" {
			return note{}, false
		}
		m.Waking, m.Booted = true, now
		m.Avoid, m.Prefer, m.AvoidStorage = slices.Clone(line.Avoid), slices.Clone(line.Prefer), slices.Clone(line.AvoidStorage)
		m.enter(plan.Booting, now, l)
		return note{event: evWoken, text: "it is woken: " + reason}, true
	case plan.Resume:
		return m.resume(reason, now, l)
	case plan.Rest:
		if m.State != plan.Ready {
			return note{}, false
		}
		m.Release, m.workers = letGo(ThenRest), nil
		m.enter(plan.Resting, now, l)
		return note{event: evRest, text: "it takes no more work: " + reason}, true
	case plan.Drain, plan.Park:
		then := ThenDelete
		if line.Action == plan.Park {
			then = ThenPark
		}
		switch {
		case m.Protect != "":
			return note{}, false
		case m.State == plan.Draining && m.Release != nil && m.Release.Then != then && m.Release.Shutdown.IsZero() && m.Release.By == byPlan:
			m.Release.Then = then // it goes on from where it is
		case takesWork:
			m.Release = letGo(then)
			m.workers = nil // all of it is to be proven anew
			m.enter(plan.Draining, now, l)
		case (m.State == plan.Requested || m.State == plan.Building || m.State == plan.Booting) && m.Release == nil:
			m.Release = letGo(ThenDelete)
		default:
			return note{}, false
		}
		return note{event: evDrain, text: "it is let go: " + reason}, true
	case plan.Delete:
		if m.State != plan.Warm || m.Protect != "" {
			return note{}, false
		}
		m.Ending = reason
		m.enter(plan.Deleting, now, l)
		return note{event: evDelete, text: "it is deleted: " + reason}, true
	}
	return note{}, false
}

// resume has a machine take work again that rests or is being let go, unless
// its workers were told to end already, or somebody else than the plan wants
// it to go.
func (m *life) resume(reason string, now time.Time, l Limits) (note, bool) {
	r := m.Release
	switch {
	case r == nil || m.Forced || !r.Shutdown.IsZero() || r.By != byPlan:
		return note{}, false
	case m.State == plan.Resting || m.State == plan.Draining:
		m.Release, m.Proven, m.Stopped = nil, false, time.Time{}
		m.enter(plan.Ready, now, l)
	case m.State == plan.Requested || m.State == plan.Building || m.State == plan.Booting:
		m.Release = nil
	default:
		return note{}, false
	}
	return note{event: evResume, text: "it takes work again: " + reason}, true
}

func reasonsOf(reasons []plan.Reason) string {
	text := ""
	for i, r := range reasons {
		if i > 0 {
			text += "; "
		}
		text += r.Text
	}
	return text
}

// learnAll takes in what can be measured at a turn.
func (w *world) learnAll() {
	for i := range w.cfg.Profiles {
		p := &w.cfg.Profiles[i]
		l := w.learnedOf(p.Name)
		b := w.brokers[p.Broker]
		if b == nil {
			continue
		}
		if workers := w.o.Brokers[p.Broker].Workers; workers != nil {
			if t, ok := workers.TaskTime(p.Queue); ok {
				l.Task = t.Mean.Seconds()
			}
		}
		for _, u := range w.units {
			if u.Profile == p.Name && u.State == plan.Ready && u.slots > 0 {
				l.Slots = u.slots
				break
			}
		}
		d := w.demand(p)
		if q := w.queues[queueKey{p.Broker, p.Queue}]; d.Known && q.depth.Oldest != nil {
			w.c.metrics.wait.WithLabelValues(p.Name).Observe(d.Oldest.Seconds())
		}
		if d.Known && b.complete {
			a := w.arriving[p.Name]
			if a == nil {
				a = &arrivals{}
				w.arriving[p.Name] = a
			}
			a.watch(w.now, d.Ready+d.Running, w.endedTasks(b, p.Queue), 3*w.cfg.Interval+w.cfg.Limits.Look)
		}
	}
	for _, b := range w.brokers {
		counts := make(map[process]int64, len(b.list))
		for _, worker := range b.list {
			counts[process{worker.Name, worker.PID}] = worker.Processed
		}
		b.counts = counts
	}
}

// endedTasks is how many tasks the workers of a queue have ended since the last
// turn.
func (w *world) endedTasks(b *brokerView, queue string) int64 {
	var n int64
	for _, worker := range b.list {
		before, known := b.counts[process{worker.Name, worker.PID}]
		if known && worker.Processed > before && slices.Contains(worker.Queues, queue) {
			n += worker.Processed - before
		}
	}
	return n
}

func (w *world) learnedOf(profile string) *Learned {
	l := w.learned[profile]
	if l == nil {
		l = &Learned{}
		w.learned[profile] = l
	}
	return l
}
