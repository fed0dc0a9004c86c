package cloudtest

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"time"

	"perfmon/scaling/rubber/cloud"
)

// Options of a World. The zero value is a cloud with one host without limits,
// where everything happens at once.
type Options struct {
	Now        func() time.Time // its clock; nil: time.Now
	Hosts      []Host           // nil: one, "host-a", with room for any number
	Quota      int              // machines that one owner may have; 0: any number
	BootTime   time.Duration    // from asked for, or woken, to running
	StopTime   time.Duration    // from asked to stop, or to park, to halted
	DeleteTime time.Duration    // from asked to delete to gone
}

// Host is where machines are put.
type Host struct {
	ID      string   // as Instance.Host says it
	Names   []string // that Avoid and Prefer may call it by as well
	Room    int      // machines that it has room for, of any state; 0: any number
	Storage []string // where its disks are
}

// World is a cloud's inside. Its methods may be called by several goroutines at
// once.
type World struct {
	options Options

	mu sync.Mutex
	// mu guards everything that follows
	machines map[string]*machine // by ID; those gone stay
	order    []string            // IDs as they were made
	faults   []*Fault
	calls    map[string]int
	peak     int
	created  map[string]int // machines by owner/intent, gone ones as well
	fates    []error        // of the next machines; nil: it will run
}

// machine is one of the world. What it will be is known when it is asked for:
// since and then say from when on it is what.
type machine struct {
	cloud.Instance
	then  cloud.State // what State becomes
	when  time.Time   // and when; zero: it stays
	fault error       // what becomes of Fault then
	gone  bool
}

// NewWorld is a world with nothing in it but hosts.
func NewWorld(o Options) *World {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Hosts == nil {
		o.Hosts = []Host{{ID: "host-a"}}
	}
	return &World{options: o, machines: map[string]*machine{}, calls: map[string]int{}, created: map[string]int{}}
}

// gone is what a machine becomes when it is deleted; no Instance has it.
const gone = cloud.State(-1)

// settle brings the machines to where they are by now. It is called with mu
// held.
func (w *World) settle() time.Time {
	now := w.options.Now()
	for _, m := range w.machines {
		if m.when.IsZero() || now.Before(m.when) {
			continue
		}
		m.when = time.Time{}
		if m.then == gone {
			m.gone = true
			continue
		}
		m.State, m.Fault = m.then, m.fault
		if m.State == cloud.Running && len(m.Addresses) == 0 {
			m.Addresses = []netip.Addr{w.address(m.ID)}
		}
	}
	return now
}

// address is one that no other machine has, up to 16 million of them.
func (w *World) address(id string) netip.Addr {
	n := slices.Index(w.order, id) + 1
	return netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)})
}

// become lets a machine be of a state after a time; at once if that is 0.
func (w *World) become(m *machine, s cloud.State, after time.Duration) {
	m.then, m.when, m.fault = s, w.options.Now().Add(after), nil
	w.settle()
}

// alive are the machines that are not gone, in the order in which they were
// made. It is called with mu held.
func (w *World) alive() []*machine {
	w.settle()
	var list []*machine
	for _, id := range w.order {
		if m := w.machines[id]; !m.gone {
			list = append(list, m)
		}
	}
	return list
}

// copied is what a caller may keep.
func (m *machine) copied() cloud.Instance {
	i := m.Instance
	i.Storage, i.Addresses = slices.Clone(i.Storage), slices.Clone(i.Addresses)
	return i
}

// Machines is everything that is not gone, whoever owns it, in the order in
// which it was made.
func (w *World) Machines() []cloud.Instance {
	w.mu.Lock()
	defer w.mu.Unlock()
	var list []cloud.Instance
	for _, m := range w.alive() {
		list = append(list, m.copied())
	}
	return list
}

// Machine is the one of an ID; false if it is gone or never was.
func (w *World) Machine(id string) (cloud.Instance, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.settle()
	if m := w.machines[id]; m != nil && !m.gone {
		return m.copied(), true
	}
	return cloud.Instance{}, false
}

// Add puts a machine there that nobody here has asked for: another owner's,
// nobody's, or one that was begun before this rubber lived. Without an ID it
// gets one, which is returned.
func (w *World) Add(i cloud.Instance) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if i.ID == "" {
		i.ID = w.newID()
	}
	if i.Created.IsZero() {
		i.Created = w.options.Now()
	}
	w.add(&machine{Instance: i})
	return i.ID
}

func (w *World) newID() string { return fmt.Sprintf("machine-%04d", len(w.order)+1) }

func (w *World) add(m *machine) {
	w.machines[m.ID] = m
	w.order = append(w.order, m.ID)
	w.peak = max(w.peak, len(w.alive()))
}

// Fail has a machine end in Failed, with this fault, from now on.
func (w *World) Fail(id string, fault error) bool {
	return w.change(id, func(m *machine) { m.State, m.Fault, m.when = cloud.Failed, fault, time.Time{} })
}

// Set has a machine be of a state from now on: one that halts by itself, or
// that somebody else starts.
func (w *World) Set(id string, s cloud.State) bool {
	return w.change(id, func(m *machine) { m.State, m.Fault, m.when = s, nil, time.Time{} })
}

// Remove takes a machine away, as somebody else would who deletes it.
func (w *World) Remove(id string) bool {
	return w.change(id, func(m *machine) { m.gone = true })
}

// Migrate puts a machine on another host.
func (w *World) Migrate(id, host string) bool {
	return w.change(id, func(m *machine) { m.Host = host })
}

func (w *World) change(id string, f func(*machine)) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.settle()
	m := w.machines[id]
	if m == nil || m.gone {
		return false
	}
	f(m)
	return true
}

// Doom says what becomes of the next machines, one each: nil that it runs, an
// error that it goes to Failed instead, with that fault.
func (w *World) Doom(faults ...error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fates = append(w.fates, faults...)
}

// Calls says how often each method has been called, by its name in lower case,
// those that failed as well.
func (w *World) Calls() map[string]int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return maps.Clone(w.calls)
}

// Peak is how many machines there have been at once, of all owners.
func (w *World) Peak() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.peak
}

// Made is how many machines Create has made in all of an owner's intent, those
// that are gone as well.
func (w *World) Made(owner, intent string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.created[owner+"/"+intent]
}

// SetHosts changes the hosts. Machines stay where they are.
func (w *World) SetHosts(hosts ...Host) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.options.Hosts = hosts
}

// SetQuota changes how many machines one owner may have; 0: any number.
func (w *World) SetQuota(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.options.Quota = n
}
