package monitor

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"

	"perfmon/alarm"
	"perfmon/monitor/config"
	"perfmon/rrd"
)

// What the hosts of a pool tell one another of a VM's alarms, so that one that
// migrates takes its alarms along. It is in the VM's other-config:perfmon-state:
//
//	{"v":1,"host":"8e489e83-…","alarms":{"cpu_usage":{"rule":"a31f0c92","severity":"critical","since":1766000040,"raised":1766000100,"alarmed":1766000100}}}
//
// It is written when something is said of the VM's alarms, and when another
// host takes them over. An alarm without a severity does not fire; what counts
// of it is its quiet time.
type sharedState struct {
	Version int                    `json:"v"`
	Host    string                 `json:"host"` // that wrote it last
	Alarms  map[string]sharedAlarm `json:"alarms"`
}

type sharedAlarm struct {
	Rule      string         `json:"rule"` // a hash of what the variable means
	Severity  alarm.Severity `json:"severity,omitempty"`
	Since     int64          `json:"since,omitempty"`
	RaisedAt  int64          `json:"raised,omitempty"`
	AlarmedAt int64          `json:"alarmed,omitempty"`
	Held      bool           `json:"held,omitempty"` // silences or maintenance have kept it from some
}

const (
	sharedVersion  = 1
	maxSharedBytes = 16 << 10 // of what another host has written
	maxShared      = 100      // alarms that are shared of one VM
)

// readShared reads what a host has written; nil for nothing that can be used.
func readShared(text string) *sharedState {
	if text == "" || len(text) > maxSharedBytes {
		return nil
	}
	var s sharedState
	if json.Unmarshal([]byte(text), &s) != nil || s.Version != sharedVersion || s.Host == "" || len(s.Alarms) > maxShared {
		return nil
	}
	for name, a := range s.Alarms {
		if a.Severity != "" && a.Severity != alarm.Warning && a.Severity != alarm.Critical {
			return nil
		}
		// A time before 1970 is nobody's, and so far back that no difference
		// can be made of it an alarm would be quiet for ever.
		if name == "" || min(a.Since, a.RaisedAt, a.AlarmedAt) < 0 {
			return nil
		}
	}
	return &s
}

// sharing says whether an object's alarms are shared.
func (m *Monitor) sharing(o *object) bool {
	return m.opts.Share != nil && o.Class == rrd.ClassVM && o.facts != nil && !o.facts.ControlDomain
}

// ownerOf is the host that has told last of an object's alarms, "" if nobody
// has or they are not shared.
func (m *Monitor) ownerOf(key Object, facts *Facts) string {
	if m.opts.Share == nil || key.Class != rrd.ClassVM || facts == nil {
		return ""
	}
	s := readShared(facts.SavedState)
	if s == nil {
		return ""
	}
	return s.Host
}

// takenOver says whether another host has the alarms of an object that is not
// here, and will end them.
func (m *Monitor) takenOver(key Object, facts *Facts) bool {
	owner := m.ownerOf(key, facts)
	return owner != "" && owner != m.hostUUID
}

// handOver forgets an object whose alarms are another host's business.
func (m *Monitor) handOver(o *object) {
	for _, v := range o.vars {
		m.changes.States[v.id] = nil
	}
	delete(m.objects, o.Object)
	m.log.Info("alarms are handed over: the VM runs on another host, which has them", "class", o.Class, "uuid", o.UUID, "name", o.label())
	m.outdate()
}

// takeOver gives the variables of an object that has come from another host
// the state that they had there. What this host has said of them itself counts
// for more. A VM that did not run before has not come from anywhere.
func (m *Monitor) takeOver(o *object) {
	if !m.sharing(o) || !o.here() || o.facts.SavedState == o.sharedSeen {
		return
	}
	o.sharedSeen = o.facts.SavedState
	s := readShared(o.facts.SavedState)
	if s == nil || s.Host == m.hostUUID || !m.ranBefore(o.Object) {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(s.Alarms)) {
		v := o.byName[name]
		if v == nil {
			v = &variable{id: alarm.ID{Class: o.Class, UUID: o.UUID, Variable: name}, conf: &config.Variable{Name: name}, value: nan}
		}
		if v.trig.State <= alarm.Pending && v.trig.RaisedAt == 0 && !v.matched.fromReading {
			m.adopt(o, v, s.Alarms[name], s.Host)
		}
	}
}

