package hear

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	"perfmon/alarm"
)

// MaxEvent bounds an event, bytes. A heartbeat that names a hundred alarms and
// as many repositories has some 40 kB.
const MaxEvent = 256 << 10

// Bounds of parts of an event.
const (
	maxText    = 256 // bytes of a name, a variable or a label
	maxLabels  = 64
	maxStorage = 256 // repositories in a heartbeat
	maxTTL     = time.Hour
)

// Times to live of what says none.
const (
	defaultTTL     = 3 * time.Minute
	defaultBeatTTL = 30 * time.Second
)

// stamp orders the events of one alarm, and the heartbeats of one host.
type stamp struct {
	epoch    string
	sequence int64
	announce int64 // 0 for a transition
	time     int64 // Unix seconds, by the agent's clock
}

// newer says whether a comes after b. Within an epoch the sequence says so, and
// of one sequence the number of the announcement; numbers of two epochs do not
// compare, so their times do. Where these are equal any order does, if it is
// always the same.
func (a stamp) newer(b stamp) bool {
	switch {
	case a.epoch != b.epoch && a.time != b.time:
		return a.time > b.time
	case a.epoch != b.epoch:
		return a.epoch > b.epoch
	case a.sequence != b.sequence:
		return a.sequence > b.sequence
	}
	return a.announce > b.announce
}

// report is an event as the table takes it.
type report struct {
	host, pool, name string
	stamp            stamp
	ttl              time.Duration

	pressure *pressure // of a heartbeat; nil of an alarm's event

	class, object, variable string
	state                   string
	severity                string
	silenced                bool
	value                   *float64
	level                   float64
	since                   time.Time
	labels                  map[string]string
}

// pressure is what a heartbeat says that is of use here.
type pressure struct {
	cpuUsage, cpuContention *float64
	memoryFree, memoryTotal *float64
	storage                 []alarm.StoragePressure
	named                   map[alarm.ID]string // alarms that fire, with their severity
	all                     bool                // named are all that fire
}

