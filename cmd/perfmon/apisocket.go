package main

import (
	"context"
	"log/slog"

	"perfmon/alarm"
	"perfmon/monitor"
	"perfmon/monitor/api"
)

// openAPI makes the socket of the local API; nil for none. Alarms do not need
// it, so what is wrong with it is said once, and that is all.
func openAPI(o *options, log *slog.Logger) *api.Socket {
	if o.apiSocket == "" {
		return nil
	}
	s, err := api.ListenSocket(o.apiSocket, log)
	if err != nil {
		log.Warn("no local API, so perfmonctl cannot ask this agent: name a place for its socket with --api-socket, or none (--api-socket=)", "err", err)
		return nil
	}
	return s
}

// serveAPI answers requests on the socket until ctx ends.
func serveAPI(ctx context.Context, s *api.Socket, m *monitor.Monitor, kept *store, log *slog.Logger) {
	if s == nil {
		return
	}
	handler := api.LocalHandler(api.LocalOptions{Monitor: m, Sinks: kept.status, Version: version, Logger: log})
	if err := s.Serve(ctx, handler); err != nil {
		log.Error("the local API has failed: perfmonctl cannot ask this agent any more", "err", err)
	}
}

// status is what has become of an alarm at each sink.
func (s *store) status(e *alarm.Event) []api.SinkStatus {
	var list []api.SinkStatus
	for _, one := range s.sinks {
		list = append(list, api.SinkStatus(one.outbox.Status(e)))
	}
	return list
}
