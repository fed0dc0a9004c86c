package rubber

import (
	"slices"
	"sync"
	"time"

	"perfmon/scaling/rubber/cloud"
	"perfmon/scaling/rubber/plan"
)

// Decision is one line of the feed: something that was decided, or that
// happened to a machine.
type Decision struct {
	At      time.Time
	Event   string // in a word, as in metrics
	Profile string // "": of no profile
	Machine string // intent; "": of no machine
	Name    string // of the machine
	Text    string // one sentence
	Loud    bool   // an operator should see it
}

// PlanView is what one plan saw and wanted, for a page that draws it.
type PlanView struct {
	At      time.Time
	Targets []TargetView // in the order of names
	Lines   []plan.Line  // what was to be done, Hold left out
}

// TargetView is a profile in a plan.
type TargetView struct {
	plan.Target
	Known          bool // whether the following two were known
	Waits, Running int  // tasks
	Oldest         time.Duration
	Slots          int // of machines that take work, and of static workers
}

const (
	feedLength  = 1000 // decisions
	plansLength = 720  // plans: an hour at 5 s
)

// ring keeps the last of many. Its methods may be called by several goroutines
// at once.
type ring[T any] struct {
	mu    sync.Mutex
	most  int
	items []T // oldest first
}

func (r *ring[T]) add(item T) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.items) >= 2*r.most { // seldom, so that it costs little
		r.items = slices.Clone(r.items[len(r.items)-r.most+1:])
	}
	r.items = append(r.items, item)
}

// last is the last n, oldest first; n below 1 is all.
func (r *ring[T]) last(n int) []T {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n < 1 || n > r.most {
		n = r.most
	}
	return slices.Clone(r.items[max(0, len(r.items)-n):])
}

// noted takes in what happened to a machine: for the feed, the metrics, what is
// learned, and the brakes.
func (w *world) noted(u *unit, n note) {
	w.c.metrics.event(u, n)
	if n.event != evError || n.loud { // a retry is in the status
		w.c.feed.add(Decision{At: w.clock.shown(w.now), Event: string(n.event), Profile: u.Profile, Machine: u.Intent, Name: u.Name, Text: n.text, Loud: n.loud})
	}
	log := w.log.With("machine", u.Name, "intent", u.Intent, "profile", u.Profile)
	if n.loud {
		log.Warn(n.text)
	} else if n.event != evError {
		log.Info(n.text)
	}
	switch n.event {
	case evFault:
		if u.Generation != ancestral { // else it says nothing about machines that we make
			host := u.Host
			if u.EverReady || cloud.KindOf(n.err) != cloud.Capacity && cloud.KindOf(n.err) != cloud.Transient {
				host = ""
			}
			w.brakes.hit(w.now, u.Cloud, u.Profile, host, n.err, true, u.Name, u.ID)
		}
	case evRunning:
		w.brakes.ran(u.Cloud, u.Profile, u.Tried)
	case evReady:
		w.brakes.worked(u.Cloud, u.Profile, u.Tried)
		w.learnedOf(u.Profile).boot(n.took)
	case evSlacker:
		w.brakes.slacker(w.now, u.Cloud, u.Profile, "the last machine ran, and no worker of it was ever heard")
	}
}

// rememberPlan keeps what the page draws.
func (c *Controller) rememberPlan(w *world) {
	v := PlanView{At: w.clock.shown(w.planned)}
	status := c.Status()
	for _, t := range w.lastPlan.Targets {
		tv := TargetView{Target: t}
		if p := status.Profile(t.Profile); p != nil {
			tv.Known, tv.Waits, tv.Running, tv.Oldest, tv.Slots = p.DemandKnown, p.Waits, p.Running, p.Oldest, p.Slots+p.StaticSlots
		}
		v.Targets = append(v.Targets, tv)
	}
	for _, line := range w.lastPlan.Lines {
		if line.Action != plan.Hold {
			v.Lines = append(v.Lines, line)
		}
	}
	c.plans.add(v)
}
