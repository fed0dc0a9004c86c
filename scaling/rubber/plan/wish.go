package plan

import (
	"fmt"
	"math"
	"time"
)

// wishNormal is how many machines a profile should have, whatever the limits.
//
//	base  = R + β·√R                        spare capacity by square-root staffing (Halfin and Whitt 1981)
//	late  = (W − (n − R)·B/S) / (1 + l·B/S)  of W that wait, or will if a rise goes on, those still there when a
//	                                        machine asked for now is ready: n slots work off n·B/S tasks of length S in
//	                                        boot time B, of which R·B/S come anew; each new one takes some after another,
//	                                        and one alone (l = 0) where a crowd comes
//	wish  = max(base, n + late, 1 if there is any work)
//	keep  = max(wish, base, highest demand within T)
//
// with T what a start costs. Were work always given to the machine that was idle
// last, the machine of rank k would have been idle since demand was k for the last
// time; so keep is the ski-rental rule (Lu and Chen 2012: at most twice the cost of
// the best) and needs no such order among workers of one slot. Those of more slots
// are told to rest, so that work comes together on the others.
func (g *group) wishNormal(now time.Time, s *Settings) {
	load := g.load(s)
	base := (load + s.Beta*math.Sqrt(load)) / g.each
	g.wish = machines(base - s.Hysteresis)
	g.keep = max(machines(base-s.Slack), machines(float64(g.peak)/g.each))
	if g.wish > 0 {
		g.up = append(g.up, Reason{Spare, fmt.Sprintf("a load of %s tasks at once needs %d %s, spare capacity included", number(load), g.wish, machinesWord(g.wish))})
	}
	if late, reason := g.late(now, s); late > 0 {
		if n := machines((g.slots + late) / g.each); n > g.wish {
			g.wish, g.up = n, []Reason{reason}
		}
	}
	// What is there is wanted as long as there is work for it, and what is on its way
	// out is taken back: that costs nothing.
	if n := min(machines(float64(g.demand)/g.each), len(g.available)+len(g.resumable())); n > g.wish {
		g.wish, g.up = n, []Reason{{Demanded, tasks(g.demand, "waits or runs", "wait or run")}}
	}
	if g.demand > 0 && g.wish == 0 {
		g.wish = 1
		g.up = []Reason{{Activated, fmt.Sprintf("there is work and no machine for it: %s", tasks(g.demand, "waits or runs", "wait or run"))}}
	}
	if n, reason := g.doubted(now, s); n > g.wish {
		g.wish, g.up = n, []Reason{reason}
	}
	g.keep = max(g.keep, g.wish)
	peak := "nothing to do"
	if g.peak > 0 {
		peak = "no more to do than " + tasks(g.peak, "", "") + " at once"
	}
	g.down = []Reason{{Idle, fmt.Sprintf("there was %s within the last %s, the time that a new start would cost", peak, g.patienceText(s))}}
}

func (g *group) patienceText(s *Settings) string { return Span(s.patience(g.p)) }

// late is how many of the waiting tasks need machines that are not there.
func (g *group) late(now time.Time, s *Settings) (float64, Reason) {
	if g.waiting == 0 {
		return 0, Reason{}
	}
	boot, task := s.startCost(g.p).Seconds(), g.p.TaskTime.Seconds()
	crowd := g.crowd(now, s)
	waiting := float64(g.waiting) + max(g.rise, crowd)
	if wait := g.wait(now); wait >= s.TargetWait && s.TargetWait > 0 {
		return waiting, Reason{Waited, fmt.Sprintf("%s, the first for about %s, and none should wait longer than %s", tasks(g.waiting, "waits", "wait"), Span(wait), Span(s.TargetWait))}
	}
	done := 0.0
	if task > 0 {
		done = max(0, g.slots-max(g.mem.Load, g.mem.Mean)) * boot / task
	}
	left := waiting - done
	if left <= 0 {
		return 0, Reason{}
	}
	among := ""
	if crowd > 0 {
		among = ", counting as many again as have come of late, since they come for longer than a batch would"
	} else if g.rise > 0 {
		among = fmt.Sprintf(", counting those that will have come if demand goes on to rise as within the last %d plans", steps)
	}
	reason := Reason{Demanded, fmt.Sprintf("%s, %s can run at once, and %s would still wait when a machine asked for now is ready%s",
		tasks(g.demand, "waits or runs", "wait or run"), number(g.slots), number(math.Ceil(left)), among)}
	if task > 0 && crowd == 0 {
		left /= 1 + s.Lateness*boot/task
	}
	return left, reason
}

