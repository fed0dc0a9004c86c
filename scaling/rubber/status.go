package rubber

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"perfmon/scaling/rubber/hear"
	"perfmon/scaling/rubber/plan"
)

// Role is what an instance does.
type Role string

// Roles.
const (
	Starting Role = "starting" // not running yet
	Standby  Role = "standby"  // another instance holds the lease
	Active   Role = "active"
	Dry      Role = "dry-run" // it plans, and does nothing
)

// Status is how everything stands at one instant. It is read only: callers
// share it. Times are those of the wall clock.
type Status struct {
	At      time.Time
	Role    Role
	Since   time.Time // of Role
	Problem string    // why it is not Active, or what keeps it from acting; ""
	Store   string    // why the store cannot be used; ""
	Paused  bool
	Reason  string // of the pause
	Cap     int
	Turns   int
	Jumped  time.Time // when the clock was changed last

	Profiles []ProfileStatus // in the order of names
	Machines []MachineStatus // the oldest first
	Clouds   []SourceStatus
	Brokers  []SourceStatus
	Hosts    hear.View
	Brakes   []Brake
	Rivals   []RivalStatus   // other rubbers of our owner
	Strange  []StrangeStatus // machines of ours without a record
	Unread   []string        // why records cannot be read
	Lines    []plan.Line     // of the last plan
}

// ProfileStatus is how a profile stands.
type ProfileStatus struct {
	Name, Queue, Broker, Cloud, Generation string

	DemandKnown bool
	Waits       int           // tasks that nobody has
	Running     int           // tasks that a worker has
	Oldest      time.Duration // age of the task that has waited longest; 0: not known
	DemandAt    time.Time     // when it was looked at
	DemandError string        // why it is not known, or not all of it, or that there is no such queue

	WorkersKnown bool
	StaticSlots  int // of workers on machines that are none of ours
	StaticBusy   int
	Slots        int // of our machines that take work
	Busy         int // tasks on our machines
	States       map[plan.State]int

	Min, Max  int // now
	Window    int // of the schedule that says so; -1: none
	Target    plan.Target
	Reasons   []string // why the last plan did what it did, or nothing
	Blocked   string   // why no machine can be had now; ""
	BootP50   time.Duration
	BootP95   time.Duration
	BootCount int
	TaskTime  time.Duration // 0: not known
	Arrivals  float64       // tasks a second; negative: not known
}

// MachineStatus is one machine.
type MachineStatus struct {
	Record
	Says      string        // the state that the cloud lists; "" if it does not
	Workers   []string      // that are heard
	Slots     int           // 0: not known
	Busy      int           // tasks
	BusyKnown bool          // otherwise it may be busy
	IdleSince time.Time     // zero: it works, or nobody knows
	Age       time.Duration // in its state
	Overdue   bool          // it has been in its state for too long
	LeftAlone string        // why nothing is done about it by ourselves; ""
	Doing     string        // the order that is on its way; ""
	DoingFor  time.Duration
	Tries     string // how often the cloud has been asked in vain, and when it is asked again; ""
}

// SourceStatus is how asking a cloud or a broker goes.
type SourceStatus struct {
	Name   string
	OK     bool
	Good   time.Time // of the last good answer
	Error  string    // of the last answer, with the way out; ""
	At     time.Time // of Error
	Fails  int       // in a row
	Next   time.Time // when it is asked again; zero: at the next turn
	Asking time.Duration
	Count  int // machines of ours, or workers
	Others int // of a cloud: machines of other owners that it listed all the same
}

// StrangeStatus is a machine that bears our mark and has no record.
type StrangeStatus struct {
	Cloud, ID, Name string
	Since           time.Time
	Reason          string
	Until           time.Time // when it is let go; zero: it is not
}

// RivalStatus is another rubber of our owner, which has made machines in a cloud
// with another store.
type RivalStatus struct {
	Cloud    string
	Store    string // its store's identity
	ID, Name string // of the machine by which it was found out
	Since    time.Time
	Aside    bool   // its store is older: nothing is done in that cloud
	Text     string // all of it and the ways out, in one sentence
}

// Profile finds a profile; nil: there is none of that name.
func (s *Status) Profile(name string) *ProfileStatus {
	i, ok := slices.BinarySearchFunc(s.Profiles, name, func(p ProfileStatus, name string) int { return strings.Compare(p.Name, name) })
	if !ok {
		return nil
	}
	return &s.Profiles[i]
}

