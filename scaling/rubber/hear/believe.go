package hear

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"perfmon/alarm"
)

// View is what is believed now. Drivers and completeness are not the table's
// business.
func (t *Table) View(now time.Time) View {
	t.sweep(now)
	v := View{At: now}
	stores := newStores(t.hosts, now)
	for _, uuid := range slices.Sorted(maps.Keys(t.hosts)) {
		h := t.hosts[uuid]
		alarms := t.believed(h, now)
		v.Hosts = append(v.Hosts, h.view(alarms, now))
		for _, a := range alarms {
			stores.alarm(a)
		}
	}
	v.Storage = stores.list()
	return v
}

// believed are the alarms of a host that fire, and those that nobody knows of.
func (t *Table) believed(h *host, now time.Time) []Alarm {
	best := map[alarm.ID]Alarm{}
	for k, e := range h.alarms {
		a, ok := h.believe(k, e, now)
		if !ok {
			continue
		}
		if was, there := best[k.ID]; !there || a.before(was) {
			best[k.ID] = a
		}
	}
	if p := h.fresh(now); p != nil {
		for id, severity := range p.named {
			if _, there := best[id]; !there {
				if a, ok := t.named(h, id, severity); ok {
					best[id] = a
				}
			}
		}
	}
	return slices.SortedFunc(maps.Values(best), func(a, b Alarm) int {
		switch {
		case a.before(b):
			return -1
		case b.before(a):
			return 1
		}
		return cmp.Compare(a.ID, b.ID)
	})
}

// believe is what an entry comes to. A heartbeat settles what became of an
// alarm when its time to live has passed: it says whether it fires.
func (h *host) believe(k key, e *entry, now time.Time) (Alarm, bool) {
	if e.state == inactive || e.effect == Ignore {
		return Alarm{}, false
	}
	a := Alarm{
		ID: h.uuid + "/" + k.ID.String(), Host: h.uuid, Class: k.Class, Object: k.UUID, Name: e.name, Variable: k.Variable,
		Severity: e.severity, Effect: e.effect, Mark: Bad, NoData: e.state == noData, Silenced: e.silenced,
		Value: again(e.value), Level: e.level, Since: e.since, Heard: e.heard, Until: e.until, Via: e.via,
	}
	if e.state == noData {
		a.Mark = Unknown
	}
	if now.Before(e.until) {
		return a, true
	}
	if p := h.fresh(now); p != nil && h.beat.After(e.heard) {
		severity, fires := p.named[k.ID]
		switch {
		case fires:
			a.Mark, a.NoData, a.Severity, a.Heard, a.Until = Bad, false, severity, h.beat, h.beatUntil
			return a, true
		case p.all && e.state == firing:
			return Alarm{}, false
		}
	}
	a.Mark, a.Severity, a.Value = Unknown, "", nil
	return a, now.Before(e.until.Add(unknownFor))
}

// named is an alarm that only a heartbeat has told of: its own event is lost, or
// was before we listened.
func (t *Table) named(h *host, id alarm.ID, severity string) (Alarm, bool) {
	effect := effectOf(t.rules, id.Class, id.Variable, nil)
	if e := h.alarms[key{ID: id}]; e != nil {
		if effect = e.effect; e.state == inactive && !h.beat.After(e.heard.Add(h.lag())) {
			return Alarm{}, false // it ended about when the heartbeat was made
		}
	}
	if effect == Ignore {
		return Alarm{}, false
	}
	return Alarm{
		ID: h.uuid + "/" + id.String(), Host: h.uuid, Class: id.Class, Object: id.UUID, Variable: id.Variable, Severity: severity,
		Effect: effect, Mark: Bad, Heard: h.beat, Until: h.beatUntil, Via: "heartbeat",
	}, true
}

// lag is how much older than its arrival a heartbeat's contents may be.
func (h *host) lag() time.Duration { return h.beatUntil.Sub(h.beat) }

// before orders alarms: those that fire, the critical, the older first.
func (a Alarm) before(b Alarm) bool {
	if a.Mark != b.Mark {
		return a.Mark == Bad
	}
	if a.Severity != b.Severity {
		return severityRank(a.Severity) < severityRank(b.Severity)
	}
	return false
}

func severityRank(s string) int {
	switch s {
	case string(alarm.Critical):
		return 0
	case string(alarm.Warning):
		return 1
	}
	return 2
}

