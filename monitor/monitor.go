package monitor

import (
	"cmp"
	"context"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"sync/atomic"
	"time"

	"perfmon/alarm"
	"perfmon/monitor/config"
	"perfmon/rrd"
)

// Monitor is the loop and all that it knows. Make one with New; everything
// but Run's goroutine goes through its channels and Snapshot.
type Monitor struct {
	opts    Options
	log     *slog.Logger
	metrics *loopMetrics

	inventories chan *Inventory  // newest wins
	commands    [2]chan struct{} // by Command; one that waits stands for all of its kind
	snapshot    atomic.Pointer[Snapshot]
	calls       chan func()   // to be run by the loop; see onLoop
	ended       chan struct{} // closed when Run is over

	// Owned by Run's goroutine.
	inv       *Inventory
	invBefore *Inventory // that inv has followed
	hostUUID  string
	objects   map[Object]*object
	layers    layers
	patterns  config.Patterns
	documents config.Documents
	combined  map[ingredients]inForce // of the inventory that is being put in force; else nil
	plan      *plan                   // nil: to be made
	outdated  *plan                   // the one before, while there is none
	anchor    anchor
	pace      pace
	clock     clockWatch
	begun     bool
	readings  map[config.Fold]readResult // of this poll

	accepted     *rrd.Legend // of the last whole answer
	newest       rrd.Row
	newestLegend *rrd.Legend
	newestStep   int64
	givenHost    string          // uuid in the last inventory
	legendHost   string          // uuid in the last legend that names a host
	hostSought   *rrd.Legend     // that was looked at last for it
	toldHeadings map[string]bool // bad headings that were reported
	toldEnough   bool            // that there are more of them was, too

	saved        map[alarm.ID][]byte // of an earlier run, not yet claimed by a variable
	savedLast    int64               // its last row
	savedConfigs map[Object]string
	silences     []*silence
	contended    []contention // in the rows of the last poll
	sequence     int64        // of the last event
	said         []alarm.Transition
	room         room     // for the values of the next update
	changes      *Changes // since the store was last given some
	kept         bool     // the store knows of a last row, keptLast
	keptLast     int64
	announcedAt  int64
	lines        transitionLines // of the log, since the last summary

	polledAt  int64  // when a poll last went well, Unix seconds
	failing   string // result of the last poll, "" if it was good
	failures  int    // polls since the last good one
	lost      int64  // row seconds given up since
	stalled   bool   // answers have had no new row for long
	rereading bool   // a refresh has asked for an inventory that has not come
}

// Command is what an operator asks of a running monitor.
type Command int

// The commands.
const (
	Refresh  Command = iota // read the configuration again, and poll now
	DebugMem                // log what is monitored, and the memory in use
)

// New makes a Monitor. It does no I/O and starts nothing.
func New(o Options) *Monitor {
	if o.Step == 0 {
		o.Step = DefaultStep
	}
	if o.LookBack == 0 {
		o.LookBack = DefaultLookBack
	}
	if o.Rand == nil {
		o.Rand = rand.Float64
	}
	if o.Reread == nil {
		o.Reread = func() {}
	}
	if o.Alive == nil {
		o.Alive = func(string) {}
	}
	if o.Published == nil {
		o.Published = func(*Snapshot) {}
	}
	if o.AliveEvery == 0 {
		o.AliveEvery = 10 * time.Second
	}
	m := &Monitor{
		opts: o, log: o.Logger, changes: newChanges(), metrics: newLoopMetrics(o.Registerer),
		inventories: make(chan *Inventory, 1),
		commands:    [...]chan struct{}{Refresh: make(chan struct{}, 1), DebugMem: make(chan struct{}, 1)},
		calls:       make(chan func()), ended: make(chan struct{}),
		objects: make(map[Object]*object), readings: make(map[config.Fold]readResult),
		toldHeadings: make(map[string]bool),
	}
	m.restore(o.Saved)
	return m
}

// SetInventory hands over a new inventory; it is in force at once, and is
// not to be changed afterwards. It never blocks, and may be called from any
// goroutine.
func (m *Monitor) SetInventory(inv *Inventory) {
	for {
		select {
		case m.inventories <- inv:
			return
		default:
		}
		select { // the one that waits is out of date
		case <-m.inventories:
		default:
		}
	}
}

// Do asks for a command to be carried out. It never blocks: commands of one
// kind that wait are one.
func (m *Monitor) Do(c Command) {
	select {
	case m.commands[c] <- struct{}{}:
	default:
	}
}

// Snapshot is the picture after the last poll; nil before the first.
func (m *Monitor) Snapshot() *Snapshot { return m.snapshot.Load() }

