package plan

import (
	"fmt"
	"time"
)

// Doubt is what is remembered of slots that look free and take no work: workers
// that are heard and do not consume, as Celery's sometimes do after their broker
// was away.
type Doubt struct {
	Since    time.Time // since when tasks wait although slots look free, without a break; zero: they do not
	At       time.Time // when a machine was asked for last because of that
	From, To int       // machines without work before the first of them, and machines wanted since; To 0: slots are believed
}

// ignored takes into memory for how long tasks have waited although slots look
// free. How it was before this instant is kept for doubted: that a task more has come
// makes nobody of those who wait less ignored.
func (g *group) ignored(now time.Time) {
	d := &g.mem.Doubt
	g.ignoredSince = d.Since
	switch {
	case g.p.Demand.Ready <= 0:
		*d, g.ignoredSince = Doubt{}, time.Time{}
	case g.waiting > 0:
		d.Since = time.Time{}
	case d.Since.IsZero():
		d.Since, g.ignoredSince = now, now
	}
}

// doubted is how many machines there should be because tasks wait for longer than
// they should although slots look free; 0: no such thing. Why those slots take nothing
// is not known, and new ones may take nothing either. So it is one machine after
// another, the next one only when the last one is there and has had its time; and
// never more that find no work than would be needed if none of the free slots were any
// good: one slot for each task that waits.
func (g *group) doubted(now time.Time, s *Settings) (int, Reason) {
	d := &g.mem.Doubt
	ready, wait := g.p.Demand.Ready, g.ignoredFor(now)
	old := g.p.Demand.Oldest
	if s.TargetWait <= 0 || ready <= 0 || old > 0 && old < s.TargetWait || g.free() == 0 {
		d.At, d.From, d.To = time.Time{}, 0, 0
		return 0, Reason{}
	}
	doubt := wait >= s.TargetWait && !g.moves(s)
	if old > 0 {
		// A worker that has just come, or is about to fetch a task, needs a moment.
		doubt = wait >= s.gap()
	}
	if have := g.active(); doubt && g.coming == 0 && have >= d.To && (d.At.IsZero() || now.Sub(d.At) >= s.doubtEvery(g.p)) {
		idle := g.workless()
		if d.To == 0 {
			d.From = idle
		}
		if idle < d.From+g.doubtMost() {
			d.At, d.To = now, have+1
		}
	}
	if d.To == 0 {
		return 0, Reason{}
	}
	reason := g.doubtReason(s, max(old, wait))
	if !d.At.Equal(now) {
		g.limits = append(g.limits, reason) // it is said for as long as it lasts
	}
	return d.To, reason
}

// doubtEvery is the time that each machine has to show that it does better.
func (s *Settings) doubtEvery(p *Profile) time.Duration { return max(s.TargetWait, s.startCost(p)) }

// doubtMost is how many machines the tasks that wait could be at work on.
func (g *group) doubtMost() int {
	return machines(float64(min(g.p.Demand.Ready, most)) / g.each)
}

// workless is how many machines could work and are not known to.
func (g *group) workless() int {
	n := 0
	for _, m := range g.available {
		if !m.BusyKnown || m.Busy == 0 {
			n++
		}
	}
	return n
}

func (g *group) ignoredFor(now time.Time) time.Duration {
	if g.ignoredSince.IsZero() {
		return 0
	}
	return now.Sub(g.ignoredSince)
}

// free is how many slots look free, those of static workers as well.
func (g *group) free() int {
	running := min(max(0, g.p.Demand.Running), most)
	return max(0, min(max(0, g.p.StaticSlots), most)+int(g.slots)+g.apart-running)
}

// moves is whether what waits will soon be worked off by those who are at work,
// where nobody knows for how long the first task has waited: then there is always
// something in the queue, and nothing for long.
func (g *group) moves(s *Settings) bool {
	running := max(0, g.p.Demand.Running)
	return running > 0 && float64(g.p.Demand.Ready)*g.p.TaskTime.Seconds() < s.TargetWait.Seconds()*float64(running)
}

func (g *group) doubtReason(s *Settings, wait time.Duration) Reason {
	return Reason{Ignored, fmt.Sprintf("%s, the first for %s, although %s free: these take nothing, so they are not relied upon, and one machine more comes every %s until %d have come without help; find out why those workers take nothing",
		tasks(g.p.Demand.Ready, "waits", "wait"), Span(wait.Truncate(time.Minute)), slotsLook(g.free()), Span(s.doubtEvery(g.p)), g.doubtMost())}
}

func slotsLook(n int) string {
	if n == 1 {
		return "1 slot looks"
	}
	return fmt.Sprintf("%d slots look", n)
}
