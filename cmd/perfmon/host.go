package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"perfmon/alarm/journal"
	"perfmon/alarm/outbox"
	xapisink "perfmon/alarm/sink/xapi"
	"perfmon/cmd/internal/settings"
	"perfmon/monitor"
	"perfmon/monitor/config"
	"perfmon/monitor/local"
	"perfmon/rrd"
)

// openHost chooses the source once: a host whose toolstack restarts must not
// turn into one without.
func openHost(o *options, j *journal.Journal, log *slog.Logger, reg prometheus.Registerer) (*host, error) {
	source := o.source
	if source == "auto" {
		source = "local"
		if hasToolstack(o) {
			source = "xapi"
		}
		log.Info("source chosen", "source", source)
	}
	if source == "xapi" {
		return xapiHost(o, j, log, reg), nil
	}
	return localHost(o, log)
}

// hasToolstack looks for what a toolstack leaves on a host even while it is
// down: its identity, or the directory of its sockets.
func hasToolstack(o *options) bool {
	for _, path := range []string{o.inventoryFile, filepath.Dir(o.xapiSocket)} {
		if _, err := os.Stat(path); err == nil {
			return true
		}
	}
	return false
}

func xapiHost(o *options, j *journal.Journal, log *slog.Logger, reg prometheus.Registerer) *host {
	t := newToolstack(o, log, reg)
	_, t.restarted = j.Value(journal.Rows, "xapi")
	triggers := newTriggerDir(o, "", log)
	sharer := newSharer(t.client, log)
	h := &host{
		name: "xapi", source: t, archives: t, step: o.step,
		messages: func(c settings.Sink) (outbox.Driver, error) {
			return xapisink.New(xapisink.Options{
				Toolstack: t.client, Notes: j.Notes(c.Name), Logger: log, Legacy: o.legacy,
				Clear: xapisink.Clear(c.Clear), MaxPerHour: c.MaxPerHour, Registerer: reg,
			})
		},
		messagesSince: t.client.MessagesSince,
		reread:        func() { t.watcher.Refresh(); triggers.reread() },
		run: func(ctx context.Context, give func(*monitor.Inventory)) {
			j := &joint{give: give}
			var work sync.WaitGroup
			work.Go(func() { triggers.watch(ctx, j.setFiles) })
			work.Go(func() { t.watch(ctx, j.setInventory) })
			work.Go(func() { sharer.run(ctx) })
			work.Wait()
		},
		close: t.close,
	}
	if o.shareState {
		h.share = sharer.share
	}
	return h
}

func localHost(o *options, log *slog.Logger) (*host, error) {
	s := local.New(local.Options{UUID: o.hostUUID, StateDir: o.stateDir, Logger: log, Clock: hostClock{}})
	triggers := newTriggerDir(o, rrd.ClassHost, log)
	if info, err := os.Stat(o.triggers); err == nil && !info.IsDir() {
		return nil, fmt.Errorf("--triggers %s: not a directory", o.triggers)
	}
	return &host{
		name: "local", source: localSource{s}, step: int64(local.DefaultStep.Seconds()), archive: s.RRD(),
		archives: localArchive{s.RRD()},
		reread:   triggers.reread,
		run: func(ctx context.Context, give func(*monitor.Inventory)) {
			// The first poll waits for the triggers, and so finds a row. What
			// cannot be sampled is logged at the next one.
			_ = s.SampleNow(ctx)
			var work sync.WaitGroup
			work.Go(func() {
				triggers.watch(ctx, func(files map[string]string) {
					if inv := localInventory(s.HostUUID(), s.Name(), files, o.legacy); inv != nil {
						give(inv)
					}
				})
			})
			work.Go(func() { s.Run(ctx) })
			work.Wait()
		},
		close: func() {},
	}, nil
}

// localSource is this machine's rows; see monitor.Source.
type localSource struct{ *local.Source }

func (s localSource) Update(ctx context.Context, start, _ int64, _ []string) (monitor.Update, error) {
	r, err := s.Source.Update(ctx, start)
	if err != nil {
		return nil, err
	}
	return openReader{r}, nil
}

// localArchive has this machine's rows of up to a year; see api.Archives.
type localArchive struct{ *rrd.RRD }

func (a localArchive) Rows(_ context.Context, _ monitor.Object, start, step int64) (monitor.Update, error) {
	r, err := a.Updates(rrd.Query{Start: start, Interval: step, CF: rrd.Average, Host: true})
	if err != nil {
		return nil, err
	}
	return openReader{r}, nil
}

// openReader is a reader in memory, which needs no closing.
type openReader struct{ rrd.Reader }

func (openReader) Close() error { return nil }

// dom0 is the readings of the control domain, which is where this runs.
type dom0 struct{ *local.Readings }

func readings() monitor.Readings { return dom0{local.NewReadings("/")} }

func (d dom0) Read(f config.Fold) (float64, error) {
	switch f {
	case config.FSUsage:
		return d.FSUsage(context.Background())
	case config.LogFSUsage:
		v, err := d.LogFSUsage(context.Background())
		if errors.Is(err, local.ErrSameFilesystem) {
			return math.NaN(), nil // as on most hosts: unknown, and nothing is wrong
		}
		return v, err
	case config.MemUsage:
		return d.MemUsage()
	case config.MemAvailable:
		return d.MemAvailable()
	}
	return 0, fmt.Errorf("no reading for %v", f)
}
