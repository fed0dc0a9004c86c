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

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("rubber_"+name, help, labels, nil)
}

// Of the build and the engine.
var (
	buildInfo = desc("build_info", "1, with the version of the program.", "version")

	engineConnected   = desc("engine_connected", "1 while there is a connection to the engine.")
	engineServing     = desc("engine_serving", "1 while this process serves the embedded engine.")
	engineTries       = desc("engine_connection_tries", "Tries to connect to the engine, in vain, since the connection was lost.")
	engineConnections = desc("engine_connections", "Clients of the embedded engine; absent where another process serves it.")
	engineStore       = desc("engine_store_bytes", "What the streams and keys of the embedded engine take on disk; absent where another process serves it.")
	engineStoreLimit  = desc("engine_store_limit_bytes", "What they may take; absent where another process serves it.")
	engineMessages    = desc("engine_messages", "Messages in the embedded engine's streams; absent where another process serves it.")
)

// Of queues: RabbitMQ, and plain HTTP servers.
var (
	queueConnected  = desc("queue_connected", "1 if the last try to look at the broker's queues had a connection.", "broker")
	queueConnects   = desc("queue_connects_total", "Connections made to look at queues.", "broker")
	queueRefusals   = desc("queue_connect_failures_total", "Connections to look at queues that were not made.", "broker")
	queueLooks      = desc("queue_looks_total", "Looks at a queue.", "broker")
	queueFailures   = desc("queue_look_failures_total", "Looks at a queue that told nothing.", "broker")
	queuePartial    = desc("queue_partial_looks_total", "Looks at a queue that told less than was asked for.", "broker")
	queueManagement = desc("queue_management_failures_total", "Questions to the broker's management API without a good answer.", "broker")
)

// Of Celery's workers.
var (
	celeryConnected = desc("celery_connected", "1 while the workers' events are heard.", "broker")
	celeryComplete  = desc("celery_complete", "1 if all workers that live must have been heard by now.", "broker")
	celeryWorkers   = desc("celery_workers", "Workers that are heard.", "broker")
	celeryConnects  = desc("celery_connects_total", "Connections made to hear workers.", "broker")
	celeryRefusals  = desc("celery_connect_failures_total", "Connections to hear workers that were not made, or lost soon.", "broker")
	celeryEvents    = desc("celery_events_total", "Events of workers and tasks that were understood.", "broker")
	celeryDropped   = desc("celery_dropped_total", "Messages of workers that were not used, by reason: malformed (they make no sense), oversized (too long to be read), crowded (no room for more workers), late (answers that nobody waited for any more).", "broker", "reason")
	celeryRequests  = desc("celery_requests_total", "Requests sent to workers.", "broker")
	celeryAnswers   = desc("celery_answers_total", "Answers of workers.", "broker")
	celerySilent    = desc("celery_unanswered_total", "Requests to workers that were not answered in time.", "broker")
)

// Of the workers that an HTTP server lists.
var (
	listedComplete = desc("listed_complete", "1 if all workers that live are in the list.", "broker")
	listedWorkers  = desc("listed_workers", "Workers that are not gone.", "broker")
	listedLooks    = desc("listed_looks_total", "Lists of workers that were asked for.", "broker")
	listedFailures = desc("listed_look_failures_total", "Lists of workers that did not come, or made no sense.", "broker")
	listedDropped  = desc("listed_dropped_total", "Entries of lists that were not used, by reason: malformed (they make no sense), crowded (no room for more workers).", "broker", "reason")
	listedCommands = desc("listed_commands_total", "Commands to workers that were sent.", "broker")
	listedRefused  = desc("listed_command_failures_total", "Commands to workers that were not taken.", "broker")
)

var heardTotal = desc("heard_total", "What has become of alarms and heartbeats that were heard.", "outcome")