// wait is how long the first task has waited. Where that is not known, it is for
// how long there have been waiting tasks, or how long the last one will wait if that
// is less.
func (g *group) wait(now time.Time) time.Duration {
	if g.p.Demand.Oldest > 0 {
		return g.p.Demand.Oldest
	}
	return now.Sub(g.mem.WaitingSince)
}

// bound takes floor and ceiling into account, and what is not known.
func (g *group) bound(set *Settings) {
	low, high := max(0, g.p.Min), g.p.Max
	if high <= 0 {
		high = math.MaxInt
	}
	low = min(low, high)
	g.floor = min(low, most)
	if !g.known {
		// What is there stays, and the floor is the operator's, not demand's.
		g.wish = low
		if low > 0 {
			g.up = []Reason{{Floor, fmt.Sprintf("at least %d %s configured", low, isAre(low))}}
		}
		g.want, g.keep = low, max(low, g.have)
		if !g.gone {
			g.limits = append(g.limits, Reason{UnknownDemand, "nobody knows how much work there is, so nothing is let go and nothing but the floor is asked for"})
		} else {
			g.keep = 0
			g.down = []Reason{{ProfileGone, fmt.Sprintf("no profile %q is configured any more", g.p.Name)}}
		}
		return
	}
	g.want = min(g.wish, high)
	if g.want < g.wish {
		g.limits = append(g.limits, Reason{AtMax, fmt.Sprintf("%d would be needed, and the most is %d", g.wish, high)})
	}
	if g.want < low {
		g.want = low
		g.up = []Reason{{Floor, fmt.Sprintf("at least %d %s configured", low, isAre(low))}}
	}
	g.keep = max(g.keep, g.want)
	if !g.covered {
		g.keep = max(g.keep, len(g.available))
		if len(g.available) > g.want {
			g.limits = append(g.limits, Reason{UnknownDemand, fmt.Sprintf("demand has not been watched for %s yet, so nothing is let go", g.patienceText(set))})
		}
	}
	if g.p.WorkersUnknown {
		g.keep = max(g.keep, len(g.available))
		g.limits = append(g.limits, Reason{UnknownWorkers, "nobody knows who works, so nothing is let go"})
		return
	}
	if g.keep > high {
		g.keep = high
		g.down = []Reason{{Ceiling, fmt.Sprintf("at most %d %s configured", high, isAre(high))}}
	}
}

// extra adds machines that no task asks for: to replace old ones, and to fill
// the warm pool.
func (g *group) extra(s *Settings) {
	if !g.known || g.p.WorkersUnknown || g.p.NoStart != "" {
		return
	}
	old := 0
	for _, m := range g.available {
		if g.old(m) && !m.Protected {
			old++
		}
	}
	g.swap = min(old, max(0, s.ReplaceAtOnce-g.oldGoing))
	g.wakes = min(len(g.wakeable()), max(0, g.want+g.swap-g.active()-len(g.resumable())))
	parking := g.parking
	list := g.resumable()
	for _, m := range list[:min(len(list), max(0, g.want-g.active()))] {
		if m.State == Parking {
			parking--
		}
	}
	g.more = g.swap + max(0, g.p.Warm-len(g.warm)-parking+g.wakes)
	if g.p.Max > 0 {
		g.more = min(g.more, max(0, g.p.Max-g.want))
	}
}

// machines is a number of them, rounded up, of a computed one.
func machines(x float64) int {
	if !(x > 0) {
		return 0
	}
	return int(math.Ceil(min(x, most) - 1e-9))
}
