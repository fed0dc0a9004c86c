package api

import (
	"strings"
	"time"
)

// Version1 is what every answer calls the version that it is in.
const Version1 = "v1"

// Status is how everything stands: GET /v1/status. Times are RFC 3339; what is
// not known is null or left out, never 0.
type Status struct {
	API     string    `json:"api"`
	Version string    `json:"version"` // of the program
	Owner   string    `json:"owner"`
	Now     time.Time `json:"now"`  // by this machine's clock
	At      time.Time `json:"at"`   // of the last turn
	Role    string    `json:"role"` // starting, standby, active, dry-run
	Since   time.Time `json:"since"`
	Problem string    `json:"problem,omitempty"` // what keeps it from acting
	Paused  bool      `json:"paused"`
	Reason  string    `json:"pause_reason,omitempty"`
	Cap     int       `json:"max_machines"`
	Turns   int       `json:"turns"`

	Profiles []Profile `json:"profiles"`
	Machines []Machine `json:"machines"` // the first of them, those in trouble before the others; GET /v1/machines has all
	Clouds   []Source  `json:"clouds"`
	Brokers  []Source  `json:"brokers"`
	Hosts    []Host    `json:"hosts"`
	Storage  []Storage `json:"storage"`
	Hearing  []Hearing `json:"hearing"`
	Brakes   []Brake   `json:"brakes"`
	Rivals   []Rival   `json:"rivals"`  // other rubbers of this owner
	Strange  []Strange `json:"strange"` // machines with our mark and without a record; the first of them
	Unread   []string  `json:"unread"`  // why records cannot be read; the first of them
	Engine   *Engine   `json:"engine"`  // null in a dry run without one

	MachineCount  int            `json:"machine_count"` // all of them
	MachineStates map[string]int `json:"machine_states"`
	InTrouble     int            `json:"machines_in_trouble"` // those that take too long, and those with trouble
	StrangeCount  int            `json:"strange_count"`
	UnreadCount   int            `json:"unread_count"`
}

// Machines is some of the machines: GET /v1/machines.
type Machines struct {
	API      string         `json:"api"`
	At       time.Time      `json:"at"`     // of the last turn
	Total    int            `json:"total"`  // all machines that there are
	Found    int            `json:"found"`  // those that fit
	States   map[string]int `json:"states"` // of those that fit, whatever state was asked for
	From     int            `json:"from"`   // how many of those found are before the first
	Machines []Machine      `json:"machines"`
	Next     string         `json:"next,omitempty"` // to be asked for as after; "" at the end, and in other orders than by=intent
}

// Profile is one kind of machine, and its queue.
type Profile struct {
	Name       string         `json:"name"`
	Queue      string         `json:"queue"`
	Broker     string         `json:"broker"`
	Cloud      string         `json:"cloud"`
	Generation string         `json:"generation"`
	Waits      *int           `json:"waits"`   // tasks that nobody has
	Running    *int           `json:"running"` // tasks that a worker has
	OldestS    *float64       `json:"oldest_s"`
	Error      string         `json:"error,omitempty"` // why that is not known, or not all of it
	Slots      int            `json:"slots"`           // of machines that take work
	Busy       int            `json:"busy"`            // tasks on machines
	Static     int            `json:"static_slots"`    // of workers that are on none of our machines
	StaticBusy int            `json:"static_busy"`
	Want       int            `json:"want"` // machines
	Wish       int            `json:"wish"` // the same without limits
	Limit      int            `json:"limit"`
	Have       int            `json:"have"`
	States     map[string]int `json:"states"`
	Min        int            `json:"min"`
	Max        int            `json:"max"`
	Reasons    []string       `json:"reasons"`
	Blocked    string         `json:"blocked,omitempty"`
	BootP50S   *float64       `json:"boot_p50_s"`
	BootP95S   *float64       `json:"boot_p95_s"`
	TaskS      *float64       `json:"task_s"`
	ArrivalsS  *float64       `json:"arrivals_per_s"`
}

