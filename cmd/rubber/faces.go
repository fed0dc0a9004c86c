package main

import (
	"context"
	"log/slog"

	"perfmon/cmd/internal/rubberconfig"
)

// faces are what people and programs see of rubber: the socket, the page and
// the metrics.
type faces struct{ log *slog.Logger }

func newFaces(_ *rubberconfig.Config, _ *parts, log *slog.Logger) (*faces, error) {
	return &faces{log}, nil
}

// run serves them until the context ends.
func (f *faces) run(ctx context.Context) { <-ctx.Done() }
