package door

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Persist serves until ctx ends, and again after each failure: no other work
// waits for a port. The first failure of a kind is an error in the log, with
// what it means said before it.
func Persist(ctx context.Context, every time.Duration, serve func() error, says string, log *slog.Logger) {
	told := ""
	for ctx.Err() == nil {
		err := serve()
		if err == nil || ctx.Err() != nil {
			return
		}
		level := slog.LevelDebug
		if err.Error() != told {
			told, level = err.Error(), slog.LevelError
		}
		log.Log(ctx, level, says, "err", err, "every", every)
		select {
		case <-ctx.Done():
		case <-time.After(every):
		}
	}
}

// ServeListener serves handler on one listener until ctx ends; then it ends
// the requests under way, closes the listener and returns nil. Unlike ServeOn
// it knows no configuration file.
func ServeListener(ctx context.Context, l net.Listener, handler http.Handler, logger *slog.Logger) error {
	defer l.Close()
	return serve(ctx, []port{func(s *http.Server) error { return s.Serve(l) }}, handler, logger)
}