// Machine is one machine.
type Machine struct {
	Intent     string     `json:"intent"`
	Name       string     `json:"name"`
	ID         string     `json:"id,omitempty"` // of the cloud
	Profile    string     `json:"profile"`
	Cloud      string     `json:"cloud"`
	State      string     `json:"state"`
	Says       string     `json:"cloud_says,omitempty"`
	AgeS       float64    `json:"age_s"` // in its state
	Overdue    bool       `json:"overdue"`
	Host       string     `json:"host,omitempty"`
	Generation string     `json:"generation,omitempty"`
	Workers    []string   `json:"workers"`
	Slots      int        `json:"slots"`
	Busy       *int       `json:"busy"`
	IdleSince  *time.Time `json:"idle_since"`
	Created    time.Time  `json:"created"`
	Doing      string     `json:"doing,omitempty"`
	Released   string     `json:"released,omitempty"` // why it is let go
	Protected  string     `json:"protected,omitempty"`
	LeftAlone  string     `json:"left_alone,omitempty"` // why nothing is done about it
	Ending     string     `json:"ending,omitempty"`
	Trouble    string     `json:"trouble,omitempty"`
	Hint       string     `json:"hint,omitempty"`
	Tries      string     `json:"tries,omitempty"` // how often the cloud has been asked in vain, and when it is asked again
}

// TroubleText is what is the matter with it, the way out, and what is tried, in
// one sentence; "" if nothing is.
func (m *Machine) TroubleText() string {
	text := m.Trouble
	for _, more := range []string{m.Hint, m.Tries} {
		if text != "" && more != "" && !strings.Contains(text, more) {
			text += "; " + more
		}
	}
	return text
}

// Source is how asking a cloud or a broker goes.
type Source struct {
	Name  string     `json:"name"`
	OK    bool       `json:"ok"`
	Good  *time.Time `json:"last_good"`
	Error string     `json:"error,omitempty"`
	Fails int        `json:"fails"`
	Next  *time.Time `json:"next_try"`
	Count int        `json:"count"`
}

// HostName is what people call a host that a cloud names in its own way: its
// name where an agent has told it, and host itself otherwise.
func (s *Status) HostName(host string) string {
	for i := range s.Hosts {
		if s.Hosts[i].UUID == host && s.Hosts[i].Name != "" {
			return s.Hosts[i].Name
		}
	}
	return host
}

// Host is what is believed of a hypervisor.
type Host struct {
	UUID   string   `json:"uuid"`
	Name   string   `json:"name,omitempty"`
	Silent bool     `json:"silent"`
	Bad    []string `json:"bad"` // contended, memory, network, disk, danger
	Free   *int64   `json:"free_memory_bytes"`
	Total  *int64   `json:"total_memory_bytes"`
	Alarms []Alarm  `json:"alarms"`

	Machines int `json:"machines"` // of ours on it
}

// Storage is what is believed of a storage repository.
type Storage struct {
	UUID     string   `json:"uuid"` // or its first eight digits, where nobody has told the rest
	Name     string   `json:"name,omitempty"`
	Hosts    []string `json:"hosts"`     // uuids of those that have it and are heard
	Bad      []string `json:"bad"`       // slow, full
	LatencyS *float64 `json:"latency_s"` // a request, on the worst host
	Size     *int64   `json:"size_bytes"`
	Used     *int64   `json:"used_bytes"`
	Alarms   []Alarm  `json:"alarms"`
}

// Alarm is one that is believed to fire, or of which nobody knows.
type Alarm struct {
	Class    string   `json:"class"`
	Object   string   `json:"uuid"`
	Name     string   `json:"name,omitempty"`
	Variable string   `json:"variable"`
	Severity string   `json:"severity,omitempty"`
	Effect   string   `json:"effect"`
	Known    bool     `json:"known"`
	Value    *float64 `json:"value"`
}

// Hearing is how a place does where alarms are heard.
type Hearing struct {
	Name      string `json:"name"`
	Connected bool   `json:"connected"`
	Complete  bool   `json:"complete"`
	Error     string `json:"error,omitempty"`
}

// Brake says that no machines are asked for, and until when.
type Brake struct {
	Cloud   string    `json:"cloud"`
	Profile string    `json:"profile,omitempty"`
	Kind    string    `json:"kind"`
	Text    string    `json:"text"`
	Hint    string    `json:"hint,omitempty"`
	Since   time.Time `json:"since"`
	Until   time.Time `json:"until"`
	Fails   int       `json:"fails"`
}

// Rival is another rubber of this owner, which has made machines in a cloud with
// another store.
type Rival struct {
	Cloud string    `json:"cloud"`
	Store string    `json:"store"`
	ID    string    `json:"id"` // of the machine by which it was found out
	Name  string    `json:"name"`
	Since time.Time `json:"since"`
	Aside bool      `json:"aside"` // its store is older: nothing is done in that cloud
	Text  string    `json:"text"`
}

