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

// say makes events of what a trigger said, logs them, and leaves them to be
// kept. at is the row's time.
func (m *Monitor) say(o *object, v *variable, at int64, said []alarm.Transition) {
	for _, t := range said {
		m.sequence++
		v.sequence = m.sequence
		e := m.event(o, v, at)
		e.Kind, e.Severity, e.Inhibited, e.Reason = t.Kind, t.Severity, t.Inhibited, t.Reason
		m.changes.Events = append(m.changes.Events, e)
		switch {
		case t.Kind == alarm.KindRaised && t.Inhibited:
			m.metrics.held.Inc()
		case t.Kind == alarm.KindRaised || t.Kind == alarm.KindRepeated:
			m.metrics.alarms.WithLabelValues(o.Class, v.conf.Name).Inc()
		}
		m.logTransition(e)
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

func (m *Monitor) logTransition(e *alarm.Event) {
	text, level := "alarm "+string(e.Kind), m.log.Warn
	if e.Kind == alarm.KindCleared {
		level = m.log.Info
	}
	if e.Inhibited {
		text += ", held back by its inhibit period"
		level = m.log.Info
	}
	args := []any{"class", e.Class, "uuid", e.UUID, "variable", e.Variable, "name", e.Name}
	if e.Known {
		args = append(args, "value", e.Value)
	}
	args = append(args, "level", e.Level, "row", e.Time, "severity", string(e.Severity))
	if e.Reason != "" {
		args = append(args, "reason", string(e.Reason))
	}
	level(text, args...)
}

// announce repeats, once a minute, which alarms fire.
func (m *Monitor) announce(now int64) {
	if now-m.announcedAt < announceEvery && now >= m.announcedAt {
		return
	}
	m.announcedAt = now
	var events []*alarm.Event
	for _, o := range m.objects {
		for _, v := range o.vars {
			if v.trig.State != alarm.Firing && v.trig.State != alarm.Clearing {
				continue
			}
			e := m.event(o, v, now)
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
	at := m.anchor.last
	if !m.anchor.hasLast || v.fromReading {
		wall, _ := m.opts.Clock.Now()
		at = wall.Unix()
	}
	m.said = v.trig.End(reason, m.said[:0])
	m.say(o, v, at, m.said)
	v.dirty = true
}

// ruleOf says what a variable means, in words that change when its meaning
// does: saved progress of another meaning is worth nothing.
func ruleOf(c *config.Variable) string {
	return fmt.Sprintf("%v %v %v %s %v", c.Level, c.Sense, c.Fold, c.Pattern, c.Period)
}
