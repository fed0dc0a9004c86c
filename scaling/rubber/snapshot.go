package rubber

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"perfmon/scaling/rubber/hear"
	"perfmon/scaling/rubber/plan"
	"perfmon/scaling/rubber/work"
)

// snapshot is what the planner is shown.
func (w *world) snapshot() *plan.Snapshot {
	s := &plan.Snapshot{
		Now: w.now, Cap: w.cfg.Cap, Paused: w.paused.Load(), Mode: w.cfg.Mode, Settings: w.cfg.Settings,
		Deaf: w.o.Hosts != nil && !w.hosts.Complete, Clouds: w.hostsKnown(), Memory: w.memory,
	}
	static := w.static()
	for i := range w.cfg.Profiles {
		p := &w.cfg.Profiles[i]
		s.Profiles = append(s.Profiles, w.asPlanned(p, static[queueKey{p.Broker, p.Queue}]))
	}
	for _, u := range w.all() {
		s.Machines = append(s.Machines, w.machine(u))
	}
	for intent := range w.unread {
		s.Machines = append(s.Machines, plan.Machine{ID: intent, State: plan.Unclear, Since: w.started})
	}
	for key, st := range w.strange {
		s.Machines = append(s.Machines, plan.Machine{ID: key, State: plan.Unclear, Since: st.first})
	}
	slices.SortFunc(s.Machines, func(a, b plan.Machine) int { return strings.Compare(a.ID, b.ID) })
	for i := range w.hosts.Hosts {
		s.Hosts = append(s.Hosts, hostOf(&w.hosts.Hosts[i]))
	}
	for i := range w.hosts.Storage {
		if st := &w.hosts.Storage[i]; st.Slow == hear.Bad || st.Full == hear.Bad {
			s.Storages = append(s.Storages, plan.Storage{UUID: st.UUID, Name: st.Name, Alarmed: true, Alarms: alarmNames(st.Alarms)})
		}
	}
	return s
}

// asPlanned is a profile as the planner is shown it.
func (w *world) asPlanned(p *Profile, fixed staticWork) plan.Profile {
	least, most, _ := p.bounds(w.clock.shown(w.now))
	b := w.brokers[p.Broker]
	out := plan.Profile{
		Name: p.Name, Cloud: p.Cloud, Generation: p.Generation, Share: p.Share, Weight: p.Weight, Min: least, Max: most, Slots: p.Slots,
		Demand: w.demand(p), WorkersUnknown: b == nil || !b.complete, StaticSlots: fixed.slots, StaticBusy: fixed.busy,
		Memory: p.Memory, NetworkBound: p.NetworkBound, Rests: true, Warm: p.Warm,
		NoStart: w.noStart(p), Rival: w.rivalText(p.Cloud), Aside: w.aside(p.Cloud), Ratio: p.Ratio, Threshold: p.Threshold, BootTime: p.BootTime, TaskTime: p.TaskTime,
	}
	if l := w.learned[p.Name]; l != nil {
		// What was measured counts more than what somebody expected.
		out.BootTime = cmp.Or(l.BootTime(0.5), out.BootTime)
		out.TaskTime = cmp.Or(time.Duration(l.Task*float64(time.Second)), out.TaskTime)
		out.Slots = cmp.Or(l.Slots, out.Slots)
	}
	return out
}

// noStart is why no machine of a profile can be asked for now; "": one can.
func (w *world) noStart(p *Profile) string {
	if c := w.clouds[p.Cloud]; c == nil || c.began.IsZero() {
		text := "cloud " + p.Cloud + " has not listed our machines yet"
		if c != nil && c.asker.err != nil {
			text += ": " + withHint(whyOf(c.asker.err))
		}
		return text // there may be as many as allowed
	}
	if w.storeErr != nil {
		return "the store cannot be written: " + w.storeErr.Error()
	}
	if err := w.nameless(); err != nil {
		return err.Error()
	}
	if w.aside(p.Cloud) {
		return asideShort(p.Cloud)
	}
	return w.brakes.refused(w.now, p.Cloud, p.Name)
}

