package hear

import (
	"errors"
	"fmt"
	"maps"
	"time"

	"perfmon/alarm"
)

// States of an alarm as the table keeps them.
const (
	firing   = "firing"
	noData   = "nodata"
	inactive = "inactive"
)

// Bounds are how much is kept. Zero values are the defaults.
type Bounds struct {
	Hosts  int // DefaultHosts
	Alarms int // of all hosts, ended ones too while they are remembered; DefaultAlarms
	// Forget is how long a host is kept that nobody hears of; DefaultForget.
	Forget time.Duration
}

// Defaults of Bounds.
const (
	DefaultHosts  = 2000
	DefaultAlarms = 100_000
	DefaultForget = 24 * time.Hour
)

// remember is how long the end of an alarm is kept, so that what was sent
// before it does not bring it back.
const remember = time.Hour

// unknownFor is how long an alarm is shown as unknown when belief in it has
// ended and no heartbeat says what became of it. Whoever waits for a word on it
// has waited long enough then: a clear that was lost blocks nobody for ever.
const unknownFor = 15 * time.Minute

// Table is what is known. It knows no clock: time is an argument, and never
// goes back much. It is not safe for concurrent use.
type Table struct {
	rules  []Rule
	bounds Bounds
	hosts  map[string]*host
	alarms int // of all hosts
	counts Counts
	swept  time.Time
}

type host struct {
	uuid, pool, name string
	first            time.Time // heard of
	heard            time.Time // last of anything
	beat             time.Time // last heartbeat; zero: none
	beatStamp        stamp
	beatUntil        time.Time
	pressure         *pressure // of the last heartbeat
	alert            *entry    // of the alert that fires while the agent lives; nil: there was none
	alerted          time.Time // last that it fired
	alarms           map[key]*entry
}

// key is the identity of an alarm of a host. What came as alerts is kept apart
// from events: their order is another.
type key struct {
	alarm.ID
	alert string // "" for events; of an alert what else tells it from others of the same alarm
}

type entry struct {
	stamp    stamp
	state    string
	name     string
	severity string
	silenced bool
	value    *float64
	level    float64
	since    time.Time
	labels   map[string]string
	effect   Effect
	via      string
	heard    time.Time
	until    time.Time // belief; of an ended alarm, how long that is remembered
}

// NewTable makes an empty table. Rules come before the default ones.
func NewTable(rules []Rule, b Bounds) (*Table, error) {
	for i, r := range rules {
		if err := r.Check(); err != nil {
			return nil, fmt.Errorf("rule %d: %w", i+1, err)
		}
	}
	if b.Hosts < 0 || b.Alarms < 0 || b.Forget < 0 {
		return nil, errors.New("a negative bound")
	}
	if b.Hosts == 0 {
		b.Hosts = DefaultHosts
	}
	if b.Alarms == 0 {
		b.Alarms = DefaultAlarms
	}
	if b.Forget == 0 {
		b.Forget = DefaultForget
	}
	all := append(append([]Rule(nil), rules...), DefaultRules()...)
	return &Table{rules: all, bounds: b, hosts: map[string]*host{}, counts: Counts{}}, nil
}

// Counts is what has become of everything so far; the caller owns it.
func (t *Table) Counts() Counts { return maps.Clone(t.counts) }

// Event takes a CloudEvent as the agents send it, which was sent to a driver at
// a time and arrives now: belief counts from when it was sent.
func (t *Table) Event(via string, text []byte, sent, now time.Time) Outcome {
	o := t.event(via, text, sent, now)
	t.counts.add(o)
	return o
}

func (t *Table) event(via string, text []byte, sent, now time.Time) Outcome {
	t.sweep(now)
	if len(text) > MaxEvent {
		return TooLarge
	}
	r, err := parse(text)
	switch {
	case errors.Is(err, errForeign):
		return Foreign
	case err != nil:
		return Malformed
	}
	if now.Sub(sent) > t.bounds.Forget {
		return Late // from before what is remembered
	}
	h := t.host(r.host, sent)
	if h == nil {
		return NoRoom
	}
	if r.pressure != nil {
		return h.heartbeat(r, sent, now)
	}
	return t.alarm(h, via, r, sent, now)
}

