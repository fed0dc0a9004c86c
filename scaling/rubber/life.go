package rubber

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"perfmon/scaling/rubber/cloud"
	"perfmon/scaling/rubber/plan"
)

// life is one machine: what is remembered of it, and what is found again by
// asking.
type life struct {
	Record
	progress
}

func (m *life) clone() life { return life{m.Record.clone(), m.progress.clone()} }

// verb is what an order asks for.
type verb string

// Orders to clouds, and to workers.
const (
	orderNothing  verb = ""
	orderCreate   verb = "create"
	orderAdopt    verb = "adopt"
	orderWake     verb = "wake"
	orderPark     verb = "park"
	orderStop     verb = "stop"
	orderDelete   verb = "delete"
	orderCancel   verb = "cancel_consumer"
	orderAdd      verb = "add_consumer"
	orderLoad     verb = "load"
	orderShutdown verb = "shutdown"
)

// order is something to be done about a machine. There is one at a time, and
// it does no harm twice.
type order struct {
	verb          verb
	worker, queue string
	pid           int
}

// step is one step of a machine's life.
type step struct {
	*life
	s     *sight
	l     Limits
	notes []note
}

// advance moves a machine on by what is seen of it, and says what is to be
// done. It is a pure function of its arguments; m is changed.
func (m *life) advance(s *sight, l Limits) (order, []note) {
	st := &step{life: m, s: s, l: l}
	st.learn()
	if st.s.heard && !st.doubtful() {
		st.sure()
	}
	var o order
	switch m.State {
	case plan.Requested:
		o = st.requested()
	case plan.Building:
		o = st.building()
	case plan.Booting:
		o = st.booting()
	case plan.Ready:
		o = st.ready()
	case plan.Resting:
		o = st.resting()
	case plan.Draining:
		o = st.draining()
	case plan.Deleting:
		o = st.deleting()
	case plan.Warm:
		o = st.warm()
	}
	if o.verb != orderNothing && !o.toCloud() && s.now.Before(m.hush) {
		o = order{}
	}
	return o, st.notes
}

func (st *step) note(e event, loud bool, format string, args ...any) {
	st.notes = append(st.notes, note{event: e, loud: loud, text: fmt.Sprintf(format, args...)})
}

// enter changes the state.
func (m *life) enter(state plan.State, now time.Time, l Limits) {
	m.State, m.Since, m.Deadline, m.overdue = state, now, time.Time{}, time.Time{}
	if d := l.of(state); d > 0 {
		m.Deadline = now.Add(d)
	}
}

func (st *step) to(state plan.State) { st.enter(state, st.s.now, st.l) }

// passed says that the state has lasted for too long.
func (st *step) passed() bool { return !st.Deadline.IsZero() && !st.s.now.Before(st.Deadline) }

// learn takes over what the cloud says, what workers listen to, and since when
// nobody was heard.
func (st *step) learn() {
	if i := st.s.instance; i != nil {
		st.ID = i.ID
		if i.Host != "" {
			st.Host = i.Host
		}
		if len(i.Storage) > 0 {
			st.Storage = i.Storage
		}
	}
	if (st.State == plan.Warm || st.Waking) && st.s.says() == cloud.Halted {
		st.Cancelled = nil // its processes have taken with them what they were told
	}
	for _, w := range st.s.workers {
		for _, q := range append(slices.Clone(w.Queues), st.Cancelled[w.Name]...) {
			if !slices.Contains(st.listened[w.Name], q) {
				if st.listened == nil {
					st.listened = map[string][]string{}
				}
				st.listened[w.Name] = append(st.listened[w.Name], q)
			}
		}
	}
	switch {
	case len(st.s.alive()) > 0:
		st.silentSince = time.Time{}
	case !st.s.heard:
		// Silence of a broker is not silence of a worker.
		if !st.silentSince.IsZero() {
			st.silentSince = st.s.now
		}
	case st.silentSince.IsZero():
		st.silentSince = st.s.now
	}
}

