package monitor

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"perfmon/alarm"
	"perfmon/monitor/config"
	"perfmon/rrd"
)

// Source is where rows come from.
type Source interface {
	// Update asks for the rows at or after start (Unix seconds), wanted at
	// the given step. srs are the SRs whose rows are wanted too. The monitor
	// closes what it gets. An error means that no answer came; an answer that
	// turns out broken says so while it is read.
	Update(ctx context.Context, start, step int64, srs []string) (Update, error)
}

// Update is an answer as it streams in.
type Update interface {
	rrd.Reader
	Close() error
}

// Clock tells the time twice: by the wall, which can be set, and by a clock
// that only ever goes forward, also while the machine sleeps.
type Clock interface {
	Now() (wall time.Time, mono time.Duration)
}

// Store keeps what has to survive a restart, and takes events on for those
// who deliver them.
type Store interface {
	// Keep makes changes durable before any of their events can be delivered.
	// It does not wait for a delivery. What it cannot make durable it still
	// takes on, and says so itself.
	Keep(c *Changes)
	// Epoch names the numbering of the events. It changes when numbers could
	// be given twice: after a loss of state.
	Epoch() string
	// Announce takes events that repeat what is so. They are worth nothing
	// later, and are kept nowhere.
	Announce(events []*alarm.Event)
}

// Changes is what one step of the loop leaves to be kept. It belongs to the
// Store once handed over.
type Changes struct {
	States   map[alarm.ID][]byte // as alarm.Trigger.Save wrote them; nil: forget it
	Configs  map[Object]string   // last good trigger XML; "": forget it
	Silences map[string][]byte   // by id, as alarm.Silence.Save wrote them; nil: forget it
	HasLast  bool
	Last     int64 // newest evaluated row, Unix seconds; with HasLast
	Sequence int64 // of the last event
	Events   []*alarm.Event
	// Adopted are alarms that fire and that another host has announced: those
	// who get events know of them, and are told of their end. Of one that is
	// silenced those do not know whom that keeps it from.
	Adopted []*alarm.Event
}

// Saved is what a Store kept of an earlier run.
type Saved struct {
	States   map[alarm.ID][]byte
	Configs  map[Object]string
	Silences map[string][]byte
	HasLast  bool
	Last     int64
	Sequence int64
}

// Readings are the values of dom0 that no row has. Unknown is NaN; an error
// says that something is wrong.
type Readings interface {
	Read(fold config.Fold) (float64, error)
}

// Defaults of the options, the stock daemon's where it has one.
const (
	DefaultStep     = 60  // seconds
	DefaultLookBack = 300 // seconds before now that the first request asks for
	DefaultDither   = 5   // per cent
)

// Options of a Monitor. Source, Clock, Store, Readings and Logger are needed;
// zero values of the others mean the defaults.
type Options struct {
	Source   Source
	Clock    Clock
	Store    Store
	Readings Readings
	Logger   *slog.Logger

	Step     int64         // wanted step of the rows, seconds
	Interval time.Duration // between polls; 0: a poll as each row comes
	LookBack int64         // seconds before now that the first request asks for
	// Dither is per cent of the interval, added at random; where a poll comes as
	// each row does, per cent of the step, of which each host adds its Slot.
	Dither  float64
	Loops   int  // polls after which Run ends, those for one row being one; 0: none
	Legacy  bool // the values of 2012 where they differ
	MuteVMs bool // the host's contention mutes the CPU alarms of its VMs

	// Saved is where an earlier run ended. Nil: there was none.
	Saved *Saved

	// Share asks for what the pool's other hosts have to know of a VM's alarms
	// to be kept with the VM; it comes back as Facts.SavedState. It must not
	// block, and may be asked for the same again. Nil: it is not shared.
	Share func(vm Object, state string)

	// Reread asks whoever delivers inventories for a full one. It must not
	// block. Nil: nobody to ask.
	Reread func()
	// Published is called after each poll, and after each other change that
	// those see who look on, with the new picture. It must not block. Nil:
	// nobody waits for it.
	Published func(*Snapshot)
	// Alive is called at least every AliveEvery while the loop turns or waits
	// for an answer within its time, with what it is doing, for the service
	// manager. It is not called by two goroutines at once. Nil: nobody asks.
	Alive      func(status string)
	AliveEvery time.Duration
	// Registerer takes the loop's own metrics. Nil: they are not registered.
	Registerer prometheus.Registerer
	// Rand returns a number in [0,1) for the dither. Nil: math/rand/v2.
	Rand func() float64
}