// host is the host of a uuid; nil if there is no room for another.
func (t *Table) host(uuid string, heard time.Time) *host {
	h := t.hosts[uuid]
	if h == nil {
		if len(t.hosts) >= t.bounds.Hosts {
			return nil
		}
		h = &host{uuid: uuid, first: heard, alarms: map[key]*entry{}}
		t.hosts[uuid] = h
	}
	if heard.After(h.heard) {
		h.heard = heard
	}
	return h
}

func (h *host) heartbeat(r *report, sent, now time.Time) Outcome {
	if !h.beat.IsZero() && !r.stamp.newer(h.beatStamp) && (r.stamp.epoch == h.beatStamp.epoch || now.Before(h.beatUntil)) {
		return Late
	}
	woken := !h.alive(now)
	h.beat, h.beatStamp, h.beatUntil, h.pressure = sent, r.stamp, sent.Add(r.ttl), r.pressure
	h.pool = r.pool
	if r.name != "" {
		h.name = r.name
	}
	if woken && h.alive(now) {
		return Woken
	}
	return Beat
}

// alive says whether the agent has been heard of within its time to live.
func (h *host) alive(now time.Time) bool {
	return now.Before(h.beatUntil) || h.alert != nil && h.alert.state == firing && now.Before(h.alert.until)
}

// fresh is what the last heartbeat said, while that is to be believed; else nil.
func (h *host) fresh(now time.Time) *pressure {
	if now.Before(h.beatUntil) {
		return h.pressure
	}
	return nil
}

func (t *Table) alarm(h *host, via string, r *report, sent, now time.Time) Outcome {
	k := key{ID: alarm.ID{Class: r.class, UUID: r.object, Variable: r.variable}}
	was := h.alarms[k]
	// The clock of a host may have been set back before its new epoch: the old
	// one does not count when belief in what it said has ended.
	if was != nil && !r.stamp.newer(was.stamp) && (r.stamp.epoch == was.stamp.epoch || now.Before(was.heard.Add(r.ttl))) {
		return Late
	}
	if r.pool != "" {
		h.pool = r.pool
	}
	if r.class == "host" && r.object == r.host && r.name != "" {
		h.name = r.name
	}
	e := &entry{
		stamp: r.stamp, state: r.state, name: r.name, severity: r.severity, silenced: r.silenced, value: r.value, level: r.level,
		since: r.since, labels: r.labels, effect: effectOf(t.rules, r.class, r.variable, r.labels), via: via, heard: sent, until: sent.Add(r.ttl),
	}
	return t.keep(h, k, was, e)
}

// keep puts an entry in the place of the one before, which may be nil.
func (t *Table) keep(h *host, k key, was, e *entry) Outcome {
	if e.effect == Ignore {
		e.state = inactive
	}
	if e.state == inactive {
		e.until = e.heard.Add(remember)
	}
	if was == nil {
		if t.alarms >= t.bounds.Alarms {
			return NoRoom
		}
		t.alarms++
	}
	h.alarms[k] = e
	switch {
	case e.state == inactive && (was == nil || was.state == inactive):
		return Late // nobody believed in it
	case e.state == inactive:
		return Cleared
	case was == nil || was.state != e.state || was.severity != e.severity || was.until.Before(e.heard):
		return Raised
	}
	return Confirmed
}

// sweep drops what is not remembered any longer. It looks once in a minute.
func (t *Table) sweep(now time.Time) {
	if d := now.Sub(t.swept); d >= 0 && d < time.Minute {
		return
	}
	t.swept = now
	for uuid, h := range t.hosts {
		for k, e := range h.alarms {
			if e.over(now) {
				delete(h.alarms, k)
				t.alarms--
			}
		}
		if now.Sub(h.heard) > t.bounds.Forget {
			t.alarms -= len(h.alarms)
			delete(t.hosts, uuid)
		}
	}
}

// over says whether an entry means nothing any more.
func (e *entry) over(now time.Time) bool {
	if e.state == inactive {
		return now.After(e.until)
	}
	return now.After(e.until.Add(max(unknownFor, remember)))
}
