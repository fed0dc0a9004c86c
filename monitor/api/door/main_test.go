package door

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strconv"
	"testing"

	"github.com/prometheus/exporter-toolkit/web"
	"go.uber.org/goleak"

	"perfmon/monitor/api/door/doortest"
)

// activated tells this program to be the process that systemd starts.
const activated = "PERFMON_TEST_ACTIVATED"

func TestMain(m *testing.M) {
	if os.Getenv(activated) != "" {
		os.Exit(serveActivated())
	}
	goleak.VerifyTestMain(m)
}

// serveActivated serves one word on the sockets that were passed to this
// process until its input ends.
func serveActivated() int {
	os.Setenv("LISTEN_PID", strconv.Itoa(os.Getpid()))
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	yes := true
	hello := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "activated") })
	err := Serve(ctx, &web.FlagConfig{WebSystemdSocket: &yes}, hello, slog.New(slog.NewTextHandler(os.Stderr, nil)))
	if err != nil {
		io.WriteString(os.Stderr, err.Error()+"\n")
		return 1
	}
	return 0
}

// startPort serves on a port of the loopback until the test ends, and
// returns its address.
func startPort(t *testing.T, handler http.Handler, config string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	doortest.Run(t, func(ctx context.Context) error {
		return ServeOn(ctx, []net.Listener{nil, l}, &web.FlagConfig{WebConfigFile: &config}, handler, slog.New(slog.DiscardHandler))
	})
	return l.Addr().String()
}
