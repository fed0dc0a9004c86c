package rubber

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"perfmon/scaling/rubber/cloud"
	"perfmon/scaling/rubber/plan"
	"perfmon/scaling/rubber/work"
)

// stray is a worker whose name leads to no machine of ours, and which may be
// that of a machine of which no worker was ever heard.
type stray struct {
	name  string
	since time.Time // when it was first heard
	idle  time.Time // since when it has nothing to do; zero: it is at work, or nobody knows
}

// strayMargin is how much earlier than a machine was asked for its worker may
// seem to have been heard: a cloud's clock says when some machines were made.
const strayMargin = time.Minute

// strays are the workers that may be a machine's although their names do not
// say so: on no machine that is known, listening to its queue or not known to
// what, and not heard before it was asked for. One that fell silent counts for
// as long as it is remembered, as it may be at work.
func (w *world) strays(u *unit) []stray {
	if u.EverReady || !u.mayEnd(w.now) {
		return nil
	}
	p := w.profile(u.Profile)
	var list []stray
	since := u.Created
	if c := w.clouds[u.Cloud]; c != nil && c.byID[u.ID] != nil {
		if made := c.byID[u.ID].Created; !made.IsZero() && made.Before(since) {
			since = made // of one whose record is younger than it
		}
	}
	for name, b := range w.brokers {
		if p != nil && p.Broker != name {
			continue
		}
		for i := range b.unnamed {
			worker := &b.unnamed[i]
			if w.clock.of(worker.FirstSeen).Before(since.Add(-strayMargin)) || !mayServe(worker, u.Queue) {
				continue
			}
			one := stray{name: worker.Name, since: w.clock.of(worker.FirstSeen)}
			if !worker.Gone && worker.Active != nil && tasksOf(*worker) == 0 {
				one.idle = w.clock.of(worker.IdleSince)
			}
			list = append(list, one)
		}
	}
	slices.SortFunc(list, func(a, b stray) int { return strings.Compare(a.name, b.name) })
	return list
}

// mayEnd says whether a machine may be about to end: only then is it asked who
// else may be there, of whom there can be many.
func (m *life) mayEnd(now time.Time) bool {
	switch m.State {
	case plan.Draining, plan.Deleting:
		return true
	case plan.Booting:
		return m.Release != nil || !m.doubted.IsZero() || !m.Deadline.IsZero() && !now.Before(m.Deadline)
	}
	return false
}

// mayServe says whether a worker may be there for a queue.
func mayServe(worker *work.Worker, queue string) bool {
	return worker.Queues == nil || queue == "" || slices.Contains(worker.Queues, queue)
}

// doubtful says that a machine of which no worker was ever heard may have one
// all the same: there are some of whom nobody knows where they are. It must not
// be killed then. One that was still building when the cloud was last asked has
// none of those who had been heard before.
func (st *step) doubtful() bool {
	if st.EverReady || st.Forced || st.Proven || len(st.s.strays) == 0 || len(st.s.alive()) > 0 {
		return false
	}
	switch st.s.says() {
	case cloud.Running, cloud.Unknown:
		return true
	case cloud.Building:
		return slices.ContainsFunc(st.s.strays, func(one stray) bool { return !one.since.Before(st.s.began) })
	}
	return false
}

// doubt leaves a machine alone that may have a worker of another name, and says
// so. In the end it is asked to shut down, which lets a worker finish: after as
// long as a silent one, when none of those who may be its worker has anything to
// do, or whatever they do after as long as a lost one. It is deleted when it is
// off, or when nobody has had anything to do for long and it still is not.
func (st *step) doubt(since time.Time) order {
	if st.doubted.IsZero() {
		st.doubted, st.overdue = st.s.now, st.s.now
		st.note(evUnnamed, true, "%s; %s", st.doubtText(), doubtHint)
	} else {
		st.loudly(evUnexpected, "%s; %s", st.doubtText(), doubtHint)
	}
	if st.Trouble == nil {
		st.Trouble = &Trouble{Kind: cloud.Invalid.String(), Text: st.doubtText(), Hint: doubtHint, At: st.s.now}
	}
	long := st.s.now.Sub(since)
	lost := st.l.Lost > 0 && long >= st.l.Lost
	switch {
	case st.s.instance == nil: // there is nothing to be asked about it
	case lost && !st.Stopped.IsZero() && st.s.now.Sub(st.Stopped) >= st.l.Stop && st.straysIdle(st.l.Empty):
		st.Forced = true // nothing of it can be proven any more
		st.end(fmt.Sprintf("it has run for %s, its guest did not shut down, and whoever may be its worker has had nothing to do for %s", plan.Span(long), plan.Span(st.l.Empty)))
		st.notes[len(st.notes)-1].loud = true
	case long >= st.l.Silent && (lost || st.straysIdle(0)) && st.s.now.Sub(st.Stopped) >= st.l.Silent && st.l.Stop > 0 && !st.s.now.Before(st.retry):
		return order{verb: orderStop}
	}
	return order{}
}

// straysIdle says that whoever may be its worker has had nothing to do for so
// long.
func (st *step) straysIdle(d time.Duration) bool {
	for _, one := range st.s.strays {
		if one.idle.IsZero() || st.s.now.Sub(one.idle) < d {
			return false
		}
	}
	return true
}

const doubtHint = "have workers named after their machines (what stands behind the @ of celery_name or -n is the machine's name), or drain it by force if it is dead"

func (st *step) doubtText() string {
	names := make([]string, 0, 3)
	for _, one := range st.s.strays[:min(3, len(st.s.strays))] {
		names = append(names, one.name)
	}
	text := strings.Join(names, ", ")
	if more := len(st.s.strays) - len(names); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	verb := "is on no machine that is known and may be"
	if len(st.s.strays) > 1 {
		verb = "are on no machine that is known, and one may be"
	}
	return fmt.Sprintf("no worker bears its name, and %s %s its: it is left alone", text, verb)
}

// sure ends a doubt: its worker is heard, or nobody is left who may be it.
func (m *life) sure() {
	if m.doubted.IsZero() {
		return
	}
	m.doubted = time.Time{}
	if m.Trouble != nil && m.Trouble.Hint == doubtHint {
		m.Trouble = nil
	}
}