// ranBefore says whether a VM ran before the present inventory came, as far as
// is known.
func (m *Monitor) ranBefore(key Object) bool {
	if m.invBefore == nil {
		return true // it may have come while nobody looked
	}
	facts := m.invBefore.Objects[key]
	return facts != nil && facts.Running
}

// adopt gives a variable the state that another host left it. A variable that
// means something else here keeps the quiet time alone, and what the other
// host announced is ended.
func (m *Monitor) adopt(o *object, v *variable, a sharedAlarm, from string) {
	now := m.anchor.last
	if !m.anchor.hasLast {
		wall, _ := m.opts.Clock.Now()
		now = wall.Unix()
	}
	v.trig = alarm.Trigger{RaisedAt: min(a.RaisedAt, now), AlarmedAt: min(a.AlarmedAt, now), KnownAt: now}
	v.dirty, o.shareDue = true, true
	if a.Severity != "" {
		v.trig.State, v.trig.Severity, v.trig.Since = alarm.Firing, a.Severity, min(a.Since, now)
	}
	v.heard = alarm.HeardOf(&v.trig)
	if a.Held {
		v.heard.Severity = ""
	}
	if a.Severity == "" {
		return
	}
	m.sequence++
	v.sequence = m.sequence
	e := m.event(o, v, now)
	e.Kind, e.Announce, e.Silenced = alarm.KindState, now, a.Held
	m.changes.Adopted = append(m.changes.Adopted, e)
	m.log.Info("alarm taken over from the host that the VM comes from", "class", o.Class, "uuid", o.UUID, "variable", v.conf.Name,
		"name", o.label(), "severity", string(a.Severity), "from", from)
	if a.Rule != sharedRule(v) || o.byName[v.conf.Name] != v {
		m.end(o, v, alarm.ReasonConfig)
	}
}

// sharedRule is short for what a variable means.
func sharedRule(v *variable) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(ruleOf(v.conf)))
	return fmt.Sprintf("%08x", h.Sum32())
}

// share asks for an object's state to be told to the other hosts, if it is
// not what they know.
func (m *Monitor) share(o *object) {
	if !m.sharing(o) || !o.facts.Resident && m.ownerOf(o.Object, o.facts) != m.hostUUID {
		return
	}
	if o.shareDue {
		o.shareDue, o.shared, o.hasShared = false, m.sharedText(o), true
	}
	if o.hasShared && o.shared != o.facts.SavedState {
		m.opts.Share(o.Object, o.shared)
	}
}

// sharedText is what the other hosts have to know of an object; "" for
// nothing.
func (m *Monitor) sharedText(o *object) string {
	s := sharedState{Version: sharedVersion, Host: m.hostUUID, Alarms: map[string]sharedAlarm{}}
	add := func(v *variable) {
		a := sharedAlarm{Rule: sharedRule(v), RaisedAt: v.heard.RaisedAt, AlarmedAt: v.heard.AlarmedAt}
		if v.fires() {
			a.Severity, a.Since, a.Held = v.trig.Severity, v.trig.Since, !v.heard.Knows(&v.trig)
		}
		s.Alarms[v.conf.Name] = a
	}
	for _, v := range o.vars {
		if v.fires() && !v.matched.fromReading && len(s.Alarms) < maxShared {
			add(v)
		}
	}
	for _, v := range o.vars {
		quiet := v.trig.RaisedAt != 0 && m.anchor.last-v.trig.RaisedAt < v.conf.Inhibit
		if !v.fires() && quiet && !v.matched.fromReading && len(s.Alarms) < maxShared {
			add(v)
		}
	}
	b, err := json.Marshal(s)
	switch {
	case err != nil || len(s.Alarms) == 0 && m.ownerOf(o.Object, o.facts) == "":
		return ""
	case len(b) > maxSharedBytes:
		m.log.Warn("a VM has too many alarms to share them with the pool", "class", o.Class, "uuid", o.UUID, "alarms", len(s.Alarms))
		return ""
	}
	return string(b)
}
