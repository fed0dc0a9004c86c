package metrics

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"perfmon/alarm"
	"perfmon/monitor"
	"perfmon/rrd"
)

// reference makes the page a second time, in the most direct way: each series
// is a constant metric of client_golang, which sorts, checks and writes it.
// Every page of the tests is compared with it, byte for byte.
type reference struct {
	snapshot *monitor.Snapshot
	now      time.Time
	mapping  *mapping
	objects  objectFamilies
	triggers alarmFamilies
}

func newReference(s *monitor.Snapshot, now time.Time) *reference {
	m := mustMapping()
	return &reference{s, now, m, newObjectFamilies(m), newAlarmFamilies()}
}

// Describe is part of prometheus.Collector. It announces nothing, since the
// infos of variables differ in their labels.
func (*reference) Describe(chan<- *prometheus.Desc) {}

// Collect is part of prometheus.Collector.
func (r *reference) Collect(ch chan<- prometheus.Metric) {
	s := r.snapshot
	if s == nil {
		return
	}
	out := &constants{ch: ch, sent: make(map[string]bool), descs: make(map[*family]*prometheus.Desc)}
	var values []float64
	if fresh(s, r.now) {
		values = s.Row.Values
	}
	if s.Legend != nil {
		r.columns(out, s.Legend, values)
	}
	if s.Inventory != nil {
		r.inventory(out, s.Inventory)
	}
	r.variables(out, s, values != nil)
}

func (r *reference) columns(out *constants, l *rrd.Legend, values []float64) {
	seen := map[rrd.Entry]bool{}
	for i, e := range l.Entries {
		if e.CF != rrd.Average || seen[e] {
			continue
		}
		seen[e] = true
		if i >= len(values) {
			continue
		}
		if k, parts := r.mapping.find(e); k != nil {
			out.send(k.family, k.unit.base(values[i]), append([]string{e.UUID}, parts...)...)
		} else {
			out.send(r.mapping.others, values[i], e.Class, e.UUID, e.Name)
		}
	}
}

// inventory comes after the columns: what the page has of an SR already
// stays.
func (r *reference) inventory(out *constants, inv *monitor.Inventory) {
	for o, facts := range inv.Objects {
		if facts == nil || !facts.Resident {
			continue
		}
		switch o.Class {
		case rrd.ClassHost:
			out.send(r.objects.host, 1, o.UUID, facts.Name)
		case rrd.ClassVM:
			out.send(r.objects.vm, 1, o.UUID, facts.Name, strconv.FormatBool(facts.ControlDomain))
		case rrd.ClassSR:
			out.send(r.objects.sr, 1, o.UUID, facts.Name)
			if facts.SR == nil || facts.SR.Size <= 0 {
				continue
			}
			out.send(r.objects.size, float64(facts.SR.Size), o.UUID)
			if facts.SR.Utilisation >= 0 {
				out.send(r.objects.used, float64(facts.SR.Utilisation), o.UUID)
			}
		}
	}
}

func (r *reference) variables(out *constants, s *monitor.Snapshot, fresh bool) {
	seen := make(map[alarm.ID]bool)
	for _, v := range s.Variables {
		if seen[v.ID] {
			continue
		}
		seen[v.ID] = true
		for _, state := range alarm.States {
			is := 0.0
			if v.State == state {
				is = 1
			}
			out.send(r.triggers.state, is, v.Class, v.UUID, v.Variable, state.String())
		}
		out.send(r.triggers.level, v.Level, v.Class, v.UUID, v.Variable)
		if v.Known && (fresh || v.Reading) {
			out.send(r.triggers.value, v.Value, v.Class, v.UUID, v.Variable)
		}
		if len(v.Labels) > 0 {
			out.info(r.triggers.info, v)
		}
	}
	for o, n := range s.ConfigErrors {
		out.send(r.triggers.errors, float64(n), o.Class, o.UUID)
	}
}

// constants are sent as they are made.
type constants struct {
	ch   chan<- prometheus.Metric
	sent map[string]bool
	// descs is made once for a family, as an exporter does it.
	descs map[*family]*prometheus.Desc
}

// send leaves out what is unknown, and what was sent before.
func (c *constants) send(f *family, value float64, values ...string) {
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return
	}
	mended := make([]string, len(values))
	for i, v := range values {
		mended[i] = label(v)
	}
	id := f.name + "\xff" + strings.Join(mended, "\xff")
	if c.sent[id] {
		return
	}
	c.sent[id] = true
	desc := c.descs[f]
	if desc == nil {
		desc = prometheus.NewDesc(f.name, f.help, f.labels, nil)
		c.descs[f] = desc
	}
	c.ch <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, mended...)
}

func (c *constants) info(f *family, v monitor.VariableStatus) {
	labels := prometheus.Labels{"class": label(v.Class), "uuid": label(v.UUID), "variable": label(v.Variable)}
	var given []string
	for name := range v.Labels {
		given = append(given, name)
	}
	slices.Sort(given)
	for _, name := range given {
		prefixed := "label_" + labelName(name)
		if _, ok := labels[prefixed]; !ok {
			labels[prefixed] = label(v.Labels[name])
		}
	}
	c.ch <- prometheus.MustNewConstMetric(prometheus.NewDesc(f.name, f.help, nil, labels), prometheus.GaugeValue, 1)
}
