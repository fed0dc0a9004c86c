package monitor

import (
	"time"

	"perfmon/alarm"
	"perfmon/monitor/config"
)

// publish leaves a snapshot for those who look on.
func (m *Monitor) publish(wall time.Time) {
	s := &Snapshot{
		Taken: wall, Legend: m.newestLegend, Row: m.newest, Step: m.newestStep,
		HostUUID: m.hostUUID, Inventory: m.inv, ConfigErrors: m.configErrors(),
		Polled: m.polledAt, Trouble: m.trouble(), Silences: m.inForce(),
	}
	if m.anchor.hasLast {
		s.LastRow = m.anchor.last
	}
	if m.plan != nil {
		n := 0
		for _, o := range m.plan.order {
			n += len(o.vars)
		}
		s.Plan, s.Variables = m.plan.legend, make([]VariableStatus, 0, n)
		for _, o := range m.plan.order {
			for _, v := range o.vars {
				s.Variables = append(s.Variables, m.statusOf(o, v))
			}
		}
	}
	m.metrics.objects.Set(float64(len(m.objects)))
	m.metrics.variables.Set(float64(len(s.Variables)))
	m.snapshot.Store(s)
	m.opts.Published(s)
}

// republish shows a change between two polls. Before the first there is
// nothing to show.
func (m *Monitor) republish() {
	if m.snapshot.Load() == nil {
		return
	}
	wall, _ := m.opts.Clock.Now()
	m.publish(wall)
}

func (m *Monitor) statusOf(o *object, v *variable) VariableStatus {
	s := VariableStatus{
		ID: v.id, State: v.trig.State, Severity: v.trig.Severity, Known: v.known, Value: v.value, Reading: v.matched.fromReading,
		Level: v.conf.Level, Low: v.conf.Sense == config.Low, Period: v.conf.Period, Labels: v.conf.Labels,
		Rule: v.conf, Columns: v.columns, Since: v.trig.Since,
	}
	if v.trig.State == alarm.Inactive {
		return s
	}
	s.Muted = m.heldNow(o, v)
	if at := v.heard.AlarmedAt; at != 0 && at+v.conf.Inhibit > m.newestOf(v) {
		s.InhibitUntil = at + v.conf.Inhibit
	}
	return s
}
