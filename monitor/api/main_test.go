package api

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"testing"

	"github.com/prometheus/exporter-toolkit/web"
	"go.uber.org/goleak"

	"perfmon/monitor/api/door"
	"perfmon/monitor/api/door/doortest"
)

var quiet = slog.New(slog.DiscardHandler)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// startPort serves on a port of the loopback until the test ends, and
// returns its address.
func startPort(t *testing.T, handler http.Handler, config string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	doortest.Run(t, func(ctx context.Context) error {
		return door.ServeOn(ctx, []net.Listener{l}, &web.FlagConfig{WebConfigFile: &config}, handler, quiet)
	})
	return l.Addr().String()
}

// serveSocket serves on a socket until the test ends.
func serveSocket(t *testing.T, path string, handler http.Handler) {
	t.Helper()
	s, err := door.ListenSocket(door.SocketOptions{Path: path, Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	doortest.Run(t, func(ctx context.Context) error { return s.Serve(ctx, handler) })
}
