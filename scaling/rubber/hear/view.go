package hear

import "time"

// Mark says whether something is so.
type Mark int

// Marks. The zero value claims nothing.
const (
	Unknown Mark = iota // nobody has said, or not lately
	Fine                // an agent that is alive says that it is not so
	Bad                 // an alarm says that it is so
)

// String is the mark in lower case.
func (m Mark) String() string {
	switch m {
	case Fine:
		return "fine"
	case Bad:
		return "bad"
	}
	return "unknown"
}

// View is what is believed at one instant. The caller owns it.
type View struct {
	At time.Time
	// Complete says that whatever was announced before now has been read: while
	// it is false, nothing follows from a host or an alarm that is not here.
	Complete bool
	Drivers  []DriverState // in the order they were given

	Hosts   []Host    // by uuid
	Storage []Storage // with alarms, or seen by a host; by uuid
}

// Host finds a host; nil if nothing was ever heard of it.
func (v *View) Host(uuid string) *Host {
	for i := range v.Hosts {
		if v.Hosts[i].UUID == uuid {
			return &v.Hosts[i]
		}
	}
	return nil
}

// Host is what is believed of one hypervisor.
type Host struct {
	UUID, Pool string // Pool is "" without one
	Name       string // for people; may be ""

	// Silent says that its agent has sent no heartbeat for its time to live:
	// what no alarm says is unknown, not fine.
	Silent bool
	Since  time.Time // of the last heartbeat; zero: there was none
	First  time.Time // when it was first heard of

	Contended        Mark // processors: new machines would be slow
	MemoryShort      Mark
	NetworkSaturated Mark // more machines would not be faster
	DiskSlow         Mark // any storage of the host
	InDanger         Mark // the control domain, or the hardware

	FreeMemory, TotalMemory *int64 // bytes, by the newest heartbeat; nil: unknown
	CPUUsage, CPUContention *float64
	Storage                 []string // uuids of the repositories attached, by the newest heartbeat

	Alarms []Alarm // all that are believed of it and of its VMs, silenced ones too; the most severe first
}

// Storage is what is believed of one storage repository.
type Storage struct {
	UUID  string   // or its first eight digits, where nobody has told the rest
	Name  string   // for people; may be ""
	Hosts []string // uuids of hosts that have it attached, as far as their agents live
	Slow  Mark     // requests take long, or it is loaded
	Full  Mark     // room runs out: nothing is to be made there

	Latency    *float64 // seconds a request, of the worst host; nil: unknown
	Size, Used *int64   // bytes; nil: unknown
	Alarms     []Alarm
}

// Alarm is one that is believed to fire, or whose state nobody knows.
type Alarm struct {
	ID       string // host/class/uuid/variable
	Host     string // uuid
	Class    string // "vm", "host" or "sr"
	Object   string // uuid
	Name     string // of the object, for people; may be ""
	Variable string
	Severity string // "critical" or "warning"; "" of one that is unknown
	Effect   Effect
	Mark     Mark // Bad: it fires; Unknown: its time to live has passed, or it has no data
	NoData   bool // the agent itself does not know the value
	Silenced bool
	Value    *float64 // nil: unknown
	Level    float64
	Since    time.Time // of the first bad row; zero: unknown
	Heard    time.Time // when it was last confirmed
	Until    time.Time // when belief ends without a further word
	Via      string    // the driver that it came by
}

// DriverState is how a driver does.
type DriverState struct {
	Name      string
	Connected bool
	Complete  bool      // what was before has been read
	Since     time.Time // of Connected
	Err       string    // why it is not connected, or not complete; ""
}
