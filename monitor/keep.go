package monitor

import (
	"perfmon/alarm"
	"perfmon/monitor/config"
)

// restore takes up where an earlier run ended.
func (m *Monitor) restore(s *Saved) {
	m.saved = map[alarm.ID][]byte{}
	if s == nil {
		return
	}
	m.sequence = s.Sequence
	for id, b := range s.States {
		m.saved[id] = b
	}
	m.savedConfigs = s.Configs
	m.restoreSilences(s.Silences)
	if s.HasLast {
		m.begun, m.savedLast = true, s.Last
		m.anchor.evaluated(s.Last)
	}
}

// revive gives a new variable the state that an earlier run left it. A
// variable that means something else by now keeps the quiet time alone, and
// what it announced is ended.
func (m *Monitor) revive(o *object, v *variable) {
	b, ok := m.saved[v.id]
	if !ok {
		return
	}
	delete(m.saved, v.id)
	t, kept, err := alarm.LoadTrigger(b)
	if err != nil {
		m.log.Warn("saved state is not used: the variable starts anew", "class", o.Class, "uuid", o.UUID, "variable", v.conf.Name, "err", err)
		return
	}
	if kept.Current && m.anchor.hasLast {
		t.KnownAt = max(t.KnownAt, m.anchor.last)
	}
	v.trig, v.sequence, v.stored = t, kept.Sequence, true
	v.heard = kept.Heard
	o.shareDue = o.shareDue || v.trig.RaisedAt != 0
	if kept.Current {
		v.known, v.value = true, t.Value // so that a row without a value is a change, and kept
	}
	if m.anchor.hasLast && !o.timed {
		o.timed, o.hereAt, o.rowsAt = true, m.anchor.last, m.anchor.last
	}
	if kept.Rule != ruleOf(v.conf) {
		m.end(o, v, alarm.ReasonConfig)
	}
}

// orphans ends what earlier runs left firing and no configuration knows any
// more. It is called once an inventory has been put in force.
func (m *Monitor) orphans() {
	for id, b := range m.saved {
		facts := m.inv.Objects[Object{id.Class, id.UUID}]
		switch {
		case facts == nil:
			m.endSaved(id, b, alarm.ReasonGone)
		case facts.Resident:
			m.endSaved(id, b, alarm.ReasonConfig)
		case m.takenOver(Object{id.Class, id.UUID}, facts):
			delete(m.saved, id)
			m.changes.States[id] = nil
		default:
			// It may be arriving, or leaving: its rows will tell.
		}
	}
}

// strays ends what earlier runs left firing on objects that have not been met
// again in as much row time as an object may miss reports.
func (m *Monitor) strays(newest int64) {
	if len(m.saved) == 0 || newest-m.savedLast <= alarm.UnknownLimit || m.inv == nil {
		return
	}
	for id, b := range m.saved {
		m.endSaved(id, b, alarm.ReasonGone)
	}
}

// endSaved ends a saved trigger that has no variable.
func (m *Monitor) endSaved(id alarm.ID, saved []byte, reason alarm.Reason) {
	delete(m.saved, id)
	m.changes.States[id] = nil
	t, _, err := alarm.LoadTrigger(saved)
	if err != nil {
		return
	}
	o := &object{Object: Object{id.Class, id.UUID}, facts: m.inv.Objects[Object{id.Class, id.UUID}]}
	v := &variable{id: id, trig: t, conf: &config.Variable{Name: id.Variable}, value: nan}
	m.end(o, v, reason)
}

// keep hands what has changed since the last call to the store.
func (m *Monitor) keep() {
	m.logRest()
	c := m.changes
	for _, o := range m.objects {
		m.share(o)
		for _, v := range o.vars {
			if !v.dirty {
				continue
			}
			v.dirty = false
			if v.asNew() {
				if v.stored {
					v.stored, c.States[v.id] = false, nil
				}
				continue
			}
			b, err := v.trig.Save(alarm.Kept{Rule: ruleOf(v.conf), Sequence: v.sequence, Current: v.known, Heard: v.heard})
			if err != nil {
				m.log.Error("a trigger's state is not kept", "class", o.Class, "uuid", o.UUID, "variable", v.conf.Name, "err", err)
				continue
			}
			v.stored, c.States[v.id] = true, b
		}
	}
	if m.anchor.hasLast && (!m.kept || m.anchor.last != m.keptLast) {
		c.HasLast, c.Last = true, m.anchor.last
	}
	if len(c.States) == 0 && len(c.Configs) == 0 && len(c.Events) == 0 && len(c.Silences) == 0 && len(c.Adopted) == 0 && !c.HasLast {
		return
	}
	m.kept, m.keptLast = m.anchor.hasLast, m.anchor.last
	c.Sequence = m.sequence
	m.changes = newChanges()
	m.opts.Store.Keep(c)
}

// asNew says that there is nothing to keep: after a restart a new variable
// would do the same. On a large host nearly all are like that.
func (v *variable) asNew() bool {
	return v.trig.Progress() == alarm.Trigger{} && v.heard == alarm.Heard{} && v.sequence == 0 && v.conf.NoDataPeriod <= 0
}

func newChanges() *Changes {
	return &Changes{States: map[alarm.ID][]byte{}, Configs: map[Object]string{}, Silences: map[string][]byte{}}
}
