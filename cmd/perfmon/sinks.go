package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"perfmon/alarm/journal"
	"perfmon/alarm/outbox"
	xapisink "perfmon/alarm/sink/xapi"
	"perfmon/cmd/internal/settings"
)

// sink is a destination of alarms: its driver, and the queue in front of it.
type sink struct {
	name   string
	kind   string
	outbox *outbox.Outbox
	beat   settings.Beat // nil: it takes no heartbeats
	every  time.Duration // between them
	close  func(context.Context) error
	beats  atomic.Pointer[bool] // whether the last heartbeat arrived; nil before the first
}

// loadSettings reads the settings, and tells what is wrong with them. What is
// good is used: a host whose alarms go nowhere, for a typing mistake, is worse.
func loadSettings(path string, log *slog.Logger) (cfg *settings.Settings, mistakes int) {
	cfg, err := settings.Load(path, os.Getenv)
	problems := cfg.Warnings
	var bad *settings.Error
	switch {
	case errors.As(err, &bad):
		problems = bad.Problems
	case err != nil:
		mistakes++
		log.Error("settings not read: the defaults are used", "err", err)
	}
	for _, p := range problems {
		if p.Warning {
			log.Warn("settings: " + p.Format(path))
			continue
		}
		mistakes++
		log.Error("settings, left out: " + p.Format(path))
	}
	return cfg, mistakes
}

func settingsErrors(n int) prometheus.Collector {
	g := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "perfmon_settings_errors", Help: "Mistakes in the settings file, as it was at the start; what is wrong is left out.",
	})
	g.Set(float64(n))
	return g
}

// openSinks makes the sinks of the settings. Nothing is connected yet. What
// waits for a sink that is in the settings no more is given up, unless it may
// be there and have a mistake.
func openSinks(cfg *settings.Settings, mistakes bool, h *host, j *journal.Journal, log *slog.Logger, reg prometheus.Registerer) ([]*sink, error) {
	var list []*sink
	configured := map[string]bool{}
	var where []string
	for _, c := range cfg.Sinks {
		if c.Kind == xapisink.Name && h.messages == nil {
			continue // no toolstack
		}
		s, err := openSink(c, h, j, log, reg)
		if err != nil {
			return nil, fmt.Errorf("sink %s: %w", c.Name, err)
		}
		where = append(where, c.String())
		configured[c.Name] = true
		list = append(list, s)
	}
	log.Info("sinks of events", "sinks", cmp.Or(strings.Join(where, "; "), "none: alarms are in this log alone"))
	for _, name := range j.Sinks() {
		if configured[name] || mistakes {
			continue
		}
		n, err := j.DropSink(name)
		switch {
		case err != nil:
			log.Warn("what waits for a sink that is gone is kept", "sink", name, "err", err)
		case n > 0:
			log.Warn("events dropped: their sink is not in the settings any more", "sink", name, "events", n)
		}
	}
	return list, nil
}

func openSink(c settings.Sink, h *host, j *journal.Journal, log *slog.Logger, reg prometheus.Registerer) (*sink, error) {
	s := &sink{name: c.Name, kind: string(c.Kind), close: func(context.Context) error { return nil }}
	o := outbox.Options{
		Name: c.Name, Journal: j, Logger: log, Registerer: reg, Filter: c.Filter, HoldSilenced: c.HoldSilenced,
		Deadline: c.Deadline, Limit: c.Limit, Timeout: c.Timeout, Batch: c.Batch(),
	}
	if c.Kind == xapisink.Name {
		driver, err := h.messages(c)
		if err != nil {
			return nil, err
		}
		o.Driver, o.Batch, o.HoldInhibited = driver, xapisink.Batch, true
	} else {
		driver, err := c.Open(log)
		if err != nil {
			return nil, err
		}
		o.Driver, s.close = driver, driver.Close
		s.beat, s.every = c.Heartbeat(driver)
	}
	var err error
	s.outbox, err = outbox.New(o)
	return s, err
}

// closeTimeout bounds the end of all connections together.
const closeTimeout = time.Second

// deliver hands events and heartbeats to the sinks until ctx ends, and events
// a moment longer. Then it ends their connections.
func (s *store) deliver(ctx context.Context, beats *heartbeats) {
	var work sync.WaitGroup
	for _, one := range s.sinks {
		work.Go(func() {
			var of sync.WaitGroup
			of.Go(func() { one.outbox.Run(ctx) })
			of.Go(func() { beats.run(ctx, one) })
			of.Wait()
			bounded, cancel := context.WithTimeout(context.Background(), closeTimeout)
			defer cancel()
			if err := one.close(bounded); err != nil {
				s.log.Debug("connection not ended well", "sink", one.name, "err", err)
			}
		})
	}
	work.Wait()
}
