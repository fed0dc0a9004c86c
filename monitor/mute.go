package monitor

import (
	"math"
	"slices"
	"strings"

	"perfmon/alarm"
	"perfmon/rrd"
)

// muteGrace is for how long, in seconds, the rows after maintenance are still
// taken to be its doing.
const muteGrace = 60

// contentionVariables are those of a host that mute the CPU alarms of its VMs
// while they fire.
var contentionVariables = []string{"host_load", "cpu_contention"}

// mute is why an object's alarms are held back from those whom they would
// wake. The zero value holds nothing back.
type mute struct {
	reason string // as in Facts.Maintenance, or that of the host; "" for none
	// until is when the first row is that counts again; 0 while the reason
	// lasts.
	until int64
}

// covers says whether a row is held back.
func (u mute) covers(row int64) bool { return u.reason != "" && (u.until == 0 || row < u.until) }

// noticeMaintenance begins and ends an object's mute as its inventory has it.
func (m *Monitor) noticeMaintenance(o *object) {
	switch reason := m.maintenanceOf(o); {
	case reason == "" && o.mute.reason != "" && o.mute.until == 0:
		wall, _ := m.opts.Clock.Now()
		o.mute.until = wall.Unix() + muteGrace
	case reason != "" && reason != o.mute.reason:
		m.log.Info("maintenance: alarms are muted", "class", o.Class, "uuid", o.UUID, "name", o.label(), "reason", reason)
		o.mute = mute{reason: reason}
	case reason != "":
		o.mute.until = 0
	}
}

// maintenanceOf is why an object's alarms are to be expected now. A host takes
// its control domain along, and when it is evacuated all of its VMs.
func (m *Monitor) maintenanceOf(o *object) string {
	if o.facts == nil {
		return ""
	}
	if o.Class == rrd.ClassVM && o.here() {
		if host := m.inv.Objects[Object{rrd.ClassHost, m.inv.HostUUID}]; host != nil {
			if o.facts.ControlDomain && host.Maintenance != "" || o.facts.Maintenance == "" && host.Maintenance == Evacuating {
				return host.Maintenance
			}
		}
	}
	return o.facts.Maintenance
}

// endMutes ends the mutes whose last row has been judged. Where no rows come,
// they end once an alarm would as well.
func (m *Monitor) endMutes(now int64) {
	for _, o := range m.objects {
		if o.mute.until == 0 || !(m.anchor.hasLast && m.anchor.last >= o.mute.until) && now < o.mute.until+alarm.UnknownLimit {
			continue
		}
		m.log.Info("maintenance is over: alarms are no longer muted", "class", o.Class, "uuid", o.UUID, "name", o.label(), "reason", o.mute.reason)
		o.mute = mute{}
	}
}

// contention is a stretch of row time, its end not included, in which a
// contention alarm of the host fired.
type contention struct {
	v        *variable
	from, to int64
}

const ever = math.MaxInt64

// beginContention begins what is known of this host's contention in the rows
// of a poll. The host's rows have to be judged before those of its VMs.
func (m *Monitor) beginContention() {
	m.contended = m.contended[:0]
	host := m.objects[Object{rrd.ClassHost, m.hostUUID}]
	if host == nil || !m.opts.MuteVMs {
		return
	}
	for _, v := range host.vars {
		if v.contends() {
			m.contended = append(m.contended, contention{v, math.MinInt64, ever})
		}
	}
}

// followContention notes that a variable has said something.
func (m *Monitor) followContention(v *variable, at int64) {
	if !m.opts.MuteVMs || v.id.Class != rrd.ClassHost || !slices.Contains(contentionVariables, v.id.Variable) {
		return
	}
	i := slices.IndexFunc(m.contended, func(c contention) bool { return c.v == v && c.to == ever })
	switch contends := v.contends(); {
	case contends && i < 0:
		m.contended = append(m.contended, contention{v, at, ever})
	case !contends && i >= 0:
		m.contended[i].to = at
	}
}

// contends says whether a variable of the host is a contention alarm that
// fires.
func (v *variable) contends() bool {
	return v.fires() && slices.Contains(contentionVariables, v.id.Variable)
}

// suffers says whether an alarm is what the host's contention leads to.
func suffers(o *object, v *variable) bool {
	return o.Class == rrd.ClassVM && strings.HasPrefix(v.conf.Name, "cpu") && (o.facts == nil || !o.facts.ControlDomain)
}

// mutedBy says in words what mutes a variable in a row, "" for nothing.
func (m *Monitor) mutedBy(o *object, v *variable, row int64) string {
	if o.mute.covers(row) {
		return "maintenance: " + o.mute.reason
	}
	if suffers(o, v) && slices.ContainsFunc(m.contended, func(c contention) bool { return c.from <= row && row < c.to }) {
		return "contention of the host"
	}
	return ""
}

// heldBy says in words what holds back what a variable says in a row, "" for
// nothing.
func (m *Monitor) heldBy(o *object, v *variable, row int64) string {
	wall, _ := m.opts.Clock.Now()
	if id := m.silencedBy(v, wall.Unix(), row); id != "" {
		return "silence " + id
	}
	return m.mutedBy(o, v, row)
}

// heldNow says in words what would hold back what a variable said now, "" for
// nothing.
func (m *Monitor) heldNow(o *object, v *variable) string {
	wall, _ := m.opts.Clock.Now()
	if id := m.silencedBy(v, wall.Unix(), wall.Unix()); id != "" {
		return "silence " + id
	}
	return m.mutedBy(o, v, m.newestOf(v))
}

// settle ends what has run out, and has everybody told what was held back by
// it. now is that of the wall clock.
func (m *Monitor) settle(now int64) {
	m.endSilences(now)
	m.endMutes(now)
	late := map[Object]*object{}
	for key, o := range m.objects {
		// What has left is not raised.
		if o.here() && slices.ContainsFunc(o.vars, (*variable).behind) {
			late[key] = o
		}
	}
	for _, o := range alarmOrder(nil, late) {
		for _, v := range o.vars {
			if !v.behind() || m.heldNow(o, v) != "" {
				continue
			}
			at := m.newestOf(v)
			m.said = v.heard.CatchUp(&v.trig, timingOf(v.conf), at, m.said[:0])
			m.tell(o, v, at, m.said, "")
			v.dirty = true
		}
	}
	m.countMuted()
}

// behind says whether something was held back of a variable that matters yet.
func (v *variable) behind() bool { return v.heard.Behind(&v.trig) }

// countMuted shows how many objects are muted, and why.
func (m *Monitor) countMuted() {
	count := map[string]int{}
	for _, o := range m.objects {
		reason := o.mute.reason
		if reason == "" && len(m.contended) > 0 && slices.ContainsFunc(o.vars, func(v *variable) bool { return m.mutedBy(o, v, m.newestOf(v)) != "" }) {
			reason = "contention"
		}
		if reason != "" {
			count[reason]++
		}
	}
	m.metrics.muted.Reset()
	for reason, n := range count {
		m.metrics.muted.WithLabelValues(reason).Set(float64(n))
	}
}
