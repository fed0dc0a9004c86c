package rubber

import (
	"fmt"
	"slices"
	"time"

	"perfmon/scaling/rubber/cloud"
	"perfmon/scaling/rubber/plan"
	"perfmon/scaling/rubber/work"
)

// resting tells all workers to take no more, and leaves it at that.
func (st *step) resting() order {
	if st.died() || st.fellSilent() {
		return order{}
	}
	for _, w := range st.s.alive() {
		if o := st.cancel(w); o.verb != orderNothing {
			return o
		}
	}
	return order{}
}

// twin lets the second machine of one name go. No word would be sure to reach
// its worker, but its guest can be asked to shut down, which lets the worker
// finish.
func (st *step) twin() order {
	switch {
	case st.s.says() == cloud.Halted:
		st.Forced = true // it is off; the worker that is heard is the other one's
		st.end(st.Release.Reason)
	case st.Stopped.IsZero() && !st.s.now.Before(st.retry):
		return order{verb: orderStop}
	default:
		st.late("its guest was asked to shut down, and has not yet")
	}
	return order{}
}

// cancel is the order by which a worker leaves its next queue.
func (st *step) cancel(w work.Worker) order {
	p := st.of(w)
	if p.cancelled || w.Queues == nil && len(st.listened[w.Name]) == 0 && st.Queue == "" {
		return order{} // an orphan's worker has yet to say what it listens to
	}
	listens := st.listened[w.Name]
	if len(listens) == 0 && w.Queues == nil {
		listens = []string{st.Queue}
	}
	queues := listens
	if st.Queue != "" && !slices.Contains(queues, st.Queue) {
		queues = append(slices.Clone(queues), st.Queue) // what it said may be old
	}
	for _, q := range queues {
		if slices.Contains(p.left, q) {
			continue
		}
		if slices.Contains(listens, q) && !slices.Contains(st.Cancelled[w.Name], q) {
			if st.Cancelled == nil {
				st.Cancelled = map[string][]string{}
			}
			st.Cancelled[w.Name] = append(st.Cancelled[w.Name], q)
		}
		return order{verb: orderCancel, worker: w.Name, pid: w.PID, queue: q}
	}
	p.cancelled = true
	return order{}
}

// draining lets a machine go: its workers leave their queues, finish what they
// have, are told to end, and then it is deleted or parked. A worker that is
// busy is waited for, however long it takes.
func (st *step) draining() order {
	live := st.s.alive()
	if _, ok := st.unproven(); ok {
		st.Proven = false
	}
	switch {
	case st.Forced:
		st.end("an operator forced it: " + st.Release.Reason)
		return order{}
	case st.vanished():
		return order{}
	case st.Release.Then == ThenPark && st.Proven && len(live) == 0 && (st.s.says() == cloud.Halted || st.s.says() == cloud.Suspended):
		st.parked()
		return order{}
	case st.s.dead():
		st.end(st.Release.Reason)
		return order{}
	case !st.s.heard:
		st.late("nobody knows who works: it is waited for")
		return order{}
	case len(live) == 0 && st.Release.Then == ThenPark && !st.Release.Shutdown.IsZero() && st.Proven:
		return st.park()
	case len(live) == 0:
		return st.unheard()
	}
	if st.Orphan && slices.ContainsFunc(live, func(w work.Worker) bool { return w.Twins }) {
		return st.twin()
	}
	for _, w := range live {
		if o := st.cancel(w); o.verb != orderNothing {
			return o
		}
	}
	if o, empty := st.askEmpty(live); !empty {
		return o
	}
	if !st.Proven {
		st.Proven = true
		st.notes = append(st.notes, note{event: evEmpty, text: "it is empty", took: st.s.now.Sub(st.Release.Asked)})
	}
	if st.Release.Then == ThenPark {
		return st.park()
	}
	return st.tell(live)
}

