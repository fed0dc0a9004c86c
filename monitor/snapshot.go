package monitor

import (
	"time"

	"perfmon/alarm"
	"perfmon/monitor/config"
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
	// HostUUID is this host's, "" while nobody has said it.
	HostUUID string
	// Inventory is nil until the first one came.
	Inventory *Inventory
	// Polled is when a poll last went well, and LastRow the newest row that was
	// judged, both in Unix seconds; 0 for none yet.
	Polled, LastRow int64
	// Trouble is why no rows come at present, in words; "" if they do.
	Trouble string
	// Silences are those in force, oldest first.
	Silences []alarm.Silence
	// Plan is the legend that VariableStatus.Columns count in; nil while there
	// is none.
	Plan *rrd.Legend
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

	Rule    *config.Variable // the configuration in force; nobody may change it
	Columns []int            // of Snapshot.Plan, that it reads; nobody may change them
	Since   int64            // the first bad row; 0 when nothing is bad
	// Muted is what holds back those sinks that wake people, and InhibitUntil
	// until when the inhibit period does, 0 for not. They are looked at only
	// while the variable is not inactive.
	Muted        string
	InhibitUntil int64
}

// Recent says whether the newest row is recent enough at the time now to tell
// how things are.
func (s *Snapshot) Recent(now time.Time) bool {
	age := now.Sub(time.Unix(s.Row.T, 0))
	return s.Legend != nil && age <= max(staleAfter, staleSteps*time.Duration(s.Step)*time.Second)
}
