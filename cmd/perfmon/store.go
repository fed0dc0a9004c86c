package main

import (
	"perfmon/alarm"
	"perfmon/monitor"
)

// store takes the loop's events on for delivery. Nothing outlives the process
// yet: state is kept in memory alone. See monitor.Store.
type store struct {
	alarms func(*alarm.Event) // what the toolstack's ALARMs are made of; nil without one
}

func (s *store) Keep(c *monitor.Changes) {
	if s.alarms == nil {
		return // the loop's own log lines are all there is
	}
	for _, e := range c.Events {
		if e.IsALARM() {
			s.alarms(e)
		}
	}
}

func (s *store) Announce([]*alarm.Event) {}
