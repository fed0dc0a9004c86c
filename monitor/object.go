package monitor

import (
	"perfmon/alarm"
	"perfmon/monitor/config"
)

// object is the monitoring state of one VM, host or SR.
type object struct {
	Object
	facts *Facts // nil while no inventory names it

	parsed    bool   // text has been parsed
	text      string // the trigger XML in force, or refused
	cfg       *config.Config
	problems  []config.Problem
	secondary []*config.Variable // SR only: variables that it asks of hosts
	perHost   []*config.Variable // host only: variables that SRs ask of it

	vars   []*variable          // in force, in configuration order
	byName map[string]*variable // the same; holds each variable's state

	inLegend bool // in the newest legend
	hasSeen  bool
	seenAt   int64 // newest row time of the last update that named it
}

// variable is one variable of one object, with its trigger's state.
type variable struct {
	conf *config.Variable
	id   alarm.ID
	trig alarm.Trigger

	columns     []int // of the legend in force; nil for none
	fromReading bool  // its values are read, not found in rows
	toldEmpty   bool  // that no column matches has been reported
	matchErr    error // why its pattern could not be tried

	hasRead bool
	readAt  int64 // when it was last read, Unix seconds

	known bool    // of the newest row or reading
	value float64 // NaN while unknown
}

// apply puts the variables of a configuration in force. A variable that
// means the same as before keeps its state; one that means something else
// keeps the inhibit time alone.
func (o *object) apply(list []*config.Variable) {
	byName := make(map[string]*variable, len(list))
	vars := make([]*variable, 0, len(list))
	for _, c := range list {
		v := o.byName[c.Name]
		switch {
		case v == nil:
			v = &variable{id: alarm.ID{Class: o.Class, UUID: o.UUID, Variable: c.Name}, value: nan}
		case !v.conf.SameTrigger(c):
			v.trig.Reset()
			v.toldEmpty = false
		}
		v.conf = c
		byName[c.Name] = v
		vars = append(vars, v)
	}
	o.vars, o.byName = vars, byName
}

// shift moves every stored time by d seconds.
func (o *object) shift(d int64) {
	o.seenAt += d
	for _, v := range o.vars {
		v.trig.Shift(d)
		v.readAt += d
	}
}
