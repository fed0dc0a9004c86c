package api

import (
	"time"

	"perfmon/scaling/rubber"
	"perfmon/scaling/rubber/hear"
	"perfmon/scaling/rubber/plan"
)

// Of what should not be at all, the first are told and the others counted.
const maxStrange = 100

// statusOf says in JSON what the controller knows, with the first machines of
// a crowd, and the named one.
func statusOf(c *crowd, machines int, named string) *Status {
	s := c.of
	out := &Status{
		API: Version1, At: s.At, Role: string(s.Role), Since: s.Since, Problem: s.Problem, Paused: s.Paused, Reason: s.Reason,
		Cap: s.Cap, Turns: s.Turns, Profiles: []Profile{}, Machines: []Machine{}, Clouds: sourcesOf(s.Clouds), Brokers: sourcesOf(s.Brokers),
		MachineCount: len(c.order), MachineStates: c.states, InTrouble: c.trouble, Hosts: []Host{}, Storage: []Storage{}, Hearing: []Hearing{}, Brakes: []Brake{},
		Rivals: []Rival{}, Strange: []Strange{}, StrangeCount: len(s.Strange), Unread: append([]string{}, s.Unread[:min(len(s.Unread), maxStrange)]...), UnreadCount: len(s.Unread),
	}
	if s.Store != "" && out.Problem == "" {
		out.Problem = s.Store
	}
	for i := range s.Profiles {
		out.Profiles = append(out.Profiles, profileOf(&s.Profiles[i]))
	}
	for _, m := range c.first(machines, named) {
		out.Machines = append(out.Machines, machineOf(m))
	}
	for i := range s.Hosts.Hosts {
		h := hostOf(&s.Hosts.Hosts[i])
		h.Machines = c.on(h.UUID, h.Name)
		out.Hosts = append(out.Hosts, h)
	}
	for i := range s.Hosts.Storage {
		out.Storage = append(out.Storage, storageOf(&s.Hosts.Storage[i]))
	}
	for _, d := range s.Hosts.Drivers {
		out.Hearing = append(out.Hearing, Hearing{Name: d.Name, Connected: d.Connected, Complete: d.Complete, Error: d.Err})
	}
	for _, b := range s.Brakes {
		out.Brakes = append(out.Brakes, Brake{b.Cloud, b.Profile, b.Kind, b.Text, b.Hint, b.Since, b.Until, b.Fails})
	}
	for _, r := range s.Rivals {
		out.Rivals = append(out.Rivals, Rival{r.Cloud, r.Store, r.ID, r.Name, r.Since, r.Aside, r.Text})
	}
	for _, x := range s.Strange[:min(len(s.Strange), maxStrange)] {
		out.Strange = append(out.Strange, Strange{x.Cloud, x.ID, x.Name, x.Since, x.Reason, instant(x.Until)})
	}
	return out
}

func profileOf(p *rubber.ProfileStatus) Profile {
	out := Profile{
		Name: p.Name, Queue: p.Queue, Broker: p.Broker, Cloud: p.Cloud, Generation: p.Generation, Error: p.DemandError,
		Slots: p.Slots, Busy: p.Busy, Static: p.StaticSlots, StaticBusy: p.StaticBusy,
		Want: p.Target.Want, Wish: p.Target.Wish, Limit: p.Target.Limit, Have: p.Target.Have,
		States: map[string]int{}, Min: p.Min, Max: p.Max, Reasons: append([]string{}, p.Reasons...), Blocked: p.Blocked,
		TaskS: seconds(p.TaskTime),
	}
	for state, n := range p.States {
		out.States[string(state)] = n
	}
	if p.DemandKnown {
		out.Waits, out.Running = &p.Waits, &p.Running
		out.OldestS = seconds(p.Oldest)
	}
	if p.BootCount > 0 {
		out.BootP50S, out.BootP95S = seconds(p.BootP50), seconds(p.BootP95)
	}
	if p.Arrivals >= 0 {
		out.ArrivalsS = &p.Arrivals
	}
	return out
}

