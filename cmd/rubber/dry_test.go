package main

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"perfmon/scaling/engine"
	"perfmon/scaling/rubber"
)

// TestDryRunReads has a dry run begin before anybody owns the engine, of which
// it makes nothing, and then see what the store of another rubber says.
func TestDryRunReads(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "rubber.yaml")
	text := `owner: test
brokers: {d: {kind: http, url: "http://127.0.0.1:1/", workers_url: "http://127.0.0.1:1/"}}
clouds: {local: {driver: process, process: {dir: ` + filepath.Join(dir, "machines") + `}}}
profiles: {q: {queue: q, command: [/bin/true]}}
planner: {interval: 100ms}
engine: {dir: ` + filepath.Join(dir, "engine") + `, listen: "127.0.0.1:0"}
`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	c, err := (&serveFlags{config: path}).load(&said)
	if err != nil {
		t.Fatalf("%v\n%s", err, &said)
	}
	p, err := newParts(c, true, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	ended := make(chan error, 1)
	acts := make(chan struct{})
	go func() { ended <- p.run(ctx, func() { close(acts) }) }()
	<-acts
	until(ctx, t, p, func() bool { return p.controller.Now(ctx) == nil })
	if _, err := os.Stat(c.Engine.Dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the dry run made %s: %v", c.Engine.Dir, err)
	}

	o := engineOptions(c, slog.New(slog.DiscardHandler))
	owner, err := engine.New(o)
	if err != nil {
		t.Fatal(err)
	}
	owns, end := context.WithCancel(ctx)
	ownerEnded := make(chan error, 1)
	go func() { ownerEnded <- owner.Run(owns) }()
	bucket, err := owner.Bucket(ctx, rubber.Bucket+"-test", engine.BucketOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bucket.Put(ctx, "pause", []byte(`{"version":1,"paused":true,"reason":"the other says so"}`)); err != nil {
		t.Fatal(err)
	}
	until(ctx, t, p, func() bool {
		_ = p.controller.Now(ctx) // what has come of it is in the status
		return p.controller.Status().Reason == "the other says so"
	})
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	end()
	if err := <-ownerEnded; err != nil {
		t.Error(err)
	}
}

// until waits until something is so.
func until(ctx context.Context, t *testing.T, p *parts, is func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !is() {
		select {
		case <-ctx.Done():
			t.Fatalf("not within a minute; status: %+v", p.controller.Status())
		case <-tick.C:
		}
	}
}
