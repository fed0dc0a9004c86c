package api

import (
	"log/slog"
	"net/http"

	"perfmon/monitor/api/door"
	"perfmon/monitor/api/page"
	"perfmon/monitor/api/page/kit"
	"perfmon/rrd"
)

// DefaultAddress is where the web port listens unless told otherwise.
const DefaultAddress = "127.0.0.1:9789"

// DefaultSocket is where the local API listens unless told otherwise.
const DefaultSocket = "/run/perfmon/perfmon.sock"

// atOnce is how many requests for rows are answered at the same time. Each
// costs memory; more are told to come again.
const atOnce = 8

// Archive has the rows that /rrd_updates serves; *rrd.RRD is one. Updates is
// called by several goroutines at once.
type Archive interface {
	Updates(rrd.Query) (rrd.Reader, error)
}

// Options of the web port. Metrics and Logger are needed.
type Options struct {
	// Metrics answers scrapes; see metrics.Page.
	Metrics http.Handler
	// Archive is nil on a host whose toolstack has the archives.
	Archive Archive
	// Listen has the addresses that the port listens on, as host:port. Their
	// hosts are good Host headers.
	Listen []string
	// AllowedHosts are further names and addresses by which people reach the
	// port, without ports; "*" is any.
	AllowedHosts []string
	// API answers what is below /v1; nil for nothing there. See
	// Service.Public.
	API http.Handler
	// Version is shown on the page.
	Version string
	// Logger gets what went wrong while an answer was made.
	Logger *slog.Logger
}

// Handler answers the web port's requests. An error is a mistake in the
// options.
func Handler(o Options) (http.Handler, error) {
	hosts, err := door.NewHostCheck(o.Listen, o.AllowedHosts, "--web.allowed-hosts allows it")
	if err != nil {
		return nil, err
	}
	first := page.New(page.Options{Version: o.Version, Archive: o.Archive != nil})
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", first)
	mux.Handle("GET "+kit.Prefix, first)
	mux.Handle("GET /metrics", o.Metrics)
	mux.Handle("GET /rrd_updates", &updates{archive: o.Archive, slots: make(chan struct{}, atOnce), log: o.Logger})
	if o.API != nil {
		mux.Handle("/v1/", o.API)
	}
	return door.Headers(kit.Policy, hosts.Wrap(mux)), nil
}