// vanished says that the machine is no more, although nobody asked for that.
// A worker that lives is believed more than a list that lacks its machine.
func (st *step) vanished() bool {
	if st.absent < goneAfter {
		return false
	}
	if len(st.s.alive()) > 0 {
		st.loudly(evUnexpected, "the cloud does not list it any more, but its worker is heard: it is kept")
		return false
	}
	st.note(evLost, true, "the cloud does not list it any more, and nobody here asked for that")
	st.to(Gone)
	return true
}

// loudly says something that goes on, once in ten minutes.
func (st *step) loudly(e event, format string, args ...any) {
	if st.overdue.IsZero() || st.s.now.Sub(st.overdue) >= 10*time.Minute {
		st.overdue = st.s.now
		st.note(e, true, format, args...)
	}
}

// failed has a machine deleted that the cloud has given up.
func (st *step) failed() {
	err := st.s.instance.Fault
	if err == nil {
		err = &cloud.Error{Kind: cloud.Transient, Op: "create", Name: st.Name, Err: errors.New("nobody says why")}
	}
	st.Trouble = st.troubleOf("the cloud says that it failed", err, st.s.now)
	st.end(st.Trouble.String())
	said := &st.notes[len(st.notes)-1]
	said.event, said.err, said.loud = evFault, err, true
}

// end begins the deletion, for a reason.
func (st *step) end(reason string) {
	st.Ending = reason
	st.to(plan.Deleting)
	st.note(evDelete, false, "it is deleted: %s", reason)
}

func (st *step) requested() order {
	if st.Adopt != "" {
		return st.unmarked()
	}
	switch {
	case st.s.says() == cloud.Failed:
		st.failed()
		return order{}
	case len(st.s.alive()) > 0:
		return st.firstHeard()
	case st.s.says() == cloud.Running:
		st.runs()
		return order{}
	case st.Release != nil:
		st.end(st.Release.Reason)
		return order{}
	case st.Attempts == 0 && st.s.refused != "":
		st.note(evGone, false, "the cloud was not asked for it: %s", st.s.refused)
		st.to(Gone)
		return order{}
	case st.passed():
		st.Ending = "the cloud did not take the request in time"
		st.to(plan.Deleting)
		st.note(evRefused, true, "%s", st.Ending)
		return order{}
	case st.s.waits || st.s.now.Before(st.retry):
		return order{}
	}
	st.Attempts++
	st.Tried = st.s.now
	return order{verb: orderCreate}
}

func (st *step) building() order {
	switch {
	case len(st.s.alive()) > 0:
		return st.firstHeard()
	case st.s.says() == cloud.Failed:
		st.failed()
	case st.s.says() == cloud.Running:
		st.runs()
	case st.vanished():
	case st.Release != nil:
		st.end(st.Release.Reason)
	case st.passed() && st.s.listed && !st.Slow:
		st.Slow = true
		st.Deadline = st.s.now.Add(2 * st.l.Building)
		st.note(evSlow, true, "it is slow: after %s the cloud still says %q", plan.Span(st.s.now.Sub(st.Since)), st.s.says())
	case st.passed() && st.s.listed:
		st.end(fmt.Sprintf("it was still %s after %s", st.s.says(), plan.Span(st.s.now.Sub(st.Since))))
	case (st.s.says() == cloud.Halted || st.s.says() == cloud.Suspended) && !st.s.waits && !st.s.now.Before(st.retry) && st.s.now.Sub(st.Tried) >= st.l.Again:
		// Made and not started: whoever made it was interrupted, and goes on.
		st.Attempts++
		st.Tried = st.s.now
		return order{verb: orderCreate}
	}
	return order{}
}

// runs is the step from building to booting.
func (st *step) runs() {
	st.Booted = st.s.now
	st.to(plan.Booting)
	n := note{event: evRunning, text: "it runs"}
	if st.Generation != ancestral {
		n.took = st.s.now.Sub(st.Created)
	}
	st.notes = append(st.notes, n)
}