func machineOf(m *rubber.MachineStatus) Machine {
	out := Machine{
		Intent: m.Intent, Name: m.Name, ID: m.ID, Profile: m.Profile, Cloud: m.Cloud, State: string(m.State), Says: m.Says,
		AgeS: m.Age.Seconds(), Overdue: m.Overdue, Host: m.Host, Generation: m.Generation, Workers: append([]string{}, m.Workers...),
		Slots: m.Slots, IdleSince: instant(m.IdleSince), Created: m.Created, Doing: m.Doing, Protected: m.Protect, LeftAlone: m.LeftAlone, Ending: m.Ending, Tries: m.Tries,
	}
	if m.BusyKnown {
		out.Busy = &m.Busy
	}
	if m.Release != nil {
		out.Released = m.Release.Reason
	}
	if m.Trouble != nil {
		out.Trouble, out.Hint = m.Trouble.Text, m.Trouble.Hint
	}
	return out
}

func sourcesOf(list []rubber.SourceStatus) []Source {
	out := []Source{}
	for _, s := range list {
		out = append(out, Source{s.Name, s.OK, instant(s.Good), s.Error, s.Fails, instant(s.Next), s.Count})
	}
	return out
}

func hostOf(h *hear.Host) Host {
	out := Host{UUID: h.UUID, Name: h.Name, Silent: h.Silent, Bad: []string{}, Free: h.FreeMemory, Total: h.TotalMemory}
	for _, m := range []struct {
		mark   hear.Mark
		effect hear.Effect
	}{{h.Contended, hear.Contended}, {h.MemoryShort, hear.Memory}, {h.NetworkSaturated, hear.Network}, {h.DiskSlow, hear.Disk}, {h.InDanger, hear.Danger}} {
		if m.mark == hear.Bad {
			out.Bad = append(out.Bad, string(m.effect))
		}
	}
	out.Alarms = alarmsOf(h.Alarms)
	return out
}

func storageOf(st *hear.Storage) Storage {
	out := Storage{UUID: st.UUID, Name: st.Name, Hosts: append([]string{}, st.Hosts...), Bad: []string{}, LatencyS: st.Latency, Size: st.Size, Used: st.Used, Alarms: alarmsOf(st.Alarms)}
	if st.Slow == hear.Bad {
		out.Bad = append(out.Bad, "slow")
	}
	if st.Full == hear.Bad {
		out.Bad = append(out.Bad, "full")
	}
	return out
}

func alarmsOf(list []hear.Alarm) []Alarm {
	out := []Alarm{}
	for i := range list {
		a := &list[i]
		out = append(out, Alarm{a.Class, a.Object, a.Name, a.Variable, a.Severity, string(a.Effect), a.Mark == hear.Bad, a.Value})
	}
	return out
}

func planOf(p *rubber.PlanView) Plan {
	out := Plan{At: p.At, Targets: []Target{}, Lines: linesOf(p.Lines)}
	for i := range p.Targets {
		t := &p.Targets[i]
		one := Target{
			Profile: t.Profile, Slots: t.Slots, Want: t.Want, Wish: t.Wish, Limit: t.Limit, Have: t.Have, Ready: t.Ready,
			Coming: t.Coming, Resting: t.Resting, Load: t.Load,
		}
		if t.Known {
			one.Waits, one.Running, one.OldestS = &t.Waits, &t.Running, seconds(t.Oldest)
		}
		out.Targets = append(out.Targets, one)
	}
	return out
}

func linesOf(lines []plan.Line) []Line {
	out := []Line{}
	for _, l := range lines {
		one := Line{Action: string(l.Action), Profile: l.Profile, Machine: l.Machine, Count: l.Count, Avoid: l.Avoid, Prefer: l.Prefer, AvoidStorage: l.AvoidStorage, Reasons: []Reason{}}
		for _, r := range l.Reasons {
			one.Reasons = append(one.Reasons, Reason{string(r.Code), r.Text})
		}
		out = append(out, one)
	}
	return out
}

func decisionOf(d rubber.Decision) Decision {
	return Decision{d.At, d.Event, d.Profile, d.Machine, d.Name, d.Text, d.Loud}
}

// seconds is a time, null if there is none.
func seconds(d time.Duration) *float64 {
	if d <= 0 {
		return nil
	}
	s := d.Seconds()
	return &s
}

// instant is a time, null if there is none.
func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
