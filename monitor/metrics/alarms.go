package metrics

import (
	"maps"
	"math"
	"slices"

	"perfmon/alarm"
	"perfmon/monitor"
)

// alarmFamilies are the metrics of the triggers.
type alarmFamilies struct {
	state, value, level, info, errors *family
}

func newAlarmFamilies() alarmFamilies {
	return alarmFamilies{
		state:  newFamily("perfmon_alarm_state", "State of a trigger variable: 1 for the one that it is in, 0 for the others.", "class", uuidLabel, "variable", "state"),
		value:  newFamily("perfmon_alarm_value", "Newest value of a trigger variable, in the unit of its data sources; absent while it is unknown.", "class", uuidLabel, "variable"),
		level:  newFamily("perfmon_alarm_level", "Level that a trigger variable is compared with, in the unit of its data sources.", "class", uuidLabel, "variable"),
		info:   newFamily("perfmon_variable_info", "Labels that a trigger variable has from its configuration; always 1. Absent for one that has none.", "class", uuidLabel, "variable"),
		errors: newFamily("perfmon_config_errors", "Errors in the trigger configuration of an object; absent for one that has none. Without a uuid those of the trigger file of a class, in class pool those of perfmon-defaults.", "class", uuidLabel),
	}
}

func (f alarmFamilies) own() []*family {
	return []*family{f.state, f.value, f.level, f.errors}
}

// alarms is the part of the page that the triggers are. It is good for as
// long as the variables and their labels are the same, in the same order, and
// the errors.
type alarms struct {
	families  alarmFamilies
	variables []named
	errors    map[monitor.Object]int
	sheet     *sheet
	counts    []float64 // of errors
}

// named is a variable with its labels.
type named struct {
	id     alarm.ID
	labels map[string]string
}

// states is how many sources of the state family a variable has. Those of
// the other families are the variable's index, or that of the counts.
var states = len(alarm.States)

func newAlarms(s *monitor.Snapshot, families alarmFamilies) *alarms {
	a := &alarms{families: families, errors: s.ConfigErrors, variables: make([]named, 0, len(s.Variables))}
	b := newBuilder()
	d := variableFrames{b, families, make(map[[2]string][]int32)}
	seen := make(map[alarm.ID]bool, len(s.Variables))
	for i, v := range s.Variables {
		a.variables = append(a.variables, named{v.ID, v.Labels})
		if seen[v.ID] {
			continue // the first of a name counts
		}
		seen[v.ID] = true
		uuid, frames := b.uuid(v.UUID), d.of(v.Class, v.Variable)
		for k := range states {
			b.add(frames[k], uuid, int32(i*states+k))
		}
		b.add(frames[states], uuid, int32(i))
		b.add(frames[states+1], uuid, int32(i))
		if len(v.Labels) > 0 {
			b.add(b.frame(families.info, infoPairs(families.info, v)), uuid, int32(i))
		}
	}
	for o, n := range s.ConfigErrors {
		b.add(b.frame(families.errors, families.errors.pairs(o.Class)), b.uuid(o.UUID), int32(len(a.counts)))
		a.counts = append(a.counts, float64(n))
	}
	a.sheet = b.sheet()
	return a
}

// fit says whether a snapshot's triggers are those that it was made for.
func (a *alarms) fit(s *monitor.Snapshot) bool {
	return maps.Equal(a.errors, s.ConfigErrors) && slices.EqualFunc(a.variables, s.Variables, func(n named, v monitor.VariableStatus) bool {
		return n.id == v.ID && maps.Equal(n.labels, v.Labels)
	})
}

// variableFrames remembers the frames of variables of the same name: those
// of the states, the level and the value.
type variableFrames struct {
	builder  *builder
	families alarmFamilies
	known    map[[2]string][]int32 // by class and variable
}

func (d variableFrames) of(class, variable string) []int32 {
	key := [2]string{class, variable}
	frames := d.known[key]
	if frames == nil {
		for _, state := range alarm.States {
			frames = append(frames, d.builder.frame(d.families.state, d.families.state.pairs(class, variable, state.String())))
		}
		for _, f := range []*family{d.families.level, d.families.value} {
			frames = append(frames, d.builder.frame(f, f.pairs(class, variable)))
		}
		d.known[key] = frames
	}
	return frames
}

// alarmValues has the triggers as the last poll left them.
type alarmValues struct {
	*alarms
	variables []monitor.VariableStatus
	fresh     bool // the newest row is
}

// fetch is part of values.
func (a alarmValues) fetch(f *family, list []series, to []float64) {
	for i, s := range list {
		to[i] = a.value(f, s.source)
	}
}

func (a alarmValues) value(f *family, source int32) float64 {
	switch f {
	case a.families.state:
		if a.variables[int(source)/states].State == alarm.States[int(source)%states] {
			return 1
		}
		return 0
	case a.families.level:
		return a.variables[source].Level
	case a.families.value:
		// Values leave the page with the rows that they were made of; readings
		// are as fresh as the poll.
		if v := &a.variables[source]; v.Known && (a.fresh || v.Reading) {
			return v.Value
		}
		return math.NaN()
	case a.families.errors:
		return a.counts[source]
	}
	return 1 // the info of a variable
}
