package api

import (
	"perfmon/alarm"
	"perfmon/monitor"
)

// flagged is what the alarms of all objects are like.
type flagged struct {
	snapshot *monitor.Snapshot
	counts   map[monitor.Object]*Flags
}

// flagsOf counts the alarms of a snapshot by object.
func flagsOf(s *monitor.Snapshot) flagged {
	f := flagged{s, map[monitor.Object]*Flags{}}
	for i := range s.Variables {
		v := &s.Variables[i]
		if v.State == alarm.Inactive {
			continue
		}
		key := monitor.Object{Class: v.Class, UUID: v.UUID}
		one := f.counts[key]
		if one == nil {
			one = &Flags{}
			f.counts[key] = one
		}
		switch v.State {
		case alarm.Firing, alarm.Clearing:
			one.Firing++
			if one.Severity != alarm.Critical {
				one.Severity = v.Severity
			}
		case alarm.NoData:
			one.NoData++
		case alarm.Pending:
			one.Pending++
		}
	}
	return f
}

// of are the flags of one object.
func (f flagged) of(key monitor.Object) Flags {
	var flags Flags
	if counted := f.counts[key]; counted != nil {
		flags = *counted
	}
	if facts := factsOf(f.snapshot, key); facts != nil {
		flags.Maintenance = facts.Maintenance
	}
	return flags
}

// factsOf is what the inventory says of an object, nil for nothing.
func factsOf(s *monitor.Snapshot, key monitor.Object) *monitor.Facts {
	if s.Inventory == nil {
		return nil
	}
	return s.Inventory.Objects[key]
}
