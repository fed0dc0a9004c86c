package main

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"perfmon/scaling/engine"
	"perfmon/scaling/rubber/hear"
	"perfmon/scaling/rubber/work/celery"
	"perfmon/scaling/rubber/work/httpjson"
	"perfmon/scaling/rubber/work/rabbit"
)

// newRegistry gathers what the controller counts, what its surroundings count,
// and the process itself.
func (p *parts) newRegistry() *prometheus.Registry {
	r := prometheus.NewRegistry()
	s := surroundings{brokers: p.brokers, heard: p.hearing.Counts}
	if p.engine != nil {
		s.engine = p.engine.State
	}
	r.MustRegister(p.controller.Metrics(), s, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return r
}

// surroundings are those whom rubber asks and hears, as a collector.
type surroundings struct {
	engine  func() engine.State // nil: there is none
	brokers map[string]*broker
	heard   func() hear.Counts
}

// families are all metrics of the surroundings.
var families = []struct {
	name, help string
	kind       prometheus.ValueType
	labels     []string
}{
	{"rubber_build_info", "1, with the version of the program.", gauge, []string{"version"}},

	// Of the engine.
	{"rubber_engine_connected", "1 while there is a connection to the engine.", gauge, nil},
	{"rubber_engine_serving", "1 while this process serves the embedded engine.", gauge, nil},
	{"rubber_engine_connection_tries", "Tries to connect to the engine, in vain, since the connection was lost.", gauge, nil},
	{"rubber_engine_connections", "Clients of the embedded engine; absent where another process serves it.", gauge, nil},
	{"rubber_engine_store_bytes", "What the streams and keys of the embedded engine take on disk; absent where another process serves it.", gauge, nil},
	{"rubber_engine_store_limit_bytes", "What they may take; absent where another process serves it.", gauge, nil},
	{"rubber_engine_messages", "Messages in the embedded engine's streams; absent where another process serves it.", gauge, nil},

	// Of queues: RabbitMQ, and plain HTTP servers.
	{"rubber_queue_connected", "1 if the last try to look at the broker's queues had a connection.", gauge, []string{"broker"}},
	{"rubber_queue_connects_total", "Connections made to look at queues.", counter, []string{"broker"}},
	{"rubber_queue_connect_failures_total", "Connections to look at queues that were not made.", counter, []string{"broker"}},
	{"rubber_queue_looks_total", "Looks at a queue.", counter, []string{"broker"}},
	{"rubber_queue_look_failures_total", "Looks at a queue that told nothing.", counter, []string{"broker"}},
	{"rubber_queue_partial_looks_total", "Looks at a queue that told less than was asked for.", counter, []string{"broker"}},
	{"rubber_queue_management_failures_total", "Questions to the broker's management API without a good answer.", counter, []string{"broker"}},

	// Of Celery's workers.
	{"rubber_celery_connected", "1 while the workers' events are heard.", gauge, []string{"broker"}},
	{"rubber_celery_complete", "1 if all workers that live must have been heard by now.", gauge, []string{"broker"}},
	{"rubber_celery_workers", "Workers that are heard.", gauge, []string{"broker"}},
	{"rubber_celery_connects_total", "Connections made to hear workers.", counter, []string{"broker"}},
	{"rubber_celery_connect_failures_total", "Connections to hear workers that were not made, or lost soon.", counter, []string{"broker"}},
	{"rubber_celery_events_total", "Events of workers and tasks that were understood.", counter, []string{"broker"}},
	{"rubber_celery_dropped_total", "Messages of workers that were not used, by reason: malformed (they make no sense), oversized (too long to be read), crowded (no room for more workers), late (answers that nobody waited for any more).", counter, []string{"broker", "reason"}},
	{"rubber_celery_requests_total", "Requests sent to workers.", counter, []string{"broker"}},
	{"rubber_celery_answers_total", "Answers of workers.", counter, []string{"broker"}},
	{"rubber_celery_unanswered_total", "Requests to workers that were not answered in time.", counter, []string{"broker"}},

	// Of the workers that an HTTP server lists.
	{"rubber_listed_complete", "1 if all workers that live are in the list.", gauge, []string{"broker"}},
	{"rubber_listed_workers", "Workers that are not gone.", gauge, []string{"broker"}},
	{"rubber_listed_looks_total", "Lists of workers that were asked for.", counter, []string{"broker"}},
	{"rubber_listed_look_failures_total", "Lists of workers that did not come, or made no sense.", counter, []string{"broker"}},
	{"rubber_listed_dropped_total", "Entries of lists that were not used, by reason: malformed (they make no sense), crowded (no room for more workers).", counter, []string{"broker", "reason"}},
	{"rubber_listed_commands_total", "Commands to workers that were sent.", counter, []string{"broker"}},
	{"rubber_listed_command_failures_total", "Commands to workers that were not taken.", counter, []string{"broker"}},

	// Of alarms.
	{"rubber_heard_total", "What has become of alarms and heartbeats that were heard.", counter, []string{"outcome"}},
}

const (
	gauge   = prometheus.GaugeValue
	counter = prometheus.CounterValue
)

// family is one of the families, as Prometheus wants it.
type family struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
}

