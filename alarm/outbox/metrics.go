package outbox

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics of an Outbox. It is a prometheus.Collector, because half of the
// numbers are the journal's.
type metrics struct {
	o                                *Outbox
	sent, retried, refused, deadline atomic.Uint64

	descQueued, descOldest, descSent, descRetried, descDropped *prometheus.Desc
}

func newMetrics(o *Outbox) (*metrics, error) {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, labels, prometheus.Labels{"sink": o.opts.Name})
	}
	m := &metrics{
		o:           o,
		descQueued:  desc("perfmon_sink_queued", "Events that wait for the sink."),
		descOldest:  desc("perfmon_sink_oldest_age_seconds", "How long the oldest of them has waited; 0 if there is none."),
		descSent:    desc("perfmon_sink_sent_total", "Events that the sink has taken."),
		descRetried: desc("perfmon_sink_retried_total", "Tries to deliver an event that failed and will be repeated."),
		descDropped: desc("perfmon_sink_dropped_total", "Events that the sink will never get, by reason: full (no room for them), refused (by the sink), deadline (tried for too long).", "reason"),
	}
	if o.opts.Registerer == nil {
		return m, nil
	}
	if err := o.opts.Registerer.Register(m); err != nil {
		return nil, fmt.Errorf("register metrics: %w", err)
	}
	return m, nil
}

// Describe is part of prometheus.Collector.
func (m *metrics) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{m.descQueued, m.descOldest, m.descSent, m.descRetried, m.descDropped} {
		ch <- d
	}
}

// Collect is part of prometheus.Collector.
func (m *metrics) Collect(ch chan<- prometheus.Metric) {
	stats := m.o.journal.QueueStats(m.o.opts.Name)
	age := 0.0
	if stats.Length > 0 {
		age = max(0, time.Since(stats.Oldest).Seconds())
	}
	send := func(d *prometheus.Desc, t prometheus.ValueType, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, t, v, labels...)
	}
	send(m.descQueued, prometheus.GaugeValue, float64(stats.Length))
	send(m.descOldest, prometheus.GaugeValue, age)
	send(m.descSent, prometheus.CounterValue, float64(m.sent.Load()))
	send(m.descRetried, prometheus.CounterValue, float64(m.retried.Load()))
	send(m.descDropped, prometheus.CounterValue, float64(stats.Dropped), "full")
	send(m.descDropped, prometheus.CounterValue, float64(m.refused.Load()), "refused")
	send(m.descDropped, prometheus.CounterValue, float64(m.deadline.Load()), "deadline")
}
