package alarm

// Kind says what an event announces.
type Kind string

// The kinds. The first four are transitions of a trigger; State repeats what
// is so, for a consumer that missed a transition.
const (
	KindRaised   Kind = "raised"
	KindRepeated Kind = "repeated"
	KindCleared  Kind = "cleared"
	KindNoData   Kind = "nodata"
	KindState    Kind = "state"
)

// Severity grades a firing alarm. The zero value is none.
type Severity string

// The severities. A variable without a warning level knows Critical alone.
const (
	Warning  Severity = "warning"
	Critical Severity = "critical"
)

// Reason says why an alarm was cleared.
type Reason string

// The reasons.
const (
	ReasonLevel   Reason = "level"   // the value is on the clear side again
	ReasonGone    Reason = "gone"    // the object has gone
	ReasonConfig  Reason = "config"  // the variable was removed or changed
	ReasonUnknown Reason = "unknown" // nobody knows the value any more
)

// Event is an alarm's state at one moment, as sinks hand it on. It carries
// the whole state, so that a lost one can block nobody for ever. Times are
// Unix seconds.
type Event struct {
	ID
	Kind     Kind
	HostUUID string
	PoolUUID string // "" without a pool
	Name     string // name_label of the object
	Epoch    string // of the journal that numbered the event
	Sequence int64  // of the transition, rising for each ID
	Announce int64  // numbers the announcements of one transition, 0 for the transition itself

	Time     int64 // of the row
	Since    int64 // of the first bad row; 0 when nothing is bad
	State    string
	Severity Severity
	Known    bool // Value means something
	Value    float64
	Level    float64
	Low      bool  // bad is below the level
	Period   int64 // seconds
	Priority int64 // as the toolstack counts
	TTL      int64 // seconds that the state may be believed without a further event

	Inhibited bool // the inhibit period holds the toolstack's ALARM back
	Silenced  bool // a silence or maintenance holds those sinks back that wake people
	Reason    Reason
	Labels    map[string]string

	Body string // of the toolstack's ALARM; never in the event's own data
}

// IsALARM says whether the event is one that the toolstack's ALARM is made
// of: a critical alarm that was raised or repeated, and that neither inhibit
// nor a silence holds back.
func (e *Event) IsALARM() bool {
	return (e.Kind == KindRaised || e.Kind == KindRepeated) && e.Severity == Critical && !e.Inhibited && !e.Silenced
}
