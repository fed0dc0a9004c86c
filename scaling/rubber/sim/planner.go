package sim

import (
	"fmt"
	"time"

	"perfmon/scaling/rubber/plan"
)

// planner is plan.Make, with the very snapshots that the controller would make.
type planner struct {
	settings plan.Settings
	memory   plan.Memory
	snapshot plan.Snapshot
	byID     map[string]*machine
	ids      map[int]string
}

func (p *planner) every() time.Duration { return p.settings.Interval }

// epoch is when each simulated day begins.
var epoch = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)

func (p *planner) step(w *world) {
	p.look(w)
	result := plan.Make(&p.snapshot)
	p.memory = result.Memory
	for _, l := range result.Lines {
		p.act(w, l)
	}
	for q := range w.wait {
		w.hand(q)
	}
}

// look makes a snapshot. What a task takes is learned from those that are done;
// what a boot takes is as if learned on the days before.
func (p *planner) look(w *world) {
	s := &p.snapshot
	s.Now, s.Cap, s.Settings, s.Memory = epoch.Add(w.now), w.o.Cap, p.settings, p.memory
	s.Profiles, s.Machines = s.Profiles[:0], s.Machines[:0]
	if p.byID == nil {
		p.byID, p.ids = map[string]*machine{}, map[int]string{}
	}
	for q, name := range w.names {
		running, _, _ := w.running(q)
		profile := plan.Profile{Name: name, Slots: w.o.Slots, Rests: true, BootTime: w.o.Boot,
			Demand: plan.Demand{Known: true, Ready: len(w.wait[q]), Running: running}}
		if w.runDone[q] > 0 {
			profile.TaskTime = w.runSum[q] / time.Duration(w.runDone[q])
		}
		s.Profiles = append(s.Profiles, profile)
		for _, m := range w.alive[q] {
			s.Machines = append(s.Machines, p.machine(w, name, m))
		}
	}
}

func (p *planner) machine(w *world, profile string, m *machine) plan.Machine {
	id, ok := p.ids[m.id]
	if !ok {
		id = fmt.Sprintf("m%06d", m.id)
		p.ids[m.id], p.byID[id] = id, m
	}
	out := plan.Machine{ID: id, Profile: profile, State: plan.Booting, Since: epoch.Add(m.asked)}
	if m.state == working {
		out.State, out.Since, out.EverReady = plan.Ready, epoch.Add(m.ready), true
		if m.resting {
			out.State = plan.Resting
		}
		out.Slots, out.Busy, out.BusyKnown = w.o.Slots, len(m.tasks), true
		if len(m.tasks) == 0 {
			out.IdleSince = epoch.Add(m.idle)
		}
	}
	return out
}

// act does one line. A drained machine is empty, and is gone at once.
func (p *planner) act(w *world, l plan.Line) {
	m := p.byID[l.Machine]
	switch l.Action {
	case plan.Start:
		for range l.Count {
			w.launch(w.index[l.Profile])
		}
	case plan.Rest:
		m.resting = true
	case plan.Resume:
		m.resting = false
	case plan.Drain:
		delete(p.byID, l.Machine)
		delete(p.ids, m.id)
		w.remove(m)
	}
}
