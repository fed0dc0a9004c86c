package api

import (
	"perfmon/alarm"
)

// Version1 is the version of the API: what "api" says in every answer.
const Version1 = "v1"

// VersionHeader is the header in which each answer says which perfmon made
// it.
const VersionHeader = "Perfmon-Version"

// In all answers times are Unix seconds, and 0 is never; shares are 0..1;
// null and an absent field are unknown. Fields are added, none is removed.

// Head begins every answer.
type Head struct {
	API string `json:"api"` // Version1
}

func head() Head { return Head{Version1} }

// Status is the answer of GET /v1/status: how the agent itself does.
type Status struct {
	Head
	Brief
	Version string    `json:"version"` // of perfmon
	Source  string    `json:"source"`  // where rows come from: xapi or local
	Step    int64     `json:"step_s"`  // between rows, as it is asked for
	Host    ObjectRef `json:"host"`    // this host; uuid "" while it is not known
	Pool    string    `json:"pool_uuid,omitempty"`
	Started int64     `json:"started"`

	Sinks   []Sink  `json:"sinks"`
	Journal Journal `json:"journal"`

	Shadow     bool  `json:"shadow"`       // it runs beside the stock daemon, and tells nobody
	Memory     int64 `json:"memory_bytes"` // that the program has from the system
	Goroutines int   `json:"goroutines"`
}

// The words for Brief.State.
const (
	StateStarting = "starting" // it has not polled yet
	StateRunning  = "running"  // rows come
	StateTrouble  = "trouble"  // none come; Brief.Trouble says why
)

// Brief is what matters most of a Status.
type Brief struct {
	State    string `json:"state"`             // starting, running or trouble
	Trouble  string `json:"trouble,omitempty"` // in words, why no rows come
	Now      int64  `json:"now"`               // the time of the answer
	LastPoll int64  `json:"last_poll"`         // when a poll last went well
	LastRow  int64  `json:"last_row"`          // time of the newest row that was judged
	Counts   Counts `json:"counts"`
}

// Counts is how many there are of what.
type Counts struct {
	Objects   int `json:"objects"` // of this host, with variables or rows
	VMs       int `json:"vms"`
	SRs       int `json:"srs"`
	Variables int `json:"variables"` // in force

	Critical int `json:"critical"` // variables that fire, by severity
	Warning  int `json:"warning"`
	NoData   int `json:"nodata"`
	Pending  int `json:"pending"`
	Muted    int `json:"muted"` // of those that fire or have no data: held back by a silence, maintenance or contention

	Silences     int `json:"silences"`      // in force
	ConfigErrors int `json:"config_errors"` // in all trigger documents
}

// Firing is how many variables fire.
func (c *Counts) Firing() int { return c.Critical + c.Warning }

// Sink is a destination of events in a Status. The web port leaves LastError
// out: it may name an address.
type Sink struct {
	Name        string `json:"name"`
	Kind        string `json:"kind"`     // xapi, alertmanager, webhook, nats, amqp or journald
	Queued      int    `json:"queued"`   // events that wait
	Oldest      int64  `json:"oldest_s"` // for how many seconds the oldest of them has
	Away        bool   `json:"away"`     // it is taken to be away, and tried now and then
	NextTry     int64  `json:"next_try,omitempty"`
	LastError   string `json:"last_error,omitempty"` // of the last delivery that failed since the start
	LastErrorAt int64  `json:"last_error_at,omitempty"`
	Sent        int64  `json:"sent"`    // events, since the start
	Dropped     int64  `json:"dropped"` // events lost since the start: refused, too old, or no room
	// Heartbeat says whether the last heartbeat arrived; null for a sink that
	// takes none, and before the first.
	Heartbeat *bool `json:"heartbeat_ok"`
}