// view is the host with its alarms.
func (h *host) view(alarms []Alarm, now time.Time) Host {
	out := Host{UUID: h.uuid, Pool: h.pool, Name: h.name, Silent: !h.alive(now), Since: h.beat, First: h.first, Alarms: alarms}
	marks := map[Effect]Mark{}
	for _, e := range []Effect{Contended, Memory, Network, Disk, Danger} {
		if !out.Silent {
			marks[e] = Fine
		}
	}
	for _, a := range alarms {
		if marks[a.Effect] != Bad {
			marks[a.Effect] = a.Mark
		}
	}
	out.Contended, out.MemoryShort, out.NetworkSaturated, out.DiskSlow, out.InDanger =
		marks[Contended], marks[Memory], marks[Network], marks[Disk], marks[Danger]
	if h.alerted.After(out.Since) {
		out.Since = h.alerted
	}
	if p := h.fresh(now); p != nil {
		out.FreeMemory, out.TotalMemory = whole(p.memoryFree), whole(p.memoryTotal)
		out.CPUUsage, out.CPUContention = again(p.cpuUsage), again(p.cpuContention)
		for _, s := range p.storage {
			out.Storage = append(out.Storage, s.UUID)
		}
	}
	return out
}

// stores gathers what is known of storage.
type stores struct{ byUUID map[string]*Storage }

func newStores(hosts map[string]*host, now time.Time) *stores {
	s := &stores{map[string]*Storage{}}
	for _, uuid := range slices.Sorted(maps.Keys(hosts)) {
		h := hosts[uuid]
		fresh := h.fresh(now)
		if fresh == nil {
			continue
		}
		for _, p := range fresh.storage {
			one := s.get(p.UUID)
			one.Hosts = append(one.Hosts, uuid)
			one.Name = cmp.Or(p.Name, one.Name)
			if p.Latency != nil && (one.Latency == nil || *p.Latency > *one.Latency) {
				one.Latency = again(p.Latency)
			}
			if size := whole(p.Size); size != nil {
				one.Size = size
			}
			if used := whole(p.Used); used != nil {
				one.Used = used
			}
			one.Slow, one.Full = Fine, Fine // until an alarm says otherwise
		}
	}
	return s
}

func (s *stores) get(uuid string) *Storage {
	one := s.byUUID[uuid]
	if one == nil {
		one = &Storage{UUID: uuid}
		s.byUUID[uuid] = one
	}
	return one
}

// alarm adds an alarm that is about storage.
func (s *stores) alarm(a Alarm) {
	if a.Effect != Slow && a.Effect != Full && a.Class != "sr" {
		return
	}
	uuid := s.uuidOf(a)
	if uuid == "" {
		return
	}
	one := s.get(uuid)
	one.Alarms = append(one.Alarms, a)
	if a.Class == "sr" {
		one.Name = cmp.Or(one.Name, a.Name)
	}
	switch {
	case a.Effect == Slow && one.Slow != Bad:
		one.Slow = a.Mark
	case a.Effect == Full && one.Full != Bad:
		one.Full = a.Mark
	}
}

// uuidOf is the repository that an alarm is about: of a host's variable
// sr_latency_3f0a51c2 the one whose uuid begins so.
func (s *stores) uuidOf(a Alarm) string {
	if a.Class == "sr" {
		return a.Object
	}
	const digits = 8
	if len(a.Variable) <= digits || a.Variable[len(a.Variable)-digits-1] != '_' {
		return ""
	}
	begin := a.Variable[len(a.Variable)-digits:]
	for uuid := range s.byUUID {
		if strings.HasPrefix(uuid, begin) {
			return uuid
		}
	}
	return begin
}

func (s *stores) list() []Storage {
	var out []Storage
	for _, uuid := range slices.Sorted(maps.Keys(s.byUUID)) {
		out = append(out, *s.byUUID[uuid])
	}
	return out
}

// whole is a number of bytes.
func whole(v *float64) *int64 {
	if v == nil || *v < 0 || *v >= 1<<63 {
		return nil
	}
	n := int64(*v)
	return &n
}

// again is a copy, which the caller of View may change.
func again(v *float64) *float64 {
	if v == nil {
		return nil
	}
	c := *v
	return &c
}