// Machine finds a machine by its intent, its id in the cloud, or its name if
// only one has it; nil: there is none, or more than one.
func (s *Status) Machine(what string) *MachineStatus {
	var found *MachineStatus
	for i := range s.Machines {
		m := &s.Machines[i]
		switch what {
		case m.Intent, m.ID:
			return m
		case m.Name:
			if found != nil {
				return nil
			}
			found = m
		}
	}
	return found
}

// publish makes the present state the one that Status shows.
func (w *world) publish() {
	show := w.clock.shown
	s := &Status{
		At: show(w.now), Role: Active, Since: show(w.started), Paused: w.pause.Paused, Reason: w.pause.Reason, Cap: w.cfg.Cap, Turns: w.turns,
		Jumped: show(w.jumped), Hosts: w.hosts, Brakes: w.brakes.all(), Lines: w.lastPlan.Lines,
	}
	if w.o.DryRun {
		s.Role = Dry
	}
	if w.storeErr != nil {
		s.Store = w.storeErr.Error()
		s.Problem = "the store cannot be used, so nothing is begun: " + w.storeErr.Error()
	}
	s.Rivals = w.rivals()
	for _, r := range s.Rivals {
		if r.Aside {
			s.Problem = strings.TrimPrefix(s.Problem+"; "+r.Text, "; ")
		}
	}
	for i := range s.Brakes {
		s.Brakes[i].Since, s.Brakes[i].Until = show(s.Brakes[i].Since), show(s.Brakes[i].Until)
	}
	for _, u := range w.all() {
		s.Machines = append(s.Machines, w.machineStatus(u))
	}
	static := w.static()
	for i := range w.cfg.Profiles {
		p := &w.cfg.Profiles[i]
		s.Profiles = append(s.Profiles, w.profileStatus(p, static[queueKey{p.Broker, p.Queue}]))
	}
	slices.SortFunc(s.Profiles, func(a, b ProfileStatus) int { return strings.Compare(a.Name, b.Name) })
	for _, name := range slices.Sorted(maps.Keys(w.clouds)) {
		c := w.clouds[name]
		source := w.source(name, &c.asker)
		source.Count, source.Others = len(c.byID), c.dropped
		s.Clouds = append(s.Clouds, source)
	}
	for _, name := range slices.Sorted(maps.Keys(w.brokers)) {
		s.Brokers = append(s.Brokers, w.brokerStatus(name))
	}
	for _, key := range slices.Sorted(maps.Keys(w.strange)) {
		st := w.strange[key]
		one := StrangeStatus{Cloud: st.cloud, ID: st.instance.ID, Name: st.instance.Name, Since: show(st.first), Reason: st.reason}
		if !st.kept {
			one.Until = show(st.first.Add(w.cfg.Limits.Orphan))
		}
		s.Strange = append(s.Strange, one)
	}
	for _, intent := range slices.Sorted(maps.Keys(w.unread)) {
		s.Unread = append(s.Unread, w.unread[intent].Error())
	}
	w.c.status.Store(s)
}

// rivals is who else makes machines of our owner.
func (w *world) rivals() []RivalStatus {
	var list []RivalStatus
	for _, name := range slices.Sorted(maps.Keys(w.homes)) {
		h := w.homes[name]
		one := RivalStatus{Cloud: name, Text: w.rivalText(name)}
		switch {
		case h.Rival != nil:
			r := h.Rival
			one.Store, one.ID, one.Name, one.Since, one.Aside = r.Store, r.ID, r.Name, w.clock.shown(r.Seen), true
		case len(h.others) > 0:
			first := &h.others[0]
			one.Store, one.ID, one.Name, one.Since = storeOf(first.Intent), first.ID, first.Name, w.clock.shown(h.since)
		default:
			continue
		}
		list = append(list, one)
	}
	return list
}

func (w *world) machineStatus(u *unit) MachineStatus {
	m := MachineStatus{Record: u.Record.clone(), Slots: u.slots, Busy: u.busy, BusyKnown: u.known, IdleSince: w.clock.shown(u.idle), Age: w.now.Sub(u.Since),
		Overdue: !u.Deadline.IsZero() && w.now.After(u.Deadline), LeftAlone: w.leftAlone(u), Doing: string(u.doing.verb), Tries: w.tries(u)}
	if m.Doing != "" {
		m.DoingFor = w.now.Sub(u.since)
	}
	if c := w.clouds[u.Cloud]; c != nil && c.byID[u.ID] != nil {
		m.Says = c.byID[u.ID].State.String()
	}
	for _, worker := range u.workers {
		if !worker.Gone {
			m.Workers = append(m.Workers, worker.Name)
		}
	}
	for _, t := range []*time.Time{&m.Since, &m.Deadline, &m.Created, &m.Booted, &m.FirstHeartbeat, &m.Tried, &m.Stopped, &m.Deleted} {
		*t = w.clock.shown(*t)
	}
	return m
}