// parked is the end of a release into the warm pool. What its workers were told to
// leave is remembered: those of a machine that was suspended are the same
// processes afterwards, and have to be told to listen again.
func (m *life) parkedAt(now time.Time, l Limits) {
	m.Release, m.Proven, m.Stopped = nil, false, time.Time{}
	m.enter(plan.Warm, now, l)
}

func (st *step) parked() {
	st.parkedAt(st.s.now, st.l)
	st.note(evParked, false, "it is parked")
}

// park is the order by which an empty machine is parked. From then on there is
// no way back.
func (st *step) park() order {
	if st.s.now.Before(st.retry) {
		return order{}
	}
	if st.Release.Shutdown.IsZero() {
		st.Release.Shutdown = st.s.now
	}
	return order{verb: orderPark}
}

// warm is a machine that is parked.
func (st *step) warm() order {
	switch {
	case st.s.says() == cloud.Running && st.s.now.Sub(st.Since) < st.l.Redo:
		// It is on its way to being off.
	case st.s.says() == cloud.Running && st.s.listed:
		st.Waking = false
		st.runs()
	case st.s.says() == cloud.Failed:
		st.failed()
	case st.vanished():
	}
	return order{}
}

// askEmpty asks each worker what it has to do, until each has said twice that
// it is nothing.
func (st *step) askEmpty(live []work.Worker) (order, bool) {
	empty := true
	var o order
	for _, w := range live {
		p := st.of(w)
		if !p.cancelled {
			empty = false // it has not said yet which queues it listens to
			continue
		}
		if p.empty() {
			continue
		}
		empty = false
		wait := st.l.Settle
		if p.busy > 0 {
			wait = st.l.Ask
			st.late("its worker %s still has %d tasks: it is waited for, and only drain --force would end them", w.Name, p.busy)
		}
		if o.verb == orderNothing && (p.asked.IsZero() || st.s.now.Sub(p.asked) >= wait) {
			o = order{verb: orderLoad, worker: w.Name, pid: w.PID}
		}
	}
	return o, empty
}

// tell has workers end that are empty, and waits until they have. One that
// comes back as another process, because something restarts it, is empty as
// well by now and is not told again.
func (st *step) tell(live []work.Worker) order {
	r := st.Release
	if r.Shutdown.IsZero() {
		r.Shutdown = st.s.now
	}
	late := st.s.now.Sub(r.Shutdown) >= st.l.Shutdown
	back := 0
	for _, w := range live {
		pid, told := r.Told[w.Name]
		switch {
		case told && pid != w.PID:
			back++
		case !told && !late:
			return order{verb: orderShutdown, worker: w.Name, pid: w.PID}
		}
	}
	if back == len(live) || late {
		st.end(r.Reason)
	}
	return order{}
}

// unheard is a machine that is to go and of which no worker is heard, while
// others could be.
func (st *step) unheard() order {
	r := st.Release
	switch {
	case !r.Shutdown.IsZero() && st.Proven: // they were empty, were told to end, and have
		st.end(r.Reason)
	case st.doubtful():
		return st.doubt(st.silentSince)
	case !st.EverReady && st.neverHeard():
		st.end(r.Reason)
	case st.wereEmpty() && st.silent(st.l.Empty):
		st.Proven = true
		st.end(r.Reason + "; its workers were empty and took nothing more when they fell silent")
	case st.silent(st.l.Lost):
		st.Forced = true // nothing of it can be proven any more
		st.end(fmt.Sprintf("%s; nothing was heard of it for %s, by when a broker has given what it had to others", r.Reason, plan.Span(st.s.now.Sub(st.silentSince))))
		st.notes[len(st.notes)-1].loud = true
	case st.silent(st.l.Silent) && st.s.now.Sub(st.Stopped) >= st.l.Silent && st.l.Stop > 0 && !st.s.now.Before(st.retry):
		// A guest that shuts down lets a worker finish. It may not have heard it.
		st.loudly(evSilent, "its workers are silent, and may be busy: its guest is asked to shut down")
		return order{verb: orderStop}
	default:
		st.late("its workers are silent, and may be busy: it is waited for")
	}
	return order{}
}

