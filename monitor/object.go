package monitor

import (
	"perfmon/alarm"
	"perfmon/monitor/config"
)

// object is the monitoring state of one VM, host or SR.
type object struct {
	Object
	facts *Facts // nil while no inventory names it

	configuration
	perHost []*config.Variable // host only: variables that SRs ask of it

	vars   []*variable          // in force, in configuration order
	byName map[string]*variable // the same; holds each variable's state

	retired map[string]*variable // removed ones, for their quiet time

	mute mute // why its alarms are held back

	// What the pool is told of its alarms; see share.go.
	shareDue   bool   // shared is not true any more
	hasShared  bool   // there is
	shared     string // what the pool should know
	sharedSeen string // what another host had told when it was last looked at

	planned  int  // the last plan that matched its variables
	inLegend bool // in the newest legend
	// Newest row times of the last updates while it belonged to this host, and
	// that named it. They begin with the first update after it came.
	timed          bool
	hereAt, rowsAt int64
}

// here says whether the object is this host's business now. One that is not
// keeps its configuration and its state for a while, in case it returns.
func (o *object) here() bool { return o.facts != nil && (o.facts.Resident || o.inLegend) }

// label is the object's name for people, "" while it is not known.
func (o *object) label() string {
	if o.facts == nil {
		return ""
	}
	return o.facts.Name
}

// blank makes the values of an object unknown that is not here.
func (o *object) blank() {
	for _, v := range o.vars {
		v.known, v.value = false, nan
	}
}

// variable is one variable of one object, with its trigger's state.
type variable struct {
	conf  *config.Variable
	id    alarm.ID
	trig  alarm.Trigger
	heard alarm.Heard // by those whom silences hold back

	sequence int64 // of its last transition
	dirty    bool  // its state has changed since it was kept
	stored   bool  // the store has a state of it

	matched   matching // in the plan in force
	columns   []int    // of the legend in force; nil for none
	place     int      // in the plan's rows; -1 if it has no columns
	told      string   // what was last reported of it; "" since it found columns
	inherited bool     // many objects share it

	hasRead bool
	readAt  int64 // when it was last read, Unix seconds

	recent recent
	known  bool    // of the newest row or reading
	value  float64 // NaN while unknown
}

// apply puts the variables of a configuration in force. A variable that
// means the same as before keeps its state; what another one announced is
// ended, and its quiet time alone is kept, also for a variable that comes back
// after it was removed.
func (m *Monitor) apply(o *object, list []*config.Variable) {
	byName := make(map[string]*variable, len(list))
	vars := make([]*variable, 0, len(list))
	for _, c := range list {
		v := o.byName[c.Name]
		if v == nil {
			v = o.retired[c.Name]
			delete(o.retired, c.Name)
		}
		switch {
		case v == nil:
			v = &variable{id: alarm.ID{Class: o.Class, UUID: o.UUID, Variable: c.Name}, value: nan, conf: c}
			m.metrics.alarms.WithLabelValues(o.Class, c.Name) // at 0, so that the first one counts
			m.revive(o, v)
		case !v.conf.SameTrigger(c):
			m.end(o, v, alarm.ReasonConfig)
			v.told = ""
		}
		v.conf = c
		byName[c.Name] = v
		vars = append(vars, v)
	}
	for _, v := range o.vars {
		if byName[v.conf.Name] == nil {
			m.end(o, v, alarm.ReasonConfig)
			m.changes.States[v.id] = nil
			if o.retired == nil {
				o.retired = map[string]*variable{}
			}
			v.matched = matching{} // the sources may be others when it comes back
			o.retired[v.conf.Name] = v
		}
	}
	o.vars, o.byName = vars, byName
}

// forgetRows makes new triggers of those that judge rows, and ends what fires.
func (m *Monitor) forgetRows(o *object) {
	for _, v := range o.vars {
		if !v.matched.fromReading {
			m.end(o, v, alarm.ReasonGone)
			v.trig, v.heard, v.known, v.value = alarm.Trigger{}, alarm.Heard{}, false, nan
		}
	}
}

// shift moves every stored time by d seconds, for a wall clock that was set.
func (o *object) shift(d int64) {
	o.shiftRows(d)
	for _, v := range o.vars {
		if v.matched.fromReading {
			v.trig.Shift(d)
			v.heard.Shift(d)
			v.recent.shift(d)
			v.readAt += d
			v.dirty = true
		}
	}
}

// shiftRows moves the stored row times by d seconds.
func (o *object) shiftRows(d int64) {
	o.hereAt += d
	o.rowsAt += d
	if o.mute.until != 0 {
		o.mute.until += d
	}
	for _, v := range o.vars {
		if !v.matched.fromReading {
			v.trig.Shift(d)
			v.heard.Shift(d)
			v.recent.shift(d)
			v.dirty = true
		}
	}
	for _, v := range o.retired {
		v.trig.Shift(d)
		v.heard.Shift(d)
	}
}