func (m *Monitor) step() int64     { return m.opts.Step }
func (m *Monitor) lookBack() int64 { return m.opts.LookBack }

func (m *Monitor) interval() time.Duration {
	if m.opts.Interval > 0 {
		return m.opts.Interval
	}
	return time.Duration(m.opts.Step) * time.Second
}

// Run polls until ctx ends or the wanted number of polls is done.
func (m *Monitor) Run(ctx context.Context) {
	defer close(m.ended)
	m.firstInventory(ctx)
	for n := 0; ctx.Err() == nil; {
		if m.opts.Interval > 0 || !m.pace.between() {
			n++
		}
		m.opts.Alive(m.status()) // a poll may take as long as its source lets it
		began := time.Now()
		err := m.Poll(ctx)
		m.metrics.pollSeconds.Observe(time.Since(began).Seconds())
		if m.opts.Loops > 0 && n >= m.opts.Loops {
			return
		}
		m.wait(ctx, m.delay(err))
	}
}

// firstInventory waits a moment for the configuration, so that the first
// poll can use it.
func (m *Monitor) firstInventory(ctx context.Context) {
	m.opts.Alive("waiting for the configuration")
	patience := time.NewTimer(firstInventoryPatience)
	defer patience.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-patience.C:
			return
		case inv := <-m.inventories:
			m.setInventory(inv)
			return
		case call := <-m.calls:
			call()
		}
	}
}

// firstInventoryPatience is how long the first poll waits for an inventory.
const firstInventoryPatience = 5 * time.Second

// delay is the time to the next poll. After a failure it is a backoff that
// grows up to the interval, random so that the hosts of a pool spread. An
// interval that was asked for is kept, with its dither; otherwise the next poll
// comes when the next row does.
func (m *Monitor) delay(err error) time.Duration {
	full := float64(m.interval())
	if err != nil {
		ceiling := min(full, float64(time.Second)*float64(int64(1)<<min(m.failures, 20)))
		return time.Duration(ceiling * (0.5 + 0.5*m.opts.Rand()))
	}
	d := m.opts.Dither / 100
	switch {
	case m.opts.Interval == 0:
		wall, _ := m.opts.Clock.Now()
		return m.pace.wait(wall, time.Duration(full*d*Slot(m.hostUUID)))
	case m.opts.Legacy:
		return time.Duration(full * (1 - d + 2*d*m.opts.Rand()))
	}
	return time.Duration(full * (1 + d*m.opts.Rand()))
}

// wait sleeps until the next poll is due or a command asks for it. Inventories
// are put in force meanwhile.
func (m *Monitor) wait(ctx context.Context, d time.Duration) {
	due := time.NewTimer(d)
	defer due.Stop()
	alive := time.NewTicker(m.opts.AliveEvery)
	defer alive.Stop()
	m.opts.Alive(m.status())
	for {
		select {
		case <-ctx.Done():
			return
		case <-due.C:
			m.rereading = false
			return
		case <-alive.C:
			m.opts.Alive(m.status())
		case call := <-m.calls:
			call()
			m.keep()
		case inv := <-m.inventories:
			waiting := m.inv == nil
			m.setInventory(inv)
			if waiting || m.rereading {
				m.rereading = false
				return // rows have been waiting for it
			}
			m.accept(m.accepted)
			wall, _ := m.opts.Clock.Now()
			m.keep()
			m.publish(wall)
		case <-m.commands[Refresh]:
			m.log.Info("refresh: reading the configuration and polling now")
			m.rereading = true
			m.opts.Reread()
			return
		case <-m.commands[DebugMem]:
			m.logMemory()
		}
	}
}

// logMemory logs what is monitored and the memory in use.
func (m *Monitor) logMemory() {
	count := map[string]int{}
	variables := 0
	for key, o := range m.objects {
		count[key.Class]++
		variables += len(o.vars)
	}
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	columns := 0
	if m.newestLegend != nil {
		columns = len(m.newestLegend.Entries)
	}
	m.log.Info("debug_mem", "vms", count[rrd.ClassVM], "hosts", count[rrd.ClassHost], "srs", count[rrd.ClassSR],
		"variables", variables, "columns", columns, "heap_bytes", mem.HeapAlloc, "from_os_bytes", mem.Sys, "goroutines", runtime.NumGoroutine())
}

// status is one line for the service manager.
func (m *Monitor) status() string { return cmp.Or(m.trouble(), "polling") }

// trouble is why no rows come, "" if they do.
func (m *Monitor) trouble() string {
	switch {
	case m.failing != "":
		return "no rows: " + m.failing
	case m.stalled:
		return "no new rows"
	}
	return ""
}
