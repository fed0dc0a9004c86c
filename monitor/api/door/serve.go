package door

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/coreos/go-systemd/v22/activation"
	"github.com/prometheus/exporter-toolkit/web"
)

// Limits of a connection. A page of 30,000 series goes out in well under the
// write timeout even over a slow line.
const (
	// ReadHeaderTimeout is how long a client may take to say what it wants.
	ReadHeaderTimeout = 5 * time.Second

	readTimeout    = 15 * time.Second
	writeTimeout   = time.Minute
	idleTimeout    = 2 * time.Minute
	maxHeaderBytes = 32 << 10

	// shutdownTimeout is how long requests under way may take to end.
	shutdownTimeout = 2 * time.Second
)

var errNoSockets = errors.New("systemd passed no listening stream socket (ListenStream= in the socket unit, or leave out --web.systemd-socket)")

// Serve listens as the flags say and serves handler until ctx ends; then it
// ends the requests under way and returns nil. TLS, passwords and the other
// settings of the web configuration file are exporter-toolkit's, which reads
// the file again as it changes. An error means that a listener failed; the
// others have ended too.
func Serve(ctx context.Context, flags *web.FlagConfig, handler http.Handler, logger *slog.Logger) error {
	if flags.WebSystemdSocket != nil && *flags.WebSystemdSocket {
		listeners, err := activation.Listeners()
		if err != nil {
			return fmt.Errorf("serve web port: %w", err)
		}
		return ServeOn(ctx, listeners, flags, handler, logger)
	}
	if flags.WebListenAddresses == nil || len(*flags.WebListenAddresses) == 0 {
		return errors.New("serve web port: no address to listen on (--web.listen-address)")
	}
	var ports []port
	for _, address := range *flags.WebListenAddresses {
		one := web.FlagConfig{
			WebListenAddresses: &[]string{address},
			WebSystemdSocket:   new(bool),
			WebConfigFile:      configFile(flags),
		}
		ports = append(ports, func(s *http.Server) error { return web.ListenAndServe(s, &one, logger) })
	}
	return serve(ctx, ports, handler, logger)
}

// ServeOn is Serve on sockets that are listening already; it closes them.
// Nil ones, which activation.Listeners leaves where a socket is of another
// kind, are passed over. Of the flags only the configuration file counts.
func ServeOn(ctx context.Context, listeners []net.Listener, flags *web.FlagConfig, handler http.Handler, logger *slog.Logger) error {
	var ports []port
	file := &web.FlagConfig{WebConfigFile: configFile(flags)}
	for _, l := range listeners {
		if l != nil {
			defer l.Close()
			ports = append(ports, func(s *http.Server) error { return web.Serve(l, s, file, logger) })
		}
	}
	if len(ports) == 0 {
		return fmt.Errorf("serve web port: %w", errNoSockets)
	}
	return serve(ctx, ports, handler, logger)
}

// configFile is that of the flags; the toolkit wants a pointer in any case.
func configFile(flags *web.FlagConfig) *string {
	if flags.WebConfigFile == nil {
		return new(string)
	}
	return flags.WebConfigFile
}

// port serves one address with a server of its own until that is shut down:
// the toolkit changes a server as it starts, so that two addresses cannot
// share one.
type port func(*http.Server) error

func serve(ctx context.Context, ports []port, handler http.Handler, logger *slog.Logger) error {
	ended := make(chan error, len(ports))
	servers := make([]*http.Server, len(ports))
	for i, run := range ports {
		s := newServer(handler, logger)
		servers[i] = s
		go func() { ended <- run(s) }()
	}
	var failure error
	running := len(ports)
	select {
	case <-ctx.Done():
	case err := <-ended:
		running--
		failure = err
	}
	shutdown(servers)
	for range running {
		err := <-ended
		if failure == nil && !errors.Is(err, http.ErrServerClosed) {
			failure = err
		}
	}
	if failure != nil {
		return fmt.Errorf("serve web port: %w", failure)
	}
	return nil
}

// shutdown ends servers together: gently, and then not.
func shutdown(servers []*http.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	for _, s := range servers {
		if s.Shutdown(ctx) != nil {
			s.Close()
		}
	}
}

func newServer(handler http.Handler, logger *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: ReadHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelDebug),
	}
}
