package monitor

import (
	"fmt"

	"perfmon/alarm"
	"perfmon/monitor/config"
)

// Announcements of what fires are worth believing for three times as long as
// they are apart, so that one lost announcement ends nothing.
const (
	announceEvery = 60  // seconds
	eventTTL      = 180 // seconds
)

// say hands on what a trigger said in the row at, and what has to be said
// besides when the row is the first that nothing holds back.
func (m *Monitor) say(o *object, v *variable, at int64, said []alarm.Transition) {
	if len(said) == 0 && !v.behind() {
		return
	}
	by := m.heldBy(o, v, at)
	if by == "" {
		said = v.heard.CatchUp(&v.trig, timingOf(v.conf), at, said)
	} else {
		v.heard.Hold(said)
	}
	m.tell(o, v, at, said, by)
}

// tell makes events of what is said, logs them, and leaves them to be kept. by
// is what holds them back, "" for nothing.
func (m *Monitor) tell(o *object, v *variable, at int64, said []alarm.Transition, by string) {
	for _, t := range said {
		v.dirty, o.shareDue = true, true
		m.sequence++
		v.sequence = m.sequence
		e := m.event(o, v, at)
		e.Silenced = by != ""
		if t.Kind == alarm.KindRaised && !v.known {
			e.Body = v.conf.Body(v.trig.Value) // it was raised late
		}
		e.Kind, e.Severity, e.Inhibited, e.Reason = t.Kind, t.Severity, t.Inhibited, t.Reason
		m.changes.Events = append(m.changes.Events, e)
		switch {
		case t.Kind != alarm.KindRaised && t.Kind != alarm.KindRepeated:
		case e.Silenced:
			m.metrics.silenced.Inc()
		case t.Inhibited:
			m.metrics.held.Inc()
		default:
			m.metrics.alarms.WithLabelValues(o.Class, v.conf.Name).Inc()
		}
		m.logTransition(e, by)
		m.followContention(v, at)
	}
}

// event is the state of a variable as an event without a kind.
func (m *Monitor) event(o *object, v *variable, at int64) *alarm.Event {
	e := &alarm.Event{
		ID: v.id, HostUUID: m.hostUUID, Epoch: m.opts.Store.Epoch(), Sequence: v.sequence,
		Time: at, Since: v.trig.Since, State: v.trig.State.String(), Severity: v.trig.Severity,
		Known: v.known, Level: v.conf.Level, Low: v.conf.Sense == config.Low,
		Period: v.conf.Period, Priority: v.conf.Priority, TTL: eventTTL, Labels: v.conf.Labels,
	}
	if m.inv != nil {
		e.PoolUUID = m.inv.PoolUUID
	}
	if o.facts != nil {
		e.Name = o.facts.Name
	}
	if v.known {
		e.Value = v.value
		e.Body = v.conf.Body(v.value)
	}
	return e
}

// announce repeats, once a minute, which alarms fire, and of which there is
// no data.
func (m *Monitor) announce(now int64) {
	if m.inv == nil {
		return // what an earlier run left firing is not known yet
	}
	if now-m.announcedAt < announceEvery && now >= m.announcedAt {
		return
	}
	m.announcedAt = now
	var events []*alarm.Event
	for _, o := range m.objects {
		for _, v := range o.vars {
			if !v.fires() && v.trig.State != alarm.NoData {
				continue
			}
			e := m.event(o, v, now)
			e.Silenced = m.heldNow(o, v) != ""
			e.Kind, e.Announce = alarm.KindState, now
			events = append(events, e)
		}
	}
	if len(events) > 0 {
		m.opts.Store.Announce(events)
	}
}

// end makes a variable inactive for a reason outside its rows.
func (m *Monitor) end(o *object, v *variable, reason alarm.Reason) {
	m.said = v.trig.End(reason, m.said[:0])
	m.say(o, v, m.newestOf(v), m.said)
	v.dirty = true
}

// newestOf is the time of a variable's newest row; that of a reading is now.
func (m *Monitor) newestOf(v *variable) int64 {
	if !m.anchor.hasLast || v.matched.fromReading {
		wall, _ := m.opts.Clock.Now()
		return wall.Unix()
	}
	return m.anchor.last
}

// fires says whether a variable's alarm does.
func (v *variable) fires() bool {
	return v.trig.State == alarm.Firing || v.trig.State == alarm.Clearing
}

// ruleOf says what a variable means, in words that change when its meaning
// does: saved progress of another meaning is worth nothing.
func ruleOf(c *config.Variable) string {
	return fmt.Sprintf("%v %v %v %s %v", c.Level, c.Sense, c.Fold, c.Pattern, c.Period)
}