// Journal is what keeps state over restarts, in a Status.
type Journal struct {
	Memory   bool   `json:"memory_only"`     // there is no state directory: nothing survives a restart
	Degraded bool   `json:"degraded"`        // its disk does not work: all goes on in memory
	Error    string `json:"error,omitempty"` // why; left out by the web port
	Bytes    int64  `json:"bytes"`           // of its file after the last write
	Epoch    string `json:"epoch"`           // names the numbering of the events
}

// Overview is the answer of GET /v1/overview: the newest row in headlines.
// What is unknown is null, and all values are while no row is recent.
type Overview struct {
	Head
	Row  int64        `json:"row"`    // time of the newest row; 0: none is recent enough
	Step int64        `json:"step_s"` // between rows, as the newest answer had it
	Host HostOverview `json:"host"`
	VMs  []VMOverview `json:"vms"` // of this host, the control domain included, by name
	SRs  []SROverview `json:"srs"` // attached to this host, by name
}

// Recent is the answer of GET /v1/recent: headlines of the last rows, of the
// objects of an Overview and in its order. Each time stands for the Every
// seconds before it, the newest for what has gone by of them, and a value is
// the largest of that time; null is unknown. As many values as T has times, or
// none where nothing is known.
type Recent struct {
	Head
	Every int64          `json:"every_s"`
	T     []int64        `json:"t"` // rising
	Host  RecentValues   `json:"host"`
	VMs   []RecentValues `json:"vms"`
	SRs   []RecentValues `json:"srs"`
}

// RecentValues is an object in a Recent.
type RecentValues struct {
	UUID       string `json:"uuid"`
	CPU        Values `json:"cpu_usage,omitempty"`
	Contention Values `json:"contention,omitempty"`      // of a VM
	Latency    Values `json:"latency_seconds,omitempty"` // of an SR
	Memory     Values `json:"memory_bytes,omitempty"`    // used by the host; a VM's; used of an SR
	Net        Values `json:"net_bytes_per_s,omitempty"` // in both directions
	Disk       Values `json:"disk_bytes_per_s,omitempty"`
}

// Flags is what the alarms of an object are like, in an Overview.
type Flags struct {
	Firing   int            `json:"firing"`             // variables that fire
	Severity alarm.Severity `json:"severity,omitempty"` // the worst of them
	NoData   int            `json:"nodata"`
	Pending  int            `json:"pending"`
	// Maintenance is why its alarms are to be expected now: disabled,
	// evacuating, migrating, snapshot or shutting down.
	Maintenance string `json:"maintenance,omitempty"`
}

// HostOverview is the host in an Overview.
type HostOverview struct {
	UUID string `json:"uuid"`
	Name string `json:"name_label"`
	Flags
	CPU         *float64 `json:"cpu_usage"`    // share of the processors' time
	CPUs        int      `json:"cpus"`         // physical ones that have a data source; 0 for unknown
	Load        *float64 `json:"cpu_load"`     // runnable virtual processors for each physical one (hostload)
	LoadAverage *float64 `json:"load_average"` // of the control domain, over a minute
	MemoryTotal *float64 `json:"memory_total_bytes"`
	MemoryUsed  *float64 `json:"memory_used_bytes"`
	NetRx       *float64 `json:"net_rx_bytes_per_s"`
	NetTx       *float64 `json:"net_tx_bytes_per_s"`
	DiskRead    *float64 `json:"disk_read_bytes_per_s"` // over all SRs, or the disks of a host without a toolstack
	DiskWrite   *float64 `json:"disk_write_bytes_per_s"`
	Uptime      *float64 `json:"uptime_s"`
}

