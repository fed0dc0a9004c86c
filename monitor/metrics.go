package monitor

import (
	"github.com/prometheus/client_golang/prometheus"

	"perfmon/monitor/config"
)

// loopMetrics is the loop's own health. Counters with labels are there at 0
// before the first event, where that can be known: a counter that appears with
// 1 has not risen, for a Prometheus that asks by how much it did.
type loopMetrics struct {
	polls        *prometheus.CounterVec // by result
	pollSeconds  prometheus.Histogram
	rowLatency   prometheus.Histogram
	lastPoll     prometheus.Gauge
	lastRow      prometheus.Gauge
	rows         prometheus.Counter
	rowsDropped  prometheus.Counter
	parseErrors  prometheus.Counter
	badHeadings  prometheus.Counter
	lostSeconds  prometheus.Counter
	clockSteps   prometheus.Counter
	reanchors    prometheus.Counter
	alarms       *prometheus.CounterVec // by class and variable
	held         prometheus.Counter
	silenced     prometheus.Counter
	silences     prometheus.Gauge
	muted        *prometheus.GaugeVec // by reason
	objects      prometheus.Gauge
	variables    prometheus.Gauge
	readingFails *prometheus.CounterVec // by reading
}

func newLoopMetrics(r prometheus.Registerer) *loopMetrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	}
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
	}
	gauges := func(name, help string, labels ...string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels)
	}
	vec := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	m := &loopMetrics{
		polls: vec("perfmon_polls_total", "Polls of the row source, by result: ok, unreachable (no answer), broken (an answer that could not be used), unconfigured (no inventory yet).", "result"),
		pollSeconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "perfmon_poll_duration_seconds", Help: "Time that one poll took, from the request to the last alarm handed on.",
			Buckets: []float64{0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60},
		}),
		rowLatency: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "perfmon_row_latency_seconds", Help: "From the time of a row, by the source's clock, until it is evaluated and what it leads to is kept: the newest row of each poll that has one.",
			Buckets: []float64{0.5, 1, 1.5, 2, 3, 5, 7.5, 10, 30, 60, 120, 300},
		}),
		lastPoll:     gauge("perfmon_last_poll_timestamp_seconds", "When the last good poll ended, Unix time."),
		lastRow:      gauge("perfmon_last_row_timestamp_seconds", "Time of the newest evaluated row, Unix time."),
		rows:         counter("perfmon_rows_total", "Rows evaluated."),
		rowsDropped:  counter("perfmon_rows_dropped_total", "Rows that were not later than the last evaluated one, and so not evaluated again."),
		parseErrors:  counter("perfmon_parse_errors_total", "Answers of the row source that were broken documents, or none."),
		badHeadings:  counter("perfmon_bad_legend_entries_total", "Legend entries without four parts, met in a changed legend; their columns are ignored."),
		lostSeconds:  counter("perfmon_unknown_seconds_total", "Row time that was given up after repeatedly broken answers."),
		clockSteps:   counter("perfmon_clock_steps_total", "Times that the wall clock was found to have been set."),
		reanchors:    counter("perfmon_reanchors_total", "Times that the source's row times went back and were followed."),
		alarms:       vec("perfmon_alarms_total", "Alarms raised, repeated ones included.", "class", "variable"),
		held:         counter("perfmon_alarms_held_total", "Alarms held back by their inhibit period."),
		silenced:     counter("perfmon_alarms_silenced_total", "Alarms, raised or repeated, that a silence or maintenance held back; inhibited ones included."),
		silences:     gauge("perfmon_silences", "Silences in force."),
		muted:        gauges("perfmon_muted_objects", "Objects whose alarms are muted, by reason: maintenance of the object or its host, or contention (of the host, CPU alarms alone).", "reason"),
		objects:      gauge("perfmon_objects", "Objects with monitoring state."),
		variables:    gauge("perfmon_variables", "Trigger variables in force."),
		readingFails: vec("perfmon_reading_errors_total", "Readings of the control domain that failed, by reading.", "reading"),
	}
	if r != nil {
		r.MustRegister(m.polls, m.pollSeconds, m.rowLatency, m.lastPoll, m.lastRow, m.rows, m.rowsDropped, m.parseErrors, m.badHeadings,
			m.lostSeconds, m.clockSteps, m.reanchors, m.alarms, m.held, m.silenced, m.silences, m.muted, m.objects, m.variables, m.readingFails)
	}
	for _, result := range []string{"ok", "unreachable", "broken", "unconfigured"} {
		m.polls.WithLabelValues(result)
	}
	for _, f := range []config.Fold{config.FSUsage, config.LogFSUsage, config.MemUsage, config.MemAvailable} {
		m.readingFails.WithLabelValues(f.String())
	}
	return m
}
