package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"perfmon/monitor/api"
	"perfmon/monitor/api/door"
)

// webRetry is the time between tries to open the web port. Alarms do not
// wait for it.
const webRetry = 30 * time.Second

// serveWeb serves the metrics and the page until ctx ends.
func serveWeb(ctx context.Context, o *options, s *sockets, log *slog.Logger, metrics http.Handler, h *host, service http.Handler) {
	if len(*o.web.WebListenAddresses) == 0 && !*o.web.WebSystemdSocket {
		return
	}
	handler, err := api.Handler(api.Options{
		Metrics: metrics, Archive: archive(h), Logger: log, Version: version, API: service,
		Listen: *o.web.WebListenAddresses, AllowedHosts: o.allowedHosts,
	})
	if err != nil {
		log.Error("no web port", "err", err)
		return
	}
	serve := func() error { return door.Serve(ctx, &o.web, handler, log) }
	if *o.web.WebSystemdSocket {
		serve = func() error {
			listeners, err := s.listeners()
			if err != nil {
				return fmt.Errorf("listen on the service manager's sockets: %w", err)
			}
			return door.ServeOn(ctx, listeners, &o.web, handler, log)
		}
	}
	door.Persist(ctx, o.webRetry, serve, "the web port does not work: alarms go on, and it is tried again", log)
}

// archive is what /rrd_updates serves, nothing where the toolstack does.
func archive(h *host) api.Archive {
	if h.archive == nil {
		return nil
	}
	return h.archive
}
