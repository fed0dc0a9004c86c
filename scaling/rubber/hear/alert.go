package hear

import (
	"cmp"
	"strconv"
	"time"

	"perfmon/alarm"
)

// Alert is one alert of Alertmanager, as its webhook and its API have it.
type Alert struct {
	Fires       bool
	Labels      map[string]string
	Annotations map[string]string
	Starts      time.Time
	Ends        time.Time     // of one that has ended
	TTL         time.Duration // how long it is believed without being repeated
}

// heartbeatAlert is the name of the alert that fires while an agent lives.
const heartbeatAlert = "PerfmonHeartbeat"

// peerLag is how long after its end a peer of a cluster of Alertmanagers may
// still tell that an alert fires: each of them waits 15 s for the one before.
// What begins again after that is believed.
const peerLag = time.Minute

// Alert takes an alert. The agent's own have labels class, uuid and host_uuid;
// of any other one that has a host_uuid the alert's name is the variable, and
// the host the object.
func (t *Table) Alert(via string, a Alert, now time.Time) Outcome {
	o := t.alert(via, a, now)
	t.counts.add(o)
	return o
}

func (t *Table) alert(via string, a Alert, now time.Time) Outcome {
	t.sweep(now)
	l := some(a.Labels)
	name, uuid := l["alertname"], l["host_uuid"]
	switch {
	case len(a.Labels) > maxLabels || name == "":
		return Malformed
	case uuid == "":
		return Foreign
	case !identity.MatchString(uuid):
		return Malformed
	}
	id := alarm.ID{Class: cmp.Or(l["class"], "host"), UUID: cmp.Or(l["uuid"], uuid), Variable: name}
	if !identity.MatchString(id.UUID) || id.Class != "vm" && id.Class != "host" && id.Class != "sr" {
		return Malformed
	}
	h := t.host(uuid, now)
	if h == nil {
		return NoRoom
	}
	if pool := l["pool_uuid"]; identity.MatchString(pool) {
		h.pool = pool
	}
	if id.Class == "host" && l["name"] != "" {
		h.name = people(l["name"])
	}
	e := &entry{
		state: firing, name: people(l["name"]), since: a.Starts, labels: l, via: via, heard: now,
		effect: effectOf(t.rules, id.Class, name, l), until: now.Add(min(cmp.Or(max(a.TTL, 0), defaultTTL), maxTTL)),
	}
	if s := l["severity"]; s == string(alarm.Critical) || s == string(alarm.Warning) {
		e.severity = s
	}
	e.value, e.level = quantity(a.Annotations["value"]), 0
	if level := quantity(a.Annotations["level"]); level != nil {
		e.level = *level
	}
	switch {
	case !a.Fires:
		e.state, e.since = inactive, a.Ends
	case l["state"] == noData:
		e.state = noData
	}
	if name == heartbeatAlert {
		return h.living(e, now)
	}
	k := key{ID: id, alert: "alert/" + l["severity"] + "/" + l["state"]}
	was := h.alarms[k]
	if was != nil && e.behind(was) {
		return Late
	}
	return t.keep(h, k, was, e)
}

// living takes the alert that fires while the agent lives.
func (h *host) living(e *entry, now time.Time) Outcome {
	if h.alert != nil && e.behind(h.alert) {
		return Late
	}
	woken := !h.alive(now)
	h.alert = e
	if e.state == firing {
		h.alerted = now
	}
	switch {
	case e.state == inactive:
		return Cleared
	case woken:
		return Woken
	}
	return Beat
}

// behind says whether e, of an alert, was overtaken by what is known: peers of
// a cluster tell the same, not always in order. since is when it began, or of
// one that is over when it ended.
func (e *entry) behind(was *entry) bool {
	switch {
	case was.state == inactive && e.state != inactive:
		return !e.since.After(was.since) && e.heard.Sub(was.heard) < peerLag
	case was.state != inactive && e.state == inactive:
		return e.since.Before(was.since)
	case was.state == inactive:
		return !e.since.After(was.since)
	}
	return false
}

// quantity is a number in an annotation.
func quantity(text string) *float64 {
	if text == "" || len(text) > 64 {
		return nil
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || v != v || v > 1e300 || v < -1e300 {
		return nil
	}
	return &v
}
