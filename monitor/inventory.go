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
	// Objects has this host, the VMs of the pool (a legend can name one that
	// is just arriving) and the SRs that are attached to this host.
	Objects map[Object]*Facts
}

// Facts is one object's part of an Inventory.
type Facts struct {
	Name          string // for people
	Config        string // trigger XML, "" for none
	Resident      bool   // belongs to this host now
	ControlDomain bool   // the VM that is this host's dom0
	SR            *SRFacts
}

// SRFacts is what an SR's record says.
type SRFacts struct {
	Size        int64 // physical size in bytes
	Utilisation int64 // physical utilisation in bytes
	// RaisedHere says that this host, among those that have the SR attached,
	// raises the alarms that are read from its record.
	RaisedHere bool
}
