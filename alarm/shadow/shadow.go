package shadow

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"perfmon/alarm"
)

// Options of a Comparison.
type Options struct {
	// Began is when this agent did. What the stock daemon said before is
	// only used to understand what comes after.
	Began int64
	// PollEvery is the longest time between two polls of the stock daemon,
	// in seconds; 0: DefaultPollEvery.
	PollEvery int64
	// NoStock says that no stock daemon runs; StockRuns changes it.
	NoStock bool
	// Keep is how many findings are kept for the table; 0: DefaultKeep.
	Keep int
}

// Defaults of the options.
const (
	DefaultPollEvery = 315 // 300 s, and 5 % of that at random
	DefaultKeep      = 2000
)

// maxOpen is how many alarms of a side may wait to be decided.
const maxOpen = 10000

// Object is what alarms are about.
type Object struct {
	Class string // "vm", "host" or "sr"
	UUID  string
}

// Facts are what is known of an object that this host watches.
type Facts struct {
	Name   string // for people
	Config string // its own trigger XML
}

// Message is an ALARM that the toolstack has.
type Message struct {
	Ref string
	Object
	Time int64
	Body string
}

// Circumstances are what is known of a variable about the time of an alarm.
type Circumstances struct {
	InForce bool     // this agent judges it
	From    string   // where it is inherited from, in words; "" for the object's own
	Muted   string   // what holds its alarms back; "" for nothing
	Columns []string // the data sources that it reads
	Rows    []Row    // the last ones, oldest first
}

// Row is a variable's value in a row; not a number while unknown.
type Row struct {
	Time  int64
	Value float64
}

// Comparison compares the alarms of two daemons. It is not safe for
// concurrent use.
type Comparison struct {
	opts    Options
	objects map[Object]*object
	tracks  map[alarm.ID]*track
	seen    map[string]int64 // messages that were taken, by reference; when they were made
	open    [2]int           // alarms that wait, of each side

	findings []Finding
	counts   Counts
}

// object is one that is or was watched.
type object struct {
	Facts
	here                  bool
	arrived, left, edited int64 // when; 0: not since the beginning
}

// track is all of one variable of one object.
type track struct {
	ours   []*ours   // that wait, oldest first
	stocks []*theirs // that wait, oldest first

	lastOurs, lastTheirs int64 // the newest that were decided
	heldAt               int64 // the newest alarm that was held back here
	heldBy               string
	alone                int64 // the newest alarm that only we had
	hole                 int64 // the newest row that is known to have no value
}

// ours is an alarm of this agent.
type ours struct {
	e *alarm.Event
	body
	c       *Circumstances // nil: not known
	hole    int64          // a row without a value since it was bad first; 0 for none
	noStock bool           // ran when it was said
}

// theirs is an alarm of the stock daemon.
type theirs struct {
	m Message
	body
	c *Circumstances // nil: not known
}

// New makes a Comparison that has seen nothing.
func New(o Options) *Comparison {
	o.PollEvery = cmp.Or(o.PollEvery, DefaultPollEvery)
	o.Keep = cmp.Or(o.Keep, DefaultKeep)
	return &Comparison{
		opts: o, objects: map[Object]*object{}, tracks: map[alarm.ID]*track{}, seen: map[string]int64{},
		counts: Counts{Results: map[Result]int{}, Unexplained: map[Result]int{}},
	}
}

// Watch says what this host watches at a time: alarms of nothing else count.
func (c *Comparison) Watch(at int64, objects map[Object]Facts) {
	first := len(c.objects) == 0
	for key, facts := range objects {
		o := c.objects[key]
		if o == nil {
			o = &object{Facts: facts}
			c.objects[key] = o
		}
		switch {
		case !o.here && !first:
			o.arrived = at
		case o.Config != facts.Config:
			o.edited = at
		}
		o.Facts, o.here = facts, true
	}
	for key, o := range c.objects {
		if _, watched := objects[key]; watched || !o.here {
			continue
		}
		o.here, o.left = false, at
	}
}

// StockRuns says whether a stock daemon runs from now on.
func (c *Comparison) StockRuns(runs bool) { c.opts.NoStock = !runs }

// Ours takes what this agent said. Of all events only those count that the
// toolstack's ALARM would have been made of; the others explain.
func (c *Comparison) Ours(e *alarm.Event, known *Circumstances) error {
	t := c.track(e.ID)
	if !e.IsALARM() {
		if (e.Kind == alarm.KindRaised || e.Kind == alarm.KindRepeated) && e.Severity == alarm.Critical {
			t.heldAt, t.heldBy = e.Time, heldInhibit
			if e.Silenced {
				t.heldBy = heldSilence
			}
		}
		return nil
	}
	b, err := parseBody(e.Body)
	if err != nil {
		return fmt.Errorf("compare alarm %s: %w", e.EventID(), err)
	}
	if c.open[0] >= maxOpen {
		c.counts.Dropped++
		return nil
	}
	c.open[0]++
	o := &ours{e: e, body: b, c: known, noStock: c.opts.NoStock}
	if known != nil {
		t.hole = max(t.hole, lastHole(known.Rows))
	}
	if t.hole >= e.Since {
		o.hole = t.hole
	}
	t.ours = insert(t.ours, o, func(a, b *ours) int {
		return cmp.Or(cmp.Compare(a.e.Time, b.e.Time), cmp.Compare(a.e.Sequence, b.e.Sequence))
	})
	return nil
}

// Wants says whether a message would be compared: one of an object of this
// host that has not been taken yet.
func (c *Comparison) Wants(m Message) bool {
	if _, seen := c.seen[m.Ref]; seen {
		return false
	}
	o := c.objects[m.Object]
	switch {
	case o == nil, o.arrived != 0 && m.Time < o.arrived-skew:
		return false // another host's
	case !o.here && m.Time > o.left+c.late(0):
		return false
	}
	return true
}

// Variable is the name of the variable that a message is about, "" if it is
// not as the stock daemon writes them.
func (m Message) Variable() string {
	b, err := parseBody(m.Body)
	if err != nil {
		return ""
	}
	return b.variable
}

// Stock takes a message, unless Wants says no. An error is about one that the
// stock daemon did not write.
func (c *Comparison) Stock(m Message, known *Circumstances) error {
	if !c.Wants(m) {
		return nil
	}
	c.seen[m.Ref] = m.Time
	b, err := parseBody(m.Body)
	if err != nil {
		return fmt.Errorf("compare message %s: %w", m.Ref, err)
	}
	if c.open[1] >= maxOpen {
		c.counts.Dropped++
		return nil
	}
	c.open[1]++
	t := c.track(alarm.ID{Class: m.Class, UUID: m.UUID, Variable: b.variable})
	t.stocks = insert(t.stocks, &theirs{m, b, known}, func(a, b *theirs) int {
		return cmp.Or(cmp.Compare(a.m.Time, b.m.Time), strings.Compare(a.m.Ref, b.m.Ref))
	})
	return nil
}

func (c *Comparison) track(id alarm.ID) *track {
	t := c.tracks[id]
	if t == nil {
		t = &track{}
		c.tracks[id] = t
	}
	return t
}

// insert puts x into a sorted list, most likely at its end.
func insert[T any](list []T, x T, compare func(a, b T) int) []T {
	i := len(list)
	for i > 0 && compare(list[i-1], x) > 0 {
		i--
	}
	return slices.Insert(list, i, x)
}