// neverHeard says that no worker has been heard since it was asked to go, and
// that one would have been.
func (st *step) neverHeard() bool { return st.s.listed && st.silent(st.l.Settle) }

// wereEmpty says that every worker that was heard in this drain was proven to
// have nothing to do before it fell silent.
func (st *step) wereEmpty() bool {
	n := 0
	for _, w := range st.s.workers {
		p, ok := st.workers[process{w.Name, w.PID}]
		if !ok || !p.empty() {
			return false
		}
		n++
	}
	return n > 0
}

// late says loudly that a drain takes long.
func (st *step) late(format string, args ...any) {
	if st.passed() {
		st.loudly(evOverdue, "it has been draining for %s: %s", plan.Span(st.s.now.Sub(st.Since)), fmt.Sprintf(format, args...))
	}
}

// deleting asks the guest to shut down, then the cloud to delete the machine,
// and waits until the cloud lists it no more.
func (st *step) deleting() order {
	if st.ID == "" && st.Attempts == 0 {
		st.note(evGone, false, "the cloud was never asked for it")
		st.to(Gone)
		return order{}
	}
	if st.absent >= goneAfter {
		st.notes = append(st.notes, note{event: evGone, text: "it is gone", took: st.s.now.Sub(st.Created)})
		st.to(Gone)
		return order{}
	}
	if st.passed() {
		st.loudly(evOverdue, "it has been on its way to be deleted for %s, and the cloud still says %q: look at it there", plan.Span(st.s.now.Sub(st.Since)), st.s.says())
	}
	if w, ok := st.unproven(); ok && !st.Forced && st.Deleted.IsZero() {
		return st.spare(w)
	}
	if st.s.instance != nil && st.s.heard && st.Deleted.IsZero() && st.doubtful() {
		return st.spareDoubtful()
	}
	if st.ID == "" || st.s.now.Before(st.retry) {
		return order{} // whether there is one, a list will say
	}
	if !st.Deleted.IsZero() {
		if st.s.instance != nil && st.s.says() != cloud.Deleting && st.s.now.Sub(st.Deleted) >= st.l.Redo {
			return order{verb: orderDelete}
		}
		return order{}
	}
	if st.Forced || st.s.dead() {
		return order{verb: orderDelete}
	}
	stopping := !st.Stopped.IsZero() && st.s.now.Sub(st.Stopped) < st.l.Stop
	switch {
	case !st.Proven && !(st.s.heard && st.s.listed):
		return order{} // a worker might be there by now
	case st.s.says() != cloud.Building && st.Stopped.IsZero() && st.l.Stop > 0:
		return order{verb: orderStop} // one that nobody has heard may just begin
	case stopping:
		return order{}
	}
	return order{verb: orderDelete}
}

// unproven finds a worker that lives and may be busy.
func (st *step) unproven() (work.Worker, bool) {
	for _, w := range st.s.alive() {
		if !st.of(w).empty() {
			return w, true
		}
	}
	return work.Worker{}, false
}

// spare is for a machine that was to be deleted because it had no worker, or
// an empty one, and has one now.
func (st *step) spare(w work.Worker) order {
	st.note(evUnexpected, true, "its worker %s is heard while it is being deleted: it is drained first", w.Name)
	if st.Release == nil {
		st.Release = &Release{Asked: st.s.now, By: byReconcile, Then: ThenDelete, Reason: st.Ending}
	}
	st.EverReady, st.Proven = true, false
	st.Release.Then = ThenDelete
	st.to(plan.Draining)
	return order{}
}

// spareDoubtful is the same for one of which nobody knows whether it has a
// worker.
func (st *step) spareDoubtful() order {
	if st.Release == nil {
		st.Release = &Release{Asked: st.s.now, By: byReconcile, Reason: st.Ending}
	}
	st.Release.Then = ThenDelete
	st.to(plan.Draining)
	return order{}
}