// Strange is a machine that bears our mark and has no record.
type Strange struct {
	Cloud  string     `json:"cloud"`
	ID     string     `json:"id"`
	Name   string     `json:"name"`
	Since  time.Time  `json:"since"`
	Reason string     `json:"reason"`
	Until  *time.Time `json:"until"`
}

// Engine is how the store and the streams do.
type Engine struct {
	Where string `json:"where"`
	Owner bool   `json:"owner"` // this process serves it
	OK    bool   `json:"connected"`
	Error string `json:"error,omitempty"`
}

// Plan is what one plan saw and wanted: GET /v1/plans.
type Plan struct {
	At      time.Time `json:"at"`
	Targets []Target  `json:"targets"`
	Lines   []Line    `json:"lines"`
}

// Target is a profile in a plan.
type Target struct {
	Profile string   `json:"profile"`
	Waits   *int     `json:"waits"`
	Running *int     `json:"running"`
	OldestS *float64 `json:"oldest_s"`
	Slots   int      `json:"slots"`
	Want    int      `json:"want"`
	Wish    int      `json:"wish"`
	Limit   int      `json:"limit"`
	Have    int      `json:"have"`
	Ready   int      `json:"ready"`
	Coming  int      `json:"coming"`
	Resting int      `json:"resting"`
	Load    float64  `json:"load"`
}

// Line is one step of a plan, and why.
type Line struct {
	Action  string   `json:"action"`
	Profile string   `json:"profile"`
	Machine string   `json:"machine,omitempty"`
	Count   int      `json:"count"`
	Avoid   []string `json:"avoid,omitempty"`
	Prefer  []string `json:"prefer,omitempty"`
	Reasons []Reason `json:"reasons"`

	AvoidStorage []string `json:"avoid_storage,omitempty"`
}

// Reason is why, in a word for programs and a sentence for people.
type Reason struct {
	Code string `json:"code"`
	Text string `json:"text"`
}

// Decision is a line of the feed: GET /v1/decisions.
type Decision struct {
	At      time.Time `json:"at"`
	Event   string    `json:"event"`
	Profile string    `json:"profile,omitempty"`
	Machine string    `json:"machine,omitempty"`
	Name    string    `json:"name,omitempty"`
	Text    string    `json:"text"`
	Loud    bool      `json:"loud"`
}

// Explanation is why a profile is as it is: GET /v1/explain/PROFILE.
type Explanation struct {
	API     string    `json:"api"`
	Profile string    `json:"profile"`
	At      time.Time `json:"at"`
	Lines   []string  `json:"lines"`
}

// Plans and Decisions are lists, oldest first.
type (
	// Plans is the answer of GET /v1/plans.
	Plans struct {
		API   string `json:"api"`
		Plans []Plan `json:"plans"`
	}
	// Decisions is the answer of GET /v1/decisions.
	Decisions struct {
		API       string     `json:"api"`
		Decisions []Decision `json:"decisions"`
	}
)

// Series is what plans saw over time, a column each: GET /v1/series, of one
// profile or, without a name, of all together. All columns are as long as T;
// what is not known is null, and so is a sum of which a part is not known.
type Series struct {
	API     string     `json:"api"`
	Profile string     `json:"profile,omitempty"`
	T       []float64  `json:"t"`        // Unix seconds, rising
	Waits   []*int     `json:"waits"`    // tasks that nobody has
	Running []*int     `json:"running"`  // tasks that a worker has
	OldestS []*float64 `json:"oldest_s"` // the longest wait that is known; 0 where nothing waits
	Slots   []*int     `json:"slots"`    // of machines that take work, and of static workers
	Want    []*int     `json:"want"`     // machines
	Limit   []*int     `json:"limit"`
	Have    []*int     `json:"have"`
	Ready   []*int     `json:"ready"`
	Coming  []*int     `json:"coming"`
	Resting []*int     `json:"resting"`
}

// Request is the body of what changes something.
type Request struct {
	Reason string `json:"reason"`
}

// Refusal is the answer to what was not done.
type Refusal struct {
	Message string   `json:"message"`
	Fix     string   `json:"fix,omitempty"`
	Known   []string `json:"known,omitempty"` // what could have been meant
}