// VMOverview is a VM in an Overview.
type VMOverview struct {
	UUID          string `json:"uuid"`
	Name          string `json:"name_label"`
	ControlDomain bool   `json:"control_domain"`
	Flags
	CPU        *float64 `json:"cpu_usage"`  // share of its processors' time
	CPUs       int      `json:"cpus"`       // virtual ones that have a data source; 0 for unknown
	Contention *float64 `json:"contention"` // share of their time that they waited for a processor
	Memory     *float64 `json:"memory_bytes"`
	MemoryFree *float64 `json:"memory_free_bytes"` // as its guest agent says
	NetRx      *float64 `json:"net_rx_bytes_per_s"`
	NetTx      *float64 `json:"net_tx_bytes_per_s"`
	DiskRead   *float64 `json:"disk_read_bytes_per_s"`
	DiskWrite  *float64 `json:"disk_write_bytes_per_s"`
}

// SROverview is a storage repository in an Overview.
type SROverview struct {
	UUID string `json:"uuid"`
	Name string `json:"name_label"`
	Flags
	Size    *float64 `json:"size_bytes"`
	Used    *float64 `json:"used_bytes"`
	Read    *float64 `json:"read_bytes_per_s"` // by this host
	Write   *float64 `json:"write_bytes_per_s"`
	Latency *float64 `json:"latency_seconds"` // of a request of this host
}

// Objects is the answer of GET /v1/objects[?query=O]: the objects of this
// host, or the one that is meant; the host first, then VMs, then SRs, each by
// name.
type Objects struct {
	Head
	Objects []ObjectInfo `json:"objects"`
}

// ObjectInfo is an object in Objects.
type ObjectInfo struct {
	ObjectRef
	ControlDomain bool     `json:"control_domain,omitempty"`
	Tags          []string `json:"tags"`      // by which it inherits
	Columns       int      `json:"columns"`   // data sources in the newest row
	Variables     int      `json:"variables"` // in force
	ConfigErrors  int      `json:"config_errors"`
	Flags
}

// Variables is the answer of GET /v1/variables[?object=O], all variables in
// force, and of GET /v1/alarms[?object=O&state=S,S], those that are not
// inactive, or are in one of the states (inactive, pending, firing, clearing,
// nodata). Variables come by object, in the order in which they are judged;
// alarms with the worst first: firing and clearing before nodata before
// pending, critical before warning, older before younger.
type Variables struct {
	Head
	Row       int64      `json:"row"` // time of the newest row
	Variables []Variable `json:"variables"`
}

// Variable is a variable and its alarm, as the last poll left them.
type Variable struct {
	ObjectRef
	Variable string         `json:"variable"`
	State    string         `json:"state"` // inactive, pending, firing, clearing or nodata
	Severity alarm.Severity `json:"severity,omitempty"`
	Since    int64          `json:"since,omitempty"` // the first bad row; 0 when nothing is bad
	Value    *float64       `json:"value"`           // of the newest row, or reading
	Fold     string         `json:"consolidation_fn"`
	Columns  []string       `json:"columns"` // the data sources that it reads
	Reading  bool           `json:"reading"` // it is read of the control domain or of a record, not of rows

	Unit         string   `json:"unit,omitempty"` // of the value and the levels, as in a SeriesColumn; "" where nobody knows, or the data sources have several
	Level        float64  `json:"level"`
	Sense        string   `json:"sense"` // high or low: on which side of the level bad is
	WarningLevel *float64 `json:"warning_level,omitempty"`
	ClearLevel   *float64 `json:"clear_level,omitempty"`
	Period       int64    `json:"period_s"`
	Priority     int64    `json:"priority"`

	// Muted is what holds back those sinks that wake people: "silence ID",
	// "maintenance: WORD" or "contention of the host"; "" for nothing. It is
	// looked at only while the variable is not inactive.
	Muted        string            `json:"muted,omitempty"`
	Silence      string            `json:"silence,omitempty"`       // its id, if it is one
	InhibitUntil int64             `json:"inhibit_until,omitempty"` // no further ALARM before then
	Labels       map[string]string `json:"labels,omitempty"`
}

