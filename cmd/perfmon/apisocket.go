package main

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"golang.org/x/sys/unix"

	"perfmon/alarm"
	"perfmon/monitor"
	"perfmon/monitor/api"
	"perfmon/monitor/api/door"
)

// openAPI makes the socket of the local API; nil for none. Alarms do not need
// it, so what is wrong with it is said once, and that is all.
func openAPI(o *options, log *slog.Logger) *door.Socket {
	if o.apiSocket == "" {
		return nil
	}
	s, err := door.ListenSocket(door.SocketOptions{Path: o.apiSocket, Log: log})
	if err != nil {
		log.Warn("no local API, so perfmonctl cannot ask this agent: name a place for its socket with --api-socket, or none (--api-socket=)", "err", err)
		return nil
	}
	return s
}

// newAPI makes what answers on the socket and on the web port.
func newAPI(o *options, m *monitor.Monitor, h *host, kept *store, log *slog.Logger) *api.Service {
	return api.NewService(api.LocalOptions{
		Monitor: m, Version: version, Logger: log, Sinks: kept.status, Totals: kept.totals, Journal: kept.journalStatus,
		History: kept.journal.History, Archives: h.archives, Feed: kept.feed, Uptime: uptime,
		Source: h.name, Step: h.step, Started: time.Now(), Shadow: o.shadow,
	})
}

// serveAPI answers requests on the socket until ctx ends.
func serveAPI(ctx context.Context, s *door.Socket, handler http.Handler, log *slog.Logger) {
	if s == nil {
		return
	}
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

// totals is how each sink does.
func (s *store) totals() []api.Sink {
	now := time.Now().Unix()
	var list []api.Sink
	for _, one := range s.sinks {
		t := one.outbox.Totals()
		state := api.Sink{
			Name: one.name, Kind: one.kind, Queued: t.Queued, Away: t.Away, NextTry: t.NextTry, LastError: t.LastError, LastErrorAt: t.LastErrorAt,
			Sent: int64(t.Sent), Dropped: int64(t.Dropped), Heartbeat: one.beats.Load(),
		}
		if t.Queued > 0 {
			state.Oldest = max(0, now-t.QueuedSince)
		}
		list = append(list, state)
	}
	return list
}

// journalStatus is how the journal does.
func (s *store) journalStatus() api.Journal {
	degraded, err := s.journal.Degraded()
	j := api.Journal{Memory: s.journal.MemoryOnly(), Degraded: degraded, Bytes: s.journal.Bytes(), Epoch: s.journal.Epoch()}
	if err != nil {
		j.Error = err.Error()
	}
	return j
}

// uptime is for how many seconds this machine runs. That of a control domain
// is that of its host, but for the first moments.
func uptime() (seconds float64, known bool) {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &t); err != nil {
		return 0, false
	}
	return float64(t.Sec), true
}
