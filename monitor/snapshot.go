package monitor

import (
	"time"

	"perfmon/alarm"
	"perfmon/rrd"
)

// Snapshot is the monitor's picture after a poll, for the metrics page and
// whoever else looks on. It is immutable.
type Snapshot struct {
	Taken time.Time
	// Legend and Row are the newest row known; Legend is nil before there
	// was one. Step is what its answer said, in seconds.
	Legend *rrd.Legend
	Row    rrd.Row
	Step   int64
	// Inventory is nil until the first one came.
	Inventory *Inventory
	// Variables has one element for each variable in force, in the order of
	// a poll's alarms.
	Variables []VariableStatus
	// ConfigErrors counts the configuration errors of each object that has
	// any. Those of the trigger file of VMs or SRs are of that class and no
	// uuid, those of the pool's defaults of class "pool".
	ConfigErrors map[Object]int
}

// VariableStatus is one variable of one object as the last poll left it.
type VariableStatus struct {
	alarm.ID
	State    alarm.State
	Severity alarm.Severity // while it fires
	Known    bool           // Value means something; false: unknown
	Value    float64        // of the newest row, or of the last poll's reading
	Reading  bool           // it is read once a poll, and does not age with the rows
	Level    float64
	Low      bool              // sense: bad is below the level
	Period   int64             // seconds
	Labels   map[string]string // of its alarms; nil for none
}
