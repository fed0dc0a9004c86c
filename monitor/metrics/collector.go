package metrics

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"perfmon/monitor"
	"perfmon/rrd"
)

// grace is how much older than two steps a row may be before its series
// leave the page: the time that a poll and a slow toolstack take.
const grace = 30 * time.Second

// Collector makes the page from the monitor's newest Snapshot. It may be
// used by several goroutines at once.
type Collector struct {
	snapshot func() *monitor.Snapshot
	now      func() time.Time
	mapping  *mapping
	objects  objectFamilies
	alarms   alarmFamilies

	mu   sync.Mutex
	plan *plan // of the legend that was seen last
}

// New makes a Collector. snapshot returns the newest Snapshot, or nil while
// there is none; now is the wall clock that rows are measured against. Both
// are called once for each page and must allow concurrent calls.
func New(snapshot func() *monitor.Snapshot, now func() time.Time) *Collector {
	m := mustMapping()
	return &Collector{
		snapshot: snapshot, now: now, mapping: m,
		objects: newObjectFamilies(m), alarms: newAlarmFamilies(),
	}
}

// families lists every metric that the page can have.
func (c *Collector) families() []*family {
	var all []*family
	for _, k := range c.mapping.kinds {
		all = append(all, k.family)
	}
	all = append(all, c.mapping.others)
	all = append(all, c.objects.own()...)
	return append(all, c.alarms.own()...)
}

// Describe is part of prometheus.Collector.
func (c *Collector) Describe(ch chan<- *prometheus.Desc) {
	for _, f := range c.families() {
		ch <- f.desc
	}
}

// Collect is part of prometheus.Collector.
func (c *Collector) Collect(ch chan<- prometheus.Metric) {
	s := c.snapshot()
	if s == nil {
		return
	}
	row := rrd.Row{} // nothing known
	if fresh(s, c.now()) {
		row = s.Row
	}
	p := c.planFor(s.Legend)
	p.collect(ch, row)
	out := &page{ch: ch, sent: make(map[string]bool)}
	c.objects.collect(out, s.Inventory, p, row)
	c.alarms.collect(out, s, row.Values != nil)
}

// ahead is how far our clock may be behind the rows' before they are taken for
// another clock's mistake.
const ahead = time.Hour

// fresh says whether the newest row still tells how things are.
func fresh(s *monitor.Snapshot, now time.Time) bool {
	if s.Legend == nil || s.Row.Values == nil {
		return false
	}
	limit := 2*time.Duration(s.Step)*time.Second + grace
	age := now.Sub(time.Unix(s.Row.T, 0))
	return -ahead <= age && age <= limit
}

// planFor returns the plan of a legend: the one that is kept, as long as the
// legend is the very same.
func (c *Collector) planFor(l *rrd.Legend) *plan {
	if l == nil {
		return &plan{}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.plan == nil || c.plan.legend != l {
		c.plan = newPlan(l, c.mapping)
	}
	return c.plan
}
