package xapitest

import (
	"fmt"
	"maps"
	"slices"
	"sync"
)

// Classes as event.from writes them. Those of rows are rrd's: the same words.
const (
	classVM      = "vm"
	classHost    = "host"
	classSR      = "sr"
	classPBD     = "pbd"
	classPool    = "pool"
	classMessage = "message"
	classVDI     = "vdi"
	classVBD     = "vbd"
	classVIF     = "vif"
	classNetwork = "network"
	classTask    = "task"
)

// wireNames are the classes as method names and failures spell them.
var wireNames = map[string]string{classVM: "VM", classHost: "host", classSR: "SR", classPBD: "PBD", classPool: "pool",
	classVDI: "VDI", classVBD: "VBD", classVIF: "VIF", classNetwork: "network", classTask: "task"}

// Host is a host of the pool.
type Host struct {
	UUID, Name, Address string
	Enabled             bool
	Dead                bool // it does not answer the coordinator
	OtherConfig         map[string]string
	Tags                []string
	Operations          []string // that go on, such as evacuate
	MemoryBytes         int64    // for VMs; 0 means 64 GiB
}

// VM is a virtual machine, a template, a snapshot or a control domain.
type VM struct {
	UUID, Name    string
	PowerState    string // Running, Halted, Paused, Suspended
	ResidentOn    string // uuid of a host, empty if on none
	Template      bool
	Snapshot      bool
	ControlDomain bool
	OtherConfig   map[string]string
	Tags          []string
	Operations    []string // that go on, such as pool_migrate
	MemoryBytes   int64
	VCPUs         int

	// Life is what matters once a VM is started, stopped or copied by calls.
	Life
}

// SR is a storage repository.
type SR struct {
	UUID, Name          string
	Type, ContentType   string // such as lvm and user; iso and iso
	Shared              bool
	PhysicalSize        int64 // bytes
	PhysicalUtilisation int64 // bytes
	OtherConfig         map[string]string
	Tags                []string
}

// PBD attaches an SR to a host.
type PBD struct {
	UUID     string
	Host, SR string // uuids
	Attached bool
	// HostRef stands in place of Host's reference if it is set, so that it
	// can dangle.
	HostRef string
}

// Pool is the pool; there is one.
type Pool struct {
	UUID, Name  string
	Coordinator string // uuid of a host
	OtherConfig map[string]string
	Tags        []string
}

// object is an entry of the pool's database. Generations count its changes.
type object struct {
	class, uuid, ref  string
	created, modified int64
	v                 any // Host, VM, SR, PBD, Pool, VDI, VBD, VIF, Network or Task; replaced, never changed in place
}

// world is the pool's database, with its messages and the memory of what was
// deleted.
type world struct {
	mu sync.Mutex
	// mu guards everything that follows.
	gen      int64 // of the newest change
	objects  []*object
	byRef    map[string]*object
	byUUID   map[string]*object // key: class and uuid
	deleted  ringList[deletion]
	horizon  int64 // tokens older than this have lost events
	messages ringList[Message]
	byMsgRef map[string]Message
	msgGone  ringList[deletion]
	wake     chan struct{} // closed and replaced at each change
}

// deletion is an object that is no more.
type deletion struct {
	class, ref       string
	created, deleted int64
}

func (w *world) init(keepMessages int) {
	w.byRef, w.byUUID = map[string]*object{}, map[string]*object{}
	w.byMsgRef = map[string]Message{}
	w.messages.limit = keepMessages
	w.deleted.limit, w.msgGone.limit = 10000, 1024
	w.wake = make(chan struct{})
}

// next is the generation of a change that is being made. It wakes those who
// wait for events.
func (w *world) next() int64 {
	w.gen++
	close(w.wake)
	w.wake = make(chan struct{})
	return w.gen
}

// put adds an object or replaces it.
func (w *world) put(class, uuid string, v any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.set(class, uuid, v)
}

// set is put with the lock held.
func (w *world) set(class, uuid string, v any) *object {
	o := w.byUUID[class+uuid]
	if o == nil {
		o = &object{class: class, uuid: uuid, ref: Ref(class, uuid), created: w.next()}
		o.modified = o.created
		o.v = v
		w.objects = append(w.objects, o)
		w.byUUID[class+uuid], w.byRef[o.ref] = o, o
		return o
	}
	o.v = v
	o.modified = w.next()
	return o
}

func (w *world) get(class, uuid string) (any, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	o := w.byUUID[class+uuid]
	if o == nil {
		return nil, false
	}
	return o.v, true
}

// PutHost adds the host, or replaces the one with its uuid.
func (s *Server) PutHost(h Host) {
	h.OtherConfig, h.Tags, h.Operations = maps.Clone(h.OtherConfig), slices.Clone(h.Tags), slices.Clone(h.Operations)
	s.world.put(classHost, h.UUID, h)
}

