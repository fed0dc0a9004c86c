package metrics

import (
	"perfmon/alarm"
	"perfmon/monitor"
)

// alarmFamilies are the metrics of the triggers.
type alarmFamilies struct {
	state, value, level, errors *family
}

func newAlarmFamilies() alarmFamilies {
	return alarmFamilies{
		state:  newFamily("perfmon_alarm_state", "State of a trigger variable: 1 for the one that it is in, 0 for the others.", "class", "uuid", "variable", "state"),
		value:  newFamily("perfmon_alarm_value", "Newest value of a trigger variable, in the unit of its data sources; absent while it is unknown.", "class", "uuid", "variable"),
		level:  newFamily("perfmon_alarm_level", "Level that a trigger variable is compared with, in the unit of its data sources.", "class", "uuid", "variable"),
		errors: newFamily("perfmon_config_errors", "Errors in the trigger configuration of an object; absent for one that has none. Without a uuid those of the trigger file of a class, in class pool those of perfmon-defaults.", "class", "uuid"),
	}
}

func (f alarmFamilies) own() []*family {
	return []*family{f.state, f.value, f.level, f.errors}
}

// collect sends the triggers as the last poll left them. Their values leave
// the page with the rows that they were made of; readings are as fresh as the
// poll.
func (f alarmFamilies) collect(out *page, s *monitor.Snapshot, fresh bool) {
	for _, v := range s.Variables {
		for _, state := range alarm.States {
			is := 0.0
			if v.State == state {
				is = 1
			}
			out.send(f.state, is, v.Class, v.UUID, v.Variable, state.String())
		}
		out.send(f.level, v.Level, v.Class, v.UUID, v.Variable)
		if v.Known && (fresh || v.Reading) {
			out.send(f.value, v.Value, v.Class, v.UUID, v.Variable)
		}
	}
	for o, n := range s.ConfigErrors {
		out.send(f.errors, float64(n), o.Class, o.UUID)
	}
}
