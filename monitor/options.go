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

// Sink takes alarms and never blocks.
type Sink interface {
	Send(alarm.Alarm)
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

// Options of a Monitor. Source, Clock, Sink, Readings and Logger are needed;
// zero values of the others mean the defaults.
type Options struct {
	Source   Source
	Clock    Clock
	Sink     Sink
	Readings Readings
	Logger   *slog.Logger

	Step     int64         // wanted step of the rows, seconds
	Interval time.Duration // between polls; 0: the step
	LookBack int64         // seconds before now that the first request asks for
	Dither   float64       // per cent of the interval, added at random
	Loops    int           // polls after which Run ends; 0: none
	Legacy   bool          // the values of 2012 where they differ

	// Reread asks whoever delivers inventories for a full one. It must not
	// block. Nil: nobody to ask.
	Reread func()
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
