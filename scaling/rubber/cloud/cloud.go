package cloud

import (
	"context"
	"net/netip"
	"time"
)

// Cloud is where machines come from. Its methods may be called by several
// goroutines at once. Every error is an *Error (errors.As).
type Cloud interface {
	// Create asks for a machine, and returns as soon as the cloud has taken the
	// request. It never makes two of one intent: called again after an error or a
	// crash it finds what it had begun, and goes on from there.
	Create(ctx context.Context, s Spec) (Instance, error)

	// List is all machines of an owner that are not gone: complete, or an error.
	List(ctx context.Context, owner string) ([]Instance, error)

	// Stop begins a clean shutdown, in which the guest helps.
	Stop(ctx context.Context, id string) error

	// Delete ends a machine and everything that was made for it, disks as well.
	// One that is gone already is deleted: no error.
	Delete(ctx context.Context, id string) error

	// Close ends connections. Machines go on.
	Close() error
}

// Warmer is a cloud that can keep machines ready to be used, without their
// running.
type Warmer interface {
	// Park halts or suspends a machine that is not needed now.
	Park(ctx context.Context, id string) error

	// Wake starts one that is parked, where the spec would like it to be.
	Wake(ctx context.Context, id string, s Spec) error
}

// Checker is a cloud that can say whether machines of a spec could be made at
// all, without making one: that the image, the flavor and the networks exist.
type Checker interface {
	Check(ctx context.Context, s Spec) error
}

// Hoster is a cloud that can say on which hosts its machines may be. Where it
// cannot, alarms of hosts still say where machines are not to be, and never that
// there is no host left.
type Hoster interface {
	// Hosts is the uuid and the names of each host that takes machines, by which
	// Spec.Avoid and Instance.Host may call it: complete, or an error.
	Hosts(ctx context.Context) ([][]string, error)
}

// Adopter is a cloud that can take over machines which were made before rubber
// was there, and bear no mark but their name.
type Adopter interface {
	// Find is every machine of that name that no rubber owns, complete, or an
	// error. Names are not unique. Nothing is done to a machine by it.
	Find(ctx context.Context, name string) ([]Instance, error)

	// Mark has a machine that no rubber owns be the spec's from now on: List has
	// it, with intent, owner, profile and generation of the spec, and Create finds
	// it by its intent. The machine itself stays as it is, its name too. Done
	// twice it does no harm. One that is another owner's, or another intent's, is
	// Invalid; one that is not there is NotFound.
	Mark(ctx context.Context, id string, s Spec) error
}

// Spec is what a machine is to be. A driver takes no notice of what its cloud
// does not have, and refuses (Invalid) what it cannot do.
type Spec struct {
	Intent     string // id of the request, [a-z0-9-]{1,40}: by it a machine is found after a crash
	Owner      string // of this rubber, [a-z0-9-]{1,40}: machines of other owners are never touched
	Profile    string
	Generation string // of image and settings; machines of older ones are released first
	Name       string // of the machine; the host part of its worker's name

	Image          string // name or id; of xapi the template, of libvirt the base volume
	Flavor         string // name or id; openstack alone
	Networks       []string
	SecurityGroups []string
	Key            string // name of a key pair
	UserData       []byte // ready made, see package seed
	Memory         int64  // bytes; 0: as the template or flavor says
	CPUs           int    // 0: as the template or flavor says

	Command []string          // process alone: the program that is the worker
	Env     map[string]string // process alone: in addition to a minimal environment

	Avoid        []string // uuids or names of hosts not to be placed on; where none is left the error is of kind Capacity
	Prefer       []string // hosts, the best first
	AvoidStorage []string // uuids or names of storage not to be used
}

// State is what a cloud says of a machine.
type State int

// States of a machine. One that is gone is not listed.
const (
	Unknown   State = iota // the cloud says nothing that we know
	Building               // asked for, not running yet
	Running                // the machine runs; whether a worker does, no cloud knows
	Halted                 // off, and can be started again
	Suspended              // asleep, with its memory kept
	Deleting               // on its way out
	Failed                 // it will not run: Fault says why
)

// String is the state in lower case, for logs and pages.
func (s State) String() string {
	names := [...]string{"unknown", "building", "running", "halted", "suspended", "deleting", "failed"}
	if s < 0 || int(s) >= len(names) {
		return "unknown"
	}
	return names[s]
}

// Instance is a machine as its cloud sees it.
type Instance struct {
	ID string // the cloud's identity; names are not unique

	// What the machine was marked with when it was made; empty if it was not.
	Intent, Owner, Profile, Generation string

	Name      string
	State     State
	Fault     error        // of Failed: an *Error of kind Capacity, Quota, Invalid or Transient
	Host      string       // uuid or name of the hypervisor; "": not known
	Storage   []string     // uuids or names of where its disks are; empty: not known
	Addresses []netip.Addr // may be empty while it boots
	Created   time.Time
}