var (
	errForeign = errors.New("no event of ours")

	// identity is what may be a uuid: the agents' objects have uuids, those of
	// other hosts may have other names.
	identity = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z._:-]{0,63}$`)

	alarmType = regexp.MustCompile(`^perfmon\.alarm\.(raised|repeated|cleared|nodata|state)\.v1$`)
)

const heartbeatType = "perfmon.heartbeat.v1"

// wireEvent is a CloudEvent as the agents send it:
//
//	{"specversion":"1.0","id":"b0cc…/vm/5d0d…/cpu_usage/9f3c2a17/41","source":"/perfmon/host/b0cc…",
//	 "type":"perfmon.alarm.raised.v1","subject":"vm/5d0d…/cpu_usage","time":"2025-12-17T19:35:00Z",
//	 "datacontenttype":"application/json","data":{"state":"firing","sequence":41,"ttl_s":180,…}}
type wireEvent struct {
	SpecVersion string    `json:"specversion"`
	ID          string    `json:"id"`
	Type        string    `json:"type"`
	Subject     string    `json:"subject"`
	Time        time.Time `json:"time"`
	Data        struct {
		State     string            `json:"state"`
		Sequence  int64             `json:"sequence"`
		TTL       int64             `json:"ttl_s"`
		Variable  string            `json:"variable"`
		Value     *float64          `json:"value"`
		Level     float64           `json:"level"`
		Since     *time.Time        `json:"since"`
		Severity  string            `json:"severity"`
		Silenced  bool              `json:"silenced"`
		HostUUID  string            `json:"host_uuid"`
		PoolUUID  string            `json:"pool_uuid"`
		NameLabel string            `json:"name_label"`
		Labels    map[string]string `json:"labels"`
		Pressure  *alarm.Pressure   `json:"pressure"`
	} `json:"data"`
}

// parse reads an event. errForeign is for what others may well send; any other
// error is for what nobody should.
func parse(text []byte) (*report, error) {
	var w wireEvent
	// The type first: what is not ours may have any form.
	var kind struct {
		Type string `json:"type"`
	}
	if err := json.Unmarshal(text, &kind); err != nil {
		return nil, fmt.Errorf("read event: %w", err)
	}
	m := alarmType.FindStringSubmatch(kind.Type)
	if m == nil && kind.Type != heartbeatType {
		return nil, errForeign
	}
	if err := json.Unmarshal(text, &w); err != nil {
		return nil, fmt.Errorf("read event: %w", err)
	}
	d := &w.Data
	switch {
	case w.SpecVersion != "1.0":
		return nil, fmt.Errorf("read event: specversion %q, want 1.0", clip(w.SpecVersion))
	case !identity.MatchString(d.HostUUID):
		return nil, fmt.Errorf("read event: host_uuid %q is none", clip(d.HostUUID))
	case d.PoolUUID != "" && !identity.MatchString(d.PoolUUID):
		return nil, fmt.Errorf("read event: pool_uuid %q is none", clip(d.PoolUUID))
	case d.Sequence < 0:
		return nil, fmt.Errorf("read event: sequence %d", d.Sequence)
	case w.Time.IsZero():
		return nil, errors.New("read event: no time")
	}
	r := &report{host: d.HostUUID, pool: d.PoolUUID, name: people(d.NameLabel)}
	r.stamp = stamp{sequence: d.Sequence, time: w.Time.Unix()}
	if m == nil {
		return r, r.heartbeat(&w)
	}
	return r, r.event(&w, m[1])
}

func (r *report) heartbeat(w *wireEvent) error {
	rest, ok := strings.CutPrefix(w.ID, r.host+"/heartbeat/")
	if ok {
		ok = r.number(rest)
	}
	if !ok {
		return fmt.Errorf("read heartbeat: the id %q is not that of sequence %d of host %s", clip(w.ID), r.stamp.sequence, r.host)
	}
	r.ttl = life(w.Data.TTL, defaultBeatTTL)
	r.pressure = pressureOf(w.Data.Pressure)
	return nil
}

func (r *report) event(w *wireEvent, kind string) error {
	d := &w.Data
	subject := strings.SplitN(w.Subject, "/", 3)
	if len(subject) != 3 {
		return fmt.Errorf("read event: the subject %q is not class/uuid/variable", clip(w.Subject))
	}
	r.class, r.object, r.variable = subject[0], subject[1], subject[2]
	switch {
	case r.class != "vm" && r.class != "host" && r.class != "sr":
		return fmt.Errorf("read event: class %q is not known", clip(r.class))
	case !identity.MatchString(r.object):
		return fmt.Errorf("read event: uuid %q is none", clip(r.object))
	case r.variable == "" || len(r.variable) > maxText || r.variable != d.Variable:
		return fmt.Errorf("read event: the variable %q is not that of the subject %q", clip(d.Variable), clip(w.Subject))
	}
	rest, ok := strings.CutPrefix(w.ID, r.host+"/"+w.Subject+"/")
	if !ok || !r.number(rest) {
		return fmt.Errorf("read event: the id %q is not that of sequence %d of %s on host %s", clip(w.ID), d.Sequence, clip(w.Subject), r.host)
	}
	if (kind == "state") != (r.stamp.announce != 0) {
		return fmt.Errorf("read event: the id %q is not that of the type %s", clip(w.ID), kind)
	}
	switch kind {
	case "raised", "repeated":
		r.state = firing
	case "cleared":
		r.state = inactive
	case "nodata":
		r.state = noData
	default:
		switch d.State {
		case "firing", "clearing":
			r.state = firing
		case "nodata":
			r.state = noData
		case "inactive", "pending":
			r.state = inactive
		default:
			return fmt.Errorf("read event: state %q is not known", clip(d.State))
		}
	}
	if d.Severity == string(alarm.Warning) || d.Severity == string(alarm.Critical) {
		r.severity = d.Severity
	}
	r.ttl = life(d.TTL, defaultTTL)
	r.silenced, r.value, r.level = d.Silenced, d.Value, d.Level
	if d.Since != nil {
		r.since = *d.Since
	}
	r.labels = some(d.Labels)
	return nil
}

// number reads the end of an id: <epoch>/<sequence>, or that and /state/<n>.
func (r *report) number(rest string) bool {
	parts := strings.Split(rest, "/")
	if len(parts) == 4 && parts[2] == "state" {
		n, err := strconv.ParseInt(parts[3], 10, 64)
		if err != nil || n <= 0 {
			return false
		}
		r.stamp.announce = n
		parts = parts[:2]
	}
	if len(parts) != 2 || parts[0] == "" || len(parts[0]) > maxText {
		return false
	}
	n, err := strconv.ParseInt(parts[1], 10, 64)
	r.stamp.epoch = strings.Clone(parts[0])
	return err == nil && n == r.stamp.sequence
}

func pressureOf(p *alarm.Pressure) *pressure {
	if p == nil {
		return &pressure{}
	}
	out := &pressure{
		cpuUsage: positive(p.CPUUsage), cpuContention: positive(p.CPUContention),
		memoryFree: positive(p.MemoryFree), memoryTotal: positive(p.MemoryTotal),
		named: map[alarm.ID]string{}, all: p.Firing >= 0 && p.Firing == len(p.Alarms),
	}
	for _, s := range p.Storage[:min(len(p.Storage), maxStorage)] {
		if identity.MatchString(s.UUID) {
			out.storage = append(out.storage, alarm.StoragePressure{
				UUID: s.UUID, Name: people(s.Name), Latency: positive(s.Latency), Size: positive(s.Size), Used: positive(s.Used),
			})
		}
	}
	for _, a := range p.Alarms[:min(len(p.Alarms), alarm.MaxFiring)] {
		if identity.MatchString(a.UUID) && a.Variable != "" && len(a.Variable) <= maxText && (a.Class == "vm" || a.Class == "host" || a.Class == "sr") {
			out.named[alarm.ID{Class: a.Class, UUID: a.UUID, Variable: a.Variable}] = string(a.Severity)
		}
	}
	return out
}

// positive leaves out what is no quantity.
func positive(v *float64) *float64 {
	if v == nil || math.IsNaN(*v) || math.IsInf(*v, 0) || *v < 0 {
		return nil
	}
	return v
}

// life is a time to live within reason.
func life(seconds int64, otherwise time.Duration) time.Duration {
	if seconds <= 0 {
		return otherwise
	}
	if seconds > int64(maxTTL/time.Second) {
		return maxTTL
	}
	return time.Duration(seconds) * time.Second
}

// people is a name that may be shown.
func people(name string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '_'
		}
		return r
	}, clip(strings.ToValidUTF8(name, "_")))
}

// some are labels that fit.
func some(labels map[string]string) map[string]string {
	if len(labels) > maxLabels {
		return nil
	}
	out := make(map[string]string, len(labels))
	for name, value := range labels {
		if len(name) <= maxText && len(value) <= maxText {
			out[name] = value
		}
	}
	return out
}

func clip(s string) string {
	if len(s) > maxText {
		return strings.ToValidUTF8(s[:maxText], "_") + "…"
	}
	return s
}
