package plan

import "time"

// Snapshot is everything that is known at one instant. Make only reads it.
type Snapshot struct {
	Now      time.Time
	Cap      int // machines of all profiles that may be there at once, in whatever state
	Paused   bool
	Mode     Mode
	Settings Settings // the zero value means DefaultSettings

	Profiles []Profile // names are unique
	Machines []Machine // every one of ours that is not gone
	Hosts    []Host
	Clouds   []Cloud // those of which it is known which hosts they have
	Storages []Storage
	Deaf     bool // nobody hears alarms now, or not all: a host that is not in Hosts may be there, and one that is silent may be well

	Memory Memory // what the plan before this one wanted to be remembered
}

// Mode chooses the rules of how many.
type Mode string

// Modes.
const (
	Normal   Mode = ""         // the rules of this package
	Ancestor Mode = "ancestor" // the old formulae, repaired, for migration
)

// Profile is one kind of machine, for one queue.
type Profile struct {
	Name       string
	Cloud      string // name of the cloud that its machines come from
	Generation string // of image and settings now: machines of another are old

	Share  int     // machines that are guaranteed out of the cap; 0 in all profiles: equal parts
	Weight float64 // of what the others leave; 0 is 1
	Min    int     // floor, schedule applied: as many are kept whatever the demand, as far as the cap goes, and before all shares
	Max    int     // ceiling, schedule applied; 0: the cap alone
	Slots  int     // tasks that one machine of this profile runs at once, expected or learned; 0 is 1

	Demand         Demand
	WorkersUnknown bool // who works is not known as a whole: nothing follows from silence
	StaticSlots    int  // slots of workers that no cloud owns: capacity that is never touched
	StaticBusy     int  // of these, how many run a task

	BootTime time.Duration // learned: from request to first heartbeat; 0: not known
	TaskTime time.Duration // learned: mean run time; 0: not known
	Memory   int64         // bytes that one machine takes; 0: not known

	NetworkBound bool   // more machines on a host with a full network do not help
	Rests        bool   // workers can be told to take no more work, and to take work again
	Warm         int    // parked machines that are kept ready; 0: no warm pool
	NoStart      string // why no machine can be had just now (quota, back-off), one sentence; "": one can
	Rival        string // what another rubber of the same owner has in this profile's cloud, one sentence; "": nothing
	Aside        bool   // the profile is left to it: nothing is started, woken or let go

	Ratio     float64 // ancestor's spawn_ratio; mode ancestor alone
	Threshold int     // ancestor's RUBBER_BACKORDER_THRESHOLD; mode ancestor alone
}

// Demand is what one queue holds.
type Demand struct {
	Known   bool          // false: nobody knows, which is never 0
	Ready   int           // tasks that nobody has
	Running int           // tasks that a worker has, static ones as well
	Oldest  time.Duration // how long the first of Ready has waited; 0: not known
}

// State is where a machine is in its life.
type State string

// States. A machine that is gone is not in the snapshot.
const (
	Requested State = "requested" // intent is written, the cloud has not answered
	Building  State = "building"  // the cloud has taken the request
	Booting   State = "booting"   // it runs, its worker has not been heard
	Ready     State = "ready"     // its worker has been heard, and takes work
	Resting   State = "resting"   // as Ready, but its worker was told to take no more work; what it has, it finishes
	Draining  State = "draining"  // as Resting, and it is deleted as soon as it is empty
	Parking   State = "parking"   // as Resting, and it is halted or suspended as soon as it is empty
	Deleting  State = "deleting"  // on its way out
	Warm      State = "warm"      // halted or suspended, can be woken
	Unclear   State = "unclear"   // it exists; that is all that is known: it counts against the cap, and is left alone
)

// Machine is one machine of ours.
type Machine struct {
	ID         string // unique
	Profile    string
	State      State
	Since      time.Time // when it came into this state
	Generation string
	Host       string   // uuid or name of the hypervisor; "": not known
	Storage    []string // uuids or names of where its disks are

	Slots     int       // that its workers have told; 0: the profile's
	Busy      int       // tasks that it runs or has fetched
	BusyKnown bool      // false: it may be busy
	IdleSince time.Time // since when it is empty; zero: it works, or nobody knows
	EverReady bool      // its worker has been heard at least once
	Protected bool      // somebody asked that it is left alone
	Leaving   bool      // somebody asked that it goes: it is let go as soon as it is empty, and never resumed
}

// Host is a hypervisor as its agent's alarms and heartbeats show it.
type Host struct {
	UUID, Name       string
	Silent           bool     // its agent has not been heard for too long
	Alarmed          bool     // any alarm by which nothing new is to be placed there
	MemoryShort      bool     // its memory runs out
	NetworkSaturated bool     // its network is full
	FreeMemory       *int64   // bytes; nil: not known
	Alarms           []string // names of what fires, for sentences
}

// Cloud is where machines come from.
type Cloud struct {
	Name  string
	Hosts [][]string // all hosts on which its machines can be, whether or not their agents are heard: uuid and names of each
}

// Storage is a storage repository as alarms show it.
type Storage struct {
	UUID, Name string
	Alarmed    bool
	Alarms     []string
}