// demand is what is known of a profile's queue.
//
// A task that a worker has is unacknowledged in the queue, or runs in a worker
// that acknowledged it when it began, or both: at least the greater number is
// there.
func (w *world) demand(p *Profile) plan.Demand {
	q, b := w.queues[queueKey{p.Broker, p.Queue}], w.brokers[p.Broker]
	if q == nil || q.at.IsZero() || q.depth.Ready == nil || w.now.Sub(q.at) > w.cfg.Limits.Fresh {
		return plan.Demand{}
	}
	d := plan.Demand{Ready: *q.depth.Ready}
	workers := b != nil && b.complete
	if q.depth.Unacked != nil {
		d.Running = *q.depth.Unacked
	}
	if b != nil {
		d.Running = max(d.Running, w.running(b, p.Queue))
	}
	d.Known = q.depth.Unacked != nil || workers
	if q.depth.Oldest != nil {
		d.Oldest = *q.depth.Oldest
	}
	return d
}

// running is the tasks that workers of a queue say they have.
func (w *world) running(b *brokerView, queue string) int {
	n := 0
	for _, worker := range b.list {
		if !worker.Gone && slices.Contains(worker.Queues, queue) {
			n += tasksOf(worker)
		}
	}
	for _, u := range w.units { // those that have left it still have its tasks
		if u.Queue != queue || len(u.Cancelled) == 0 {
			continue
		}
		for _, worker := range u.workers {
			if !worker.Gone && !slices.Contains(worker.Queues, queue) {
				n += tasksOf(worker)
			}
		}
	}
	return n
}

func tasksOf(worker work.Worker) int {
	n := 0
	if worker.Active != nil {
		n = *worker.Active
	}
	if worker.Reserved != nil {
		n += *worker.Reserved
	}
	return n
}

// staticWork is the capacity of a queue that is none of ours.
type staticWork struct{ slots, busy int }

// static sums the workers that run on no machine of ours, by queue.
func (w *world) static() map[queueKey]staticWork {
	ours := map[string]bool{}
	for _, u := range w.units {
		for _, worker := range u.workers {
			ours[worker.Name] = true
		}
	}
	sums := map[queueKey]staticWork{}
	for name, b := range w.brokers {
		for _, worker := range b.list {
			if worker.Gone || ours[worker.Name] {
				continue
			}
			for _, q := range worker.Queues {
				sum := sums[queueKey{name, q}]
				sum.slots += worker.Slots
				if worker.Active != nil {
					sum.busy += *worker.Active
				}
				sums[queueKey{name, q}] = sum
			}
		}
	}
	return sums
}

// machine is a machine as the planner is shown it.
func (w *world) machine(u *unit) plan.Machine {
	m := plan.Machine{
		ID: u.Intent, Profile: u.Profile, State: u.State, Since: u.Since, Generation: u.Generation, Host: u.Host, Storage: u.Storage,
		Slots: u.slots, Busy: u.busy, BusyKnown: u.known, IdleSince: u.idle, EverReady: u.EverReady, Protected: u.Protect != "" || w.grip(u) != held,
	}
	if !u.doubted.IsZero() { // what it can do counts as done by a worker that is none of ours
		m.State = plan.Unclear
		return m
	}
	if r := u.Release; r != nil && u.State == plan.Draining {
		switch {
		case r.Then == ThenPark:
			m.State, m.Leaving = plan.Parking, !r.Shutdown.IsZero()
		case !r.Shutdown.IsZero() || u.Forced:
			m.State = plan.Deleting // no way back
		}
	}
	if r := u.Release; r != nil && r.By != byPlan {
		m.Leaving = true
	}
	return m
}

// hostOf is a host as the planner is shown it.
func hostOf(h *hear.Host) plan.Host {
	return plan.Host{
		UUID: h.UUID, Name: h.Name, Silent: h.Silent, FreeMemory: h.FreeMemory,
		Alarmed:     h.Contended == hear.Bad || h.MemoryShort == hear.Bad || h.DiskSlow == hear.Bad || h.InDanger == hear.Bad,
		MemoryShort: h.MemoryShort == hear.Bad, NetworkSaturated: h.NetworkSaturated == hear.Bad, Alarms: alarmNames(h.Alarms),
	}
}

// alarmNames are what fires, for sentences.
func alarmNames(alarms []hear.Alarm) []string {
	var names []string
	for _, a := range alarms {
		if a.Mark == hear.Bad && a.Effect != hear.Advise && !slices.Contains(names, a.Variable) {
			names = append(names, a.Variable)
		}
	}
	return names
}
