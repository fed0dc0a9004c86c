package rubber

import (
	"strings"
	"testing"
	"time"

	"perfmon/scaling/rubber/plan"
	"perfmon/scaling/rubber/work"
)

// TestMisnamedWorker has workers whose names do not lead to their machines: none
// is taken for a slacker, none is killed, no start counts as one that failed, and
// all of them are gone when there is nothing to do any more.
func TestMisnamedWorker(t *testing.T) {
	inTime(t, nil, func(r *rig) {
		r.shop.do(func() { r.shop.misnamed = true })
		r.shop.add("q", 2, 3*time.Hour)
		r.after(30 * time.Minute)
		s := r.c.Status()
		r.want(len(s.Machines) == 2 && r.states()[plan.Booting] == 2, "machines: %v", r.states())
		for _, m := range s.Machines {
			r.want(m.Trouble != nil && strings.Contains(m.Trouble.Text, "celery@fixed-") && strings.Contains(m.Trouble.Hint, "celery_name"), "trouble: %+v", m.Trouble)
		}
		e, err := r.c.Explain("q")
		r.want(err == nil && strings.Contains(e.String(), "it is left alone"), "explained: %s, %v", e, err)
		r.want(len(s.Brakes) == 0, "brakes: %+v", s.Brakes)
		said := 0
		for _, d := range r.c.Decisions(0) {
			if d.Event == string(evUnnamed) && d.Loud && strings.Contains(d.Text, "celery_name") {
				said++
			}
			r.want(d.Event != string(evSlacker), "a slacker: %+v", d)
		}
		r.want(said == 2, "said %d times of 2 machines", said)
		r.after(4 * time.Hour)
		r.want(r.shop.done == 2, "%d of 2 tasks were done", r.shop.done)
		r.after(2 * time.Hour)
		r.want(len(r.world.Machines()) == 0, "machines are left: %v", r.states())
		r.want(len(r.c.Status().Brakes) == 0, "brakes: %+v", r.c.Status().Brakes)
	})
}

// TestStrays are the workers that may be a machine's.
func TestStrays(t *testing.T) {
	now := time.Now()
	zero, one := 0, 1
	worker := func(f func(*work.Worker)) work.Worker {
		w := work.Worker{Name: "w@fixed", Host: "fixed", Queues: []string{"q"}, Active: &zero, FirstSeen: now, IdleSince: now}
		f(&w)
		return w
	}
	for _, c := range []struct {
		name        string
		w           work.Worker
		stray, idle bool
	}{
		{"of the queue", worker(func(*work.Worker) {}), true, true},
		{"of queues that are not known", worker(func(w *work.Worker) { w.Queues = nil }), true, true},
		{"of another queue", worker(func(w *work.Worker) { w.Queues = []string{"other"} }), false, false},
		{"heard before the machine was asked for", worker(func(w *work.Worker) { w.FirstSeen = now.Add(-time.Hour) }), false, false},
		{"named as the machine", worker(func(w *work.Worker) { w.Name, w.Host = "w@m", "m" }), false, false},
		{"at work", worker(func(w *work.Worker) { w.Active, w.IdleSince = &one, time.Time{} }), true, false},
		{"has fetched a task", worker(func(w *work.Worker) { w.Reserved = &one }), true, false},
		{"silent", worker(func(w *work.Worker) { w.Gone = true }), true, false},
	} {
		v := &brokerView{list: []work.Worker{c.w}}
		w := &world{cfg: &Config{Profiles: []Profile{{Name: "q", Queue: "q", Broker: "b"}}}, clock: newClock(time.Now), brokers: map[string]*brokerView{"b": v}}
		u := &unit{life: life{Record: Record{Profile: "q", Queue: "q", Name: "m", State: plan.Booting, Deadline: w.clock.now(), Created: w.clock.now().Add(-5 * time.Minute)}}}
		w.units, w.now = map[string]*unit{"i": u}, w.clock.now()
		w.match()
		list := w.strays(u)
		if len(list) > 0 != c.stray || c.stray && list[0].idle.IsZero() == c.idle {
			t.Errorf("%s: %+v", c.name, list)
		}
		u.EverReady = true
		if list := w.strays(u); len(list) > 0 {
			t.Errorf("%s: of a machine that was ready: %+v", c.name, list)
		}
	}
}
