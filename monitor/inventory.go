package monitor

// Object is the identity of what is monitored.
type Object struct {
	Class string // rrd.ClassHost, ClassVM or ClassSR
	UUID  string
}

// Inventory is what is known of this host's objects besides their rows. It
// is immutable once handed to the monitor.
type Inventory struct {
	HostUUID string
	PoolUUID string // "" without a pool
	// PoolDefaults is trigger XML that all objects inherit, the pool's
	// other-config:perfmon-defaults; "" for none.
	PoolDefaults string
	// Files has the text of the trigger file of each class, which its objects
	// inherit before PoolDefaults: "" for no file. What the file of a class
	// that it does not have said last stays in force.
	Files map[string]string
	// Objects has this host, the VMs of the pool (a legend can name one that
	// is just arriving) and the SRs that are attached to this host.
	Objects map[Object]*Facts
}

// The words for Facts.Maintenance: of a host the first two, of a VM the others.
const (
	Disabled     = "disabled"
	Evacuating   = "evacuating"
	Migrating    = "migrating"
	InSnapshot   = "snapshot"
	ShuttingDown = "shutting down"
)

// Facts is one object's part of an Inventory.
type Facts struct {
	Name          string   // for people
	Config        string   // trigger XML, "" for none
	Running       bool     // a VM: it runs, here or elsewhere
	Resident      bool     // belongs to this host now
	ControlDomain bool     // the VM that is this host's dom0
	Tags          []string // by which it inherits; sorted
	// Maintenance is why what goes wrong with it now is to be expected, in a
	// word for people too; "" for no reason.
	Maintenance string
	// SavedState is what the agent of another host left with it.
	SavedState string
	SR         *SRFacts
}

// SRFacts is what an SR's record says.
type SRFacts struct {
	Size        int64 // physical size in bytes
	Utilisation int64 // physical utilisation in bytes
	// RaisedHere says that this host, among those that have the SR attached,
	// raises the alarms that are read from its record.
	RaisedHere bool
}