// firstHeard is the step to ready.
func (st *step) firstHeard() order {
	if st.Booted.IsZero() {
		st.Booted = st.s.now
	}
	n := note{event: evReady, text: fmt.Sprintf("its worker %s is heard, %s after it was asked for", st.s.alive()[0].Name, plan.Span(st.s.now.Sub(st.Created)))}
	if !st.EverReady {
		st.EverReady, st.FirstHeartbeat = true, st.s.now
		if !st.Orphan && st.Generation != ancestral {
			n.took = st.s.now.Sub(st.Created)
		}
	}
	st.Waking, st.Ending, st.Stopped = false, "", time.Time{}
	st.to(plan.Ready)
	st.notes = append(st.notes, n)
	if st.Release != nil { // somebody wanted it gone before it was ready
		st.to(plan.Draining)
	}
	return order{}
}

func (st *step) booting() order {
	switch {
	case st.Waking:
		if st.s.now.Before(st.retry) || st.s.waits {
			return order{}
		}
		st.Tried = st.s.now
		return order{verb: orderWake}
	case len(st.s.alive()) > 0:
		return st.firstHeard()
	case st.s.says() == cloud.Failed:
		st.failed()
	case st.vanished():
	case st.s.says() == cloud.Halted:
		st.end("it was off before its worker was heard")
		if st.Stopped.IsZero() { // nobody here asked for that
			st.notes[len(st.notes)-1].event = evSlacker
		}
	case st.Release != nil && st.s.heard && st.doubtful():
		st.to(plan.Draining)
	case st.Release != nil && st.s.heard:
		st.end(st.Release.Reason)
	case st.passed() && st.s.heard && st.doubtful():
		return st.doubt(st.Deadline)
	case st.passed() && st.s.heard && st.s.listed:
		st.Ending = fmt.Sprintf("it has run for %s, and no worker was ever heard: look at its console, its image and its user data", plan.Span(st.s.now.Sub(st.Booted)))
		st.to(plan.Deleting)
		if st.EverReady { // it was woken
			st.note(evSilent, true, "%s", st.Ending)
		} else {
			st.note(evSlacker, true, "%s", st.Ending)
		}
	}
	return order{}
}

// died says that a machine with workers is no more, or is not worth keeping.
func (st *step) died() bool {
	switch {
	case st.vanished():
	case st.s.dead() && st.s.says() == cloud.Failed:
		st.failed()
	case st.s.dead():
		st.end("it is off, and nobody here asked for that")
	default:
		return false
	}
	return true
}

func (st *step) ready() order {
	if st.died() || st.fellSilent() {
		return order{}
	}
	if st.s.heard && !st.silentSince.IsZero() && st.s.now.Sub(st.silentSince) >= time.Minute {
		st.loudly(evSilent, "none of its workers is heard")
	}
	return st.takeBack()
}

// fellSilent lets a machine go whose workers have all been silent for too long.
func (st *step) fellSilent() bool {
	if !st.silent(st.l.Silent) {
		return false
	}
	st.Release = &Release{Asked: st.s.now, By: byReconcile, Then: ThenDelete,
		Reason: fmt.Sprintf("none of its workers was heard for %s", plan.Span(st.s.now.Sub(st.silentSince)))}
	st.to(plan.Draining)
	st.note(evSilent, true, "%s", st.Release.Reason)
	return true
}

// silent says that all workers have been silent for so long.
func (st *step) silent(d time.Duration) bool {
	return d > 0 && st.s.heard && !st.silentSince.IsZero() && st.s.now.Sub(st.silentSince) >= d
}

// takeBack has workers listen again to what they were told to leave.
func (st *step) takeBack() order {
	for _, w := range st.s.alive() {
		if queues := st.Cancelled[w.Name]; len(queues) > 0 {
			return order{verb: orderAdd, worker: w.Name, pid: w.PID, queue: queues[0]}
		}
	}
	if st.s.heard { // a process that is no more has taken with it what it was told
		st.Cancelled = nil
	}
	return order{}
}