var familyOf = func() map[string]family {
	of := make(map[string]family, len(families))
	for _, f := range families {
		of[f.name] = family{prometheus.NewDesc(f.name, f.help, f.labels, nil), f.kind}
	}
	return of
}()

// Describe is part of prometheus.Collector.
func (s surroundings) Describe(ch chan<- *prometheus.Desc) {
	for _, f := range familyOf {
		ch <- f.desc
	}
}

// sender sends a metric of a family, with a value for each of its labels.
type sender = func(name string, value float64, labels ...string)

// Collect is part of prometheus.Collector.
func (s surroundings) Collect(ch chan<- prometheus.Metric) {
	send := func(name string, v float64, labels ...string) {
		f := familyOf[name]
		ch <- prometheus.MustNewConstMetric(f.desc, f.kind, v, labels...)
	}
	send("rubber_build_info", 1, version)
	if s.engine != nil {
		collectEngine(s.engine(), send)
	}
	for name, b := range s.brokers {
		collectBroker(name, b, send)
	}
	counts := s.heard()
	for _, outcome := range hear.Outcomes() {
		send("rubber_heard_total", float64(counts[outcome]), string(outcome))
	}
}

func collectEngine(e engine.State, send sender) {
	send("rubber_engine_connected", oneIf(e.Connected))
	send("rubber_engine_serving", oneIf(e.Owner))
	send("rubber_engine_connection_tries", float64(e.Tries))
	if !e.Owner {
		return
	}
	send("rubber_engine_connections", float64(e.Connections))
	send("rubber_engine_store_bytes", float64(e.StoreBytes))
	send("rubber_engine_store_limit_bytes", float64(e.MaxStore))
	send("rubber_engine_messages", float64(e.Messages))
}

func collectBroker(name string, b *broker, send sender) {
	switch source := b.source.(type) {
	case *rabbit.Source:
		s := source.Stats()
		send("rubber_queue_connected", oneIf(s.Connected), name)
		send("rubber_queue_connects_total", float64(s.Connects), name)
		send("rubber_queue_connect_failures_total", float64(s.ConnectFailures), name)
		send("rubber_queue_looks_total", float64(s.Looks), name)
		send("rubber_queue_look_failures_total", float64(s.LookFailures), name)
		send("rubber_queue_partial_looks_total", float64(s.Partial), name)
		send("rubber_queue_management_failures_total", float64(s.ManagementFailures), name)
	case *httpjson.Source:
		s := source.Stats()
		send("rubber_queue_looks_total", float64(s.Looks), name)
		send("rubber_queue_look_failures_total", float64(s.Failures), name)
	}
	switch workers := b.workers.(type) {
	case *celery.Workers:
		collectCelery(name, workers.Stats(), send)
	case *httpjson.Workers:
		s := workers.Stats()
		send("rubber_listed_complete", oneIf(s.Complete), name)
		send("rubber_listed_workers", float64(s.Workers), name)
		send("rubber_listed_looks_total", float64(s.Lists), name)
		send("rubber_listed_look_failures_total", float64(s.Failures), name)
		send("rubber_listed_dropped_total", float64(s.Malformed), name, "malformed")
		send("rubber_listed_dropped_total", float64(s.Crowded), name, "crowded")
		send("rubber_listed_commands_total", float64(s.Commands), name)
		send("rubber_listed_command_failures_total", float64(s.Refused), name)
	}
}

func collectCelery(name string, s celery.Stats, send sender) {
	send("rubber_celery_connected", oneIf(s.Connected), name)
	send("rubber_celery_complete", oneIf(s.Complete), name)
	send("rubber_celery_workers", float64(s.Workers), name)
	send("rubber_celery_connects_total", float64(s.Connects), name)
	send("rubber_celery_connect_failures_total", float64(s.ConnectFailures), name)
	send("rubber_celery_events_total", float64(s.Events), name)
	send("rubber_celery_requests_total", float64(s.Requests), name)
	send("rubber_celery_answers_total", float64(s.Answers), name)
	send("rubber_celery_unanswered_total", float64(s.Silent), name)
	send("rubber_celery_dropped_total", float64(s.Malformed), name, "malformed")
	send("rubber_celery_dropped_total", float64(s.Oversized), name, "oversized")
	send("rubber_celery_dropped_total", float64(s.Crowded), name, "crowded")
	send("rubber_celery_dropped_total", float64(s.Late), name, "late")
}

func oneIf(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
