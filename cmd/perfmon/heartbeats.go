package main

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"perfmon/alarm"
	"perfmon/cmd/internal/settings"
	"perfmon/monitor"
	"perfmon/rrd"
)

// heartbeats says now and then that this agent is alive, and how much room
// its host has.
type heartbeats struct {
	snapshot func() *monitor.Snapshot
	epoch    func() string
	log      *slog.Logger
	sent     *prometheus.CounterVec // by sink and result
	last     atomic.Int64           // number of the last one
}

func newHeartbeats(snapshot func() *monitor.Snapshot, epoch func() string, log *slog.Logger, reg prometheus.Registerer) *heartbeats {
	h := &heartbeats{snapshot: snapshot, epoch: epoch, log: log, sent: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "perfmon_heartbeats_total", Help: "Heartbeats by sink and result: sent or failed.",
	}, []string{"sink", "result"})}
	reg.MustRegister(h.sent)
	return h
}

// run sends a sink its heartbeats until ctx ends. A heartbeat that fails is
// not tried again: the next one says more.
func (b *heartbeats) run(ctx context.Context, s *sink) {
	if s.beat == nil {
		return
	}
	for _, result := range []string{"sent", "failed"} {
		b.sent.WithLabelValues(s.name, result) // at 0, so that the first one counts
	}
	failing := false
	for ctx.Err() == nil {
		h := b.make(time.Now())
		if h == nil {
			sleep(ctx, time.Second) // the first poll is about to end
			continue
		}
		bounded, cancel := context.WithTimeout(ctx, s.every)
		err := s.beat(bounded, h)
		cancel()
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			s.beats.Store(new(true))
			b.sent.WithLabelValues(s.name, "sent").Inc()
			if failing {
				b.log.Info("heartbeats arrive again", "sink", s.name)
			}
		default:
			s.beats.Store(new(false))
			b.sent.WithLabelValues(s.name, "failed").Inc()
			if !failing {
				b.log.Warn("a heartbeat was not sent: whoever waits for it takes this host for unknown", "sink", s.name, "err", err)
			}
		}
		failing = err != nil
		sleep(ctx, s.every)
	}
}

// make makes a heartbeat; nil while it is not known which host this is.
func (b *heartbeats) make(now time.Time) *alarm.Heartbeat {
	s := b.snapshot()
	if s == nil || s.Inventory == nil || s.Inventory.HostUUID == "" {
		return nil
	}
	h := &alarm.Heartbeat{
		HostUUID: s.Inventory.HostUUID, PoolUUID: s.Inventory.PoolUUID, Epoch: b.epoch(), Sequence: b.number(now),
		Time: now.Unix(), TTL: int64((3 * settings.HeartbeatEvery).Seconds()), Pressure: s.Pressure(now),
	}
	if facts := s.Inventory.Objects[monitor.Object{Class: rrd.ClassHost, UUID: h.HostUUID}]; facts != nil {
		h.Name = facts.Name
	}
	return h
}

// number is a number that no earlier heartbeat has had: the time in
// milliseconds, so that it need not be kept over restarts.
func (b *heartbeats) number(now time.Time) int64 {
	for {
		last := b.last.Load()
		n := max(last+1, now.UnixMilli())
		if b.last.CompareAndSwap(last, n) {
			return n
		}
	}
}