// History is the answer of
// GET /v1/history[?object=O&variable=V&since=T&limit=N], newest first: those
// whose row is at T or later (negative: so many seconds before now), N at most
// (100, up to 2000). An object that has gone is named by its whole uuid.
type History struct {
	Head
	Transitions []Transition `json:"transitions"`
	// Complete: of those that are remembered, all that fit are in the answer.
	Complete bool `json:"complete"`
	// Oldest is the time of the oldest transition that is remembered, of
	// whatever object; 0 for none.
	Oldest int64 `json:"oldest"`
}

// Transition is what an alarm said. It has the fields of the event's data
// (docs/events.md) under the same names, with times in Unix seconds.
type Transition struct {
	ID   string     `json:"id"`   // of the event, as all sinks have it
	Time int64      `json:"time"` // of the row
	Kind alarm.Kind `json:"kind"` // raised, repeated, cleared or nodata
	ObjectRef
	Variable  string            `json:"variable"`
	State     string            `json:"state"`
	Sequence  int64             `json:"sequence"`
	Value     *float64          `json:"value"`
	Level     float64           `json:"level"`
	Sense     string            `json:"sense"`
	Period    int64             `json:"period_s"`
	Since     int64             `json:"since,omitempty"`
	Priority  int64             `json:"priority"`
	Severity  alarm.Severity    `json:"severity,omitempty"`
	Inhibited bool              `json:"inhibited"`
	Silenced  bool              `json:"silenced"`
	Reason    alarm.Reason      `json:"reason,omitempty"` // of cleared: level, gone, config or unknown
	Labels    map[string]string `json:"labels,omitempty"`
}

// Series is the answer of
// GET /v1/series?object=O[&columns=glob,glob&span=10m|2h|1w|1y]: rows of the
// toolstack's archives, or of our own, oldest first.
type Series struct {
	Head
	ObjectRef
	Span string `json:"span"`
	Step int64  `json:"step_s"` // between rows, as the archive has it
	// Start and End bound the time axis: rows are those with Start < t <= End.
	Start     int64          `json:"start"`
	End       int64          `json:"end"`
	Columns   []SeriesColumn `json:"columns"`
	Truncated bool           `json:"truncated"` // more columns fit the globs than are sent
	T         []int64        `json:"t"`         // of each row, rising, Step apart
	// Values[i][k] is of Columns[i] at T[k], in the column's unit.
	Values []Values `json:"values"`
	// Triggers are the variables that read one of the columns at least.
	Triggers []Variable `json:"triggers"`
	// Transitions of the object's variables in that time, oldest first.
	Transitions []Transition `json:"transitions"`
}

// SeriesColumn is a data source in a Series.
type SeriesColumn struct {
	Name  string `json:"name"`
	Class string `json:"class"`
	UUID  string `json:"uuid"`
	Unit  string `json:"unit,omitempty"` // as the toolstack has it: fraction, B, KiB, B/s, µs, …; "" where nobody knows
	Help  string `json:"help,omitempty"` // what it is
}

// Values is a row of numbers; NaN is null in JSON. See values.go.
type Values []float64

// Pressure is the answer of GET /v1/pressure: the same as in a heartbeat
// (docs/events.md).
type Pressure struct {
	Head
	Now int64 `json:"now"`
	*alarm.Pressure
}

// GET /v1/watch[?object=O] is a stream of server-sent events. Comments come
// between them, every 15 s at the latest. The events:
//
//	event: poll     data: WatchPoll     at the beginning, and after each poll
//	event: alarm    data: Transition    for each; id: is the place to resume at
//	event: silence  data: Silences      when one was made or has ended
//
// The header Last-Event-ID (or ?last=ID), with the id of an alarm event, has
// those sent that were missed since, as far as they are remembered.
const (
	EventPoll    = "poll"
	EventAlarm   = "alarm"
	EventSilence = "silence"
)

// WatchPoll is a poll in the stream of GET /v1/watch.
type WatchPoll struct {
	Head
	Brief
	Overview *Overview `json:"overview"` // left out (null) with ?overview=false
}