// PutVM adds the VM, or replaces the one with its uuid.
func (s *Server) PutVM(v VM) {
	v.OtherConfig, v.Tags, v.Operations = maps.Clone(v.OtherConfig), slices.Clone(v.Tags), slices.Clone(v.Operations)
	v.Xenstore, v.Addresses, v.current = maps.Clone(v.Xenstore), slices.Clone(v.Addresses), maps.Clone(v.current)
	s.world.put(classVM, v.UUID, v)
}

// PutSR adds the SR, or replaces the one with its uuid.
func (s *Server) PutSR(v SR) {
	v.OtherConfig, v.Tags = maps.Clone(v.OtherConfig), slices.Clone(v.Tags)
	s.world.put(classSR, v.UUID, v)
}

// PutPBD adds the PBD, or replaces the one with its uuid.
func (s *Server) PutPBD(p PBD) { s.world.put(classPBD, p.UUID, p) }

// PutPool replaces the pool. Its uuid should be the one that it has.
func (s *Server) PutPool(p Pool) {
	p.OtherConfig, p.Tags = maps.Clone(p.OtherConfig), slices.Clone(p.Tags)
	s.world.put(classPool, p.UUID, p)
}

// Host returns the host with the uuid. Its map and slice are not the
// caller's to change; the same holds for the methods that follow.
func (s *Server) Host(uuid string) (Host, bool) { return lookUp[Host](s, classHost, uuid) }

// VM returns the VM with the uuid.
func (s *Server) VM(uuid string) (VM, bool) { return lookUp[VM](s, classVM, uuid) }

// SR returns the SR with the uuid.
func (s *Server) SR(uuid string) (SR, bool) { return lookUp[SR](s, classSR, uuid) }

// Pool returns the pool.
func (s *Server) Pool() (Pool, bool) { return lookUp[Pool](s, classPool, UUID("pool")) }

func lookUp[T any](s *Server, class, uuid string) (T, bool) {
	v, ok := s.world.get(class, uuid)
	if !ok {
		var zero T
		return zero, false
	}
	return v.(T), true
}

// Delete takes an object (class vm, host, sr, pbd, vdi, vbd, vif, network) out
// of the pool.
func (s *Server) Delete(class, uuid string) {
	w := &s.world
	w.mu.Lock()
	defer w.mu.Unlock()
	if o := w.byUUID[class+uuid]; o != nil {
		w.remove(o)
	}
}

// remove is called with the lock held.
func (w *world) remove(o *object) {
	delete(w.byUUID, o.class+o.uuid)
	delete(w.byRef, o.ref)
	w.objects = slices.DeleteFunc(w.objects, func(p *object) bool { return p == o })
	w.forget(&w.deleted, deletion{class: o.class, ref: o.ref, created: o.created, deleted: w.next()})
}

// forget remembers a deletion for those who listen for events. When an older
// one is pushed out, tokens from before it have lost an event.
func (w *world) forget(list *ringList[deletion], d deletion) {
	if len(list.items) == list.limit {
		w.horizon = max(w.horizon, list.items[list.next].deleted)
	}
	list.add(d)
}

// Touch makes a change of an object (class vm, host, sr, pbd, pool) that
// says nothing: the toolstack announces many such, whenever a VM's
// allowed_operations are worked out anew.
func (s *Server) Touch(class, uuid string) {
	if v, ok := s.world.get(class, uuid); ok {
		s.world.put(class, uuid, v)
	}
}

// SetTags gives an object (class vm, host, sr, pool) these tags and no others.
func (s *Server) SetTags(class, uuid string, tags ...string) error {
	tags = slices.Clone(tags)
	return s.world.change(class, uuid, func(v any) any {
		switch v := v.(type) {
		case Host:
			v.Tags = tags
			return v
		case VM:
			v.Tags = tags
			return v
		case SR:
			v.Tags = tags
			return v
		case Pool:
			v.Tags = tags
			return v
		}
		return v
	})
}

// SetOperations says what goes on with an object (class vm, host), such as
// pool_migrate or evacuate; nothing ends it but another call.
func (s *Server) SetOperations(class, uuid string, operations ...string) error {
	operations = slices.Clone(operations)
	return s.world.change(class, uuid, func(v any) any {
		switch v := v.(type) {
		case Host:
			v.Operations = operations
			return v
		case VM:
			v.Operations = operations
			return v
		}
		return v
	})
}

// change replaces an object by what f makes of it.
func (w *world) change(class, uuid string, f func(v any) any) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	o := w.byUUID[class+uuid]
	if o == nil {
		return fmt.Errorf("there is no %s with uuid %q", class, uuid)
	}
	o.v, o.modified = f(o.v), w.next()
	return nil
}

// adopt gives what belongs to one host to another.
func (w *world) adopt(from, to string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, o := range w.objects {
		switch v := o.v.(type) {
		case VM:
			if v.ResidentOn == from {
				v.ResidentOn = to
				o.v, o.modified = v, w.next()
			}
		case PBD:
			if v.Host == from {
				v.Host = to
				o.v, o.modified = v, w.next()
			}
		case Pool:
			if v.Coordinator == from {
				v.Coordinator = to
				o.v, o.modified = v, w.next()
			}
		}
	}
}