func (w *world) profileStatus(p *Profile, fixed staticWork) ProfileStatus {
	s := ProfileStatus{
		Name: p.Name, Queue: p.Queue, Broker: p.Broker, Cloud: p.Cloud, Generation: p.Generation,
		StaticSlots: fixed.slots, StaticBusy: fixed.busy, States: map[plan.State]int{}, Blocked: w.noStart(p), Arrivals: -1,
	}
	d := w.demand(p)
	s.DemandKnown, s.Waits, s.Running, s.Oldest = d.Known, d.Ready, d.Running, d.Oldest
	if q := w.queues[queueKey{p.Broker, p.Queue}]; q != nil {
		s.DemandAt = w.clock.shown(q.at)
		switch {
		case q.asker.err != nil:
			s.DemandError = q.asker.err.Error()
		case q.depth.Partial != nil:
			s.DemandError = q.depth.Partial.Error()
		case !d.Known && q.depth.Ready != nil:
			s.DemandError = fmt.Sprintf("broker %s says that %d wait, and nobody says how many workers have", p.Broker, *q.depth.Ready)
		case q.depth.Absent:
			s.DemandError = fmt.Sprintf("broker %s has no queue %q: it counts as empty until the first worker or task makes it, or check the name and the vhost", p.Broker, p.Queue)
		}
	}
	b := w.brokers[p.Broker]
	s.WorkersKnown = b != nil && b.complete
	for _, u := range w.units {
		if u.Profile != p.Name {
			continue
		}
		s.States[u.State]++
		s.Busy += u.busy
		if u.State == plan.Ready {
			s.Slots += u.slots
		}
	}
	s.Min, s.Max, s.Window = p.bounds(w.clock.shown(w.now))
	for _, t := range w.lastPlan.Targets {
		if t.Profile == p.Name {
			s.Target = t
		}
	}
	for _, line := range w.lastPlan.Lines {
		if line.Profile == p.Name {
			s.Reasons = append(s.Reasons, sentence(&line))
		}
	}
	if l := w.learned[p.Name]; l != nil {
		s.BootP50, s.BootP95, s.BootCount = l.BootTime(0.5), l.BootTime(0.95), len(l.Boots)
		s.TaskTime = time.Duration(l.Task * float64(time.Second))
	}
	if a := w.arriving[p.Name]; a != nil {
		if rate, ok := a.rate(w.now); ok {
			s.Arrivals = rate
		}
	}
	return s
}

func (w *world) source(name string, a *asker) SourceStatus {
	s := SourceStatus{Name: name, OK: a.err == nil && !a.good.IsZero(), Good: w.clock.shown(a.good), Fails: a.fails, Next: w.clock.shown(a.next)}
	if a.err != nil {
		s.Error, s.At = withHint(whyOf(a.err)), w.clock.shown(a.errAt)
	}
	if a.asking {
		s.Asking = w.now.Sub(a.began)
	}
	return s
}

// brokerStatus is the worst of its queues, and its workers.
func (w *world) brokerStatus(name string) SourceStatus {
	s := SourceStatus{Name: name, OK: true}
	for i := range w.brokers[name].list {
		if !w.brokers[name].list[i].Gone {
			s.Count++
		}
	}
	for key, q := range w.queues {
		if key.broker != name {
			continue
		}
		one := w.source(name, &q.asker)
		if one.Good.After(s.Good) {
			s.Good = one.Good
		}
		if !one.OK && (s.OK || one.Fails > s.Fails) {
			s.OK, s.Error, s.At, s.Fails, s.Next = false, one.Error, one.At, one.Fails, one.Next
		}
	}
	switch {
	case !s.OK || w.brokers[name].complete:
	case w.o.Brokers[name].Workers == nil:
		s.OK, s.Error = false, "it tells how much waits and not who works: nothing is ever let go, but by drain --force"
	default:
		s.OK, s.Error = false, "it is not known yet, or not any more, who all works: nothing is let go until it is"
	}
	return s
}
