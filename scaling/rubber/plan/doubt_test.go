package plan

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// deaf is a queue whose first machines take nothing, plan after plan.
type deaf struct {
	s      *Snapshot
	works  bool // machines that are made later take a task each
	aged   bool // it is known how old tasks are
	starts []time.Time
	most   int
}

// step makes a plan and does what it says; what was asked for two minutes ago is
// there.
func (d *deaf) step() {
	s := d.s
	p := &s.Profiles[0]
	for i := range s.Machines {
		m := &s.Machines[i]
		if m.State == Booting && s.Now.Sub(m.Since) >= 2*time.Minute {
			m.State, m.Since, m.IdleSince = Ready, s.Now, s.Now
		}
		if m.State == Ready && d.works && m.ID[0] == 'n' && m.Busy == 0 && p.Demand.Ready > 0 {
			m.Busy, m.IdleSince = 1, time.Time{}
			p.Demand.Ready, p.Demand.Running = p.Demand.Ready-1, p.Demand.Running+1
		}
	}
	p.Demand.Oldest = 0
	if d.aged && p.Demand.Ready > 0 {
		p.Demand.Oldest = s.Now.Sub(day.Add(-time.Hour))
	}
	plan := Make(s)
	s.Memory = plan.Memory
	for _, l := range plan.Lines {
		switch l.Action {
		case Start:
			for range l.Count {
				d.starts = append(d.starts, s.Now)
				s.Machines = append(s.Machines, Machine{ID: fmt.Sprintf("n%d", len(d.starts)), Profile: p.Name, State: Booting, Since: s.Now, BusyKnown: true})
			}
		case Drain:
			s.Machines = slices.DeleteFunc(s.Machines, func(m Machine) bool { return m.ID == l.Machine })
		}
	}
	d.most = max(d.most, len(s.Machines))
	s.Now = s.Now.Add(5 * time.Second)
}

func newDeaf(ready, machines, static int) *deaf {
	s := &Snapshot{Now: day, Cap: 50, Profiles: []Profile{{Name: "p", Rests: true, StaticSlots: static, BootTime: 2 * time.Minute, TaskTime: time.Minute,
		Demand: Demand{Known: true, Ready: ready}}}}
	for i := range machines {
		s.Machines = append(s.Machines, Machine{ID: fmt.Sprintf("m%d", i), Profile: "p", State: Ready, BusyKnown: true, IdleSince: day.Add(-time.Hour)})
	}
	return &deaf{s: s}
}

// TestDoubtIsBounded: nobody ever takes anything, for a day. There is one machine
// for each task that waits, one after another, and none more; they do not come and go.
func TestDoubtIsBounded(t *testing.T) {
	f := func(ready, machines, static int, aged bool) {
		t.Helper()
		d := newDeaf(ready, machines, static)
		d.aged = aged
		for range 24 * 3600 / 5 {
			d.step()
		}
		if len(d.starts) != ready || d.most != machines+ready {
			t.Errorf("%d tasks, %d machines, %d static slots: %d starts, and %d machines at most; want %d and %d", ready, machines, static, len(d.starts), d.most, ready, machines+ready)
		}
		for i, at := range d.starts {
			if i > 0 && at.Sub(d.starts[i-1]) < DefaultSettings().TargetWait {
				t.Errorf("%d tasks, %d machines, %d static slots: start %d is %v after the one before", ready, machines, static, i, at.Sub(d.starts[i-1]))
			}
		}
		if want := DefaultSettings().TargetWait + time.Minute; len(d.starts) > 0 && d.starts[0].Sub(day) > want {
			t.Errorf("the first start came after %v, want %v at most", d.starts[0].Sub(day), want)
		}
	}
	f(2, 2, 0, true)
	f(2, 2, 0, false)
	f(1, 5, 0, true)
	f(3, 0, 8, true)
	f(3, 0, 8, false)
	f(7, 4, 16, true)
}

// TestDoubtHelps: machines that are made later do work, so every task is taken;
// then nothing is doubted any more.
func TestDoubtHelps(t *testing.T) {
	for _, aged := range []bool{true, false} {
		d := newDeaf(4, 0, 8)
		d.s.Profiles[0].TaskTime = 10 * time.Hour
		d.aged, d.works = aged, true
		for range 3600 / 5 {
			d.step()
		}
		if p := d.s.Profiles[0].Demand; p.Ready != 0 || p.Running != 4 {
			t.Errorf("age known: %v: %d tasks wait and %d run after an hour, want 0 and 4", aged, p.Ready, p.Running)
		}
		if doubt := d.s.Memory.Profiles["p"].Doubt; len(d.starts) != 4 || doubt != (Doubt{}) {
			t.Errorf("age known: %v: %d starts, want 4, and %+v is remembered", aged, len(d.starts), doubt)
		}
	}
}