// Describe is part of prometheus.Collector.
func (s surroundings) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		buildInfo, engineConnected, engineServing, engineTries, engineConnections, engineStore, engineStoreLimit, engineMessages,
		queueConnected, queueConnects, queueRefusals, queueLooks, queueFailures, queuePartial, queueManagement,
		celeryConnected, celeryComplete, celeryWorkers, celeryConnects, celeryRefusals, celeryEvents, celeryDropped, celeryRequests, celeryAnswers, celerySilent,
		listedComplete, listedWorkers, listedLooks, listedFailures, listedDropped, listedCommands, listedRefused,
		heardTotal,
	} {
		ch <- d
	}
}

// Collect is part of prometheus.Collector.
func (s surroundings) Collect(ch chan<- prometheus.Metric) {
	send := func(kind prometheus.ValueType) func(*prometheus.Desc, float64, ...string) {
		return func(d *prometheus.Desc, v float64, labels ...string) {
			ch <- prometheus.MustNewConstMetric(d, kind, v, labels...)
		}
	}
	gauge, counter := send(prometheus.GaugeValue), send(prometheus.CounterValue)
	gauge(buildInfo, 1, version)
	if s.engine != nil {
		collectEngine(s.engine(), gauge)
	}
	for name, b := range s.brokers {
		collectBroker(name, b, gauge, counter)
	}
	counts := s.heard()
	for _, outcome := range hear.Outcomes() {
		counter(heardTotal, float64(counts[outcome]), string(outcome))
	}
}

type sender = func(d *prometheus.Desc, value float64, labels ...string)

func collectEngine(e engine.State, gauge sender) {
	gauge(engineConnected, oneIf(e.Connected))
	gauge(engineServing, oneIf(e.Owner))
	gauge(engineTries, float64(e.Tries))
	if !e.Owner {
		return
	}
	gauge(engineConnections, float64(e.Connections))
	gauge(engineStore, float64(e.StoreBytes))
	gauge(engineStoreLimit, float64(e.MaxStore))
	gauge(engineMessages, float64(e.Messages))
}

func collectBroker(name string, b *broker, gauge, counter sender) {
	switch source := b.source.(type) {
	case *rabbit.Source:
		s := source.Stats()
		gauge(queueConnected, oneIf(s.Connected), name)
		counter(queueConnects, float64(s.Connects), name)
		counter(queueRefusals, float64(s.ConnectFailures), name)
		counter(queueLooks, float64(s.Looks), name)
		counter(queueFailures, float64(s.LookFailures), name)
		counter(queuePartial, float64(s.Partial), name)
		counter(queueManagement, float64(s.ManagementFailures), name)
	case *httpjson.Source:
		s := source.Stats()
		counter(queueLooks, float64(s.Looks), name)
		counter(queueFailures, float64(s.Failures), name)
	}
	switch workers := b.workers.(type) {
	case *celery.Workers:
		collectCelery(name, workers.Stats(), gauge, counter)
	case *httpjson.Workers:
		s := workers.Stats()
		gauge(listedComplete, oneIf(s.Complete), name)
		gauge(listedWorkers, float64(s.Workers), name)
		counter(listedLooks, float64(s.Lists), name)
		counter(listedFailures, float64(s.Failures), name)
		counter(listedDropped, float64(s.Malformed), name, "malformed")
		counter(listedDropped, float64(s.Crowded), name, "crowded")
		counter(listedCommands, float64(s.Commands), name)
		counter(listedRefused, float64(s.Refused), name)
	}
}

func collectCelery(name string, s celery.Stats, gauge, counter sender) {
	gauge(celeryConnected, oneIf(s.Connected), name)
	gauge(celeryComplete, oneIf(s.Complete), name)
	gauge(celeryWorkers, float64(s.Workers), name)
	counter(celeryConnects, float64(s.Connects), name)
	counter(celeryRefusals, float64(s.ConnectFailures), name)
	counter(celeryEvents, float64(s.Events), name)
	counter(celeryRequests, float64(s.Requests), name)
	counter(celeryAnswers, float64(s.Answers), name)
	counter(celerySilent, float64(s.Silent), name)
	counter(celeryDropped, float64(s.Malformed), name, "malformed")
	counter(celeryDropped, float64(s.Oversized), name, "oversized")
	counter(celeryDropped, float64(s.Crowded), name, "crowded")
	counter(celeryDropped, float64(s.Late), name, "late")
}

func oneIf(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
