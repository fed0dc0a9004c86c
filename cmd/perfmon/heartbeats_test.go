package main

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"perfmon/alarm"
	"perfmon/monitor"
)

// TestHeartbeatsBeginSoon: the first comes as soon as it is known which host
// this is, and the others at their interval, one that fails no exception.
func TestHeartbeatsBeginSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var snapshot atomic.Pointer[monitor.Snapshot]
		b := newHeartbeats(snapshot.Load, func() string { return "e" }, slog.New(slog.DiscardHandler), prometheus.NewRegistry())
		began := time.Now()
		var at []time.Duration
		s := &sink{name: "x", every: time.Minute, beat: func(_ context.Context, h *alarm.Heartbeat) error {
			at = append(at, time.Since(began))
			if h.HostUUID != "h" || h.Sequence <= 0 {
				t.Errorf("%+v", h)
			}
			if len(at) == 2 {
				return errors.New("nobody there")
			}
			return nil
		}}
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
		defer cancel()
		time.AfterFunc(1500*time.Millisecond, func() {
			snapshot.Store(&monitor.Snapshot{Inventory: &monitor.Inventory{HostUUID: "h"}})
		})
		b.run(ctx, s)
		want := []time.Duration{2 * time.Second, 62 * time.Second, 122 * time.Second}
		if !slices.Equal(at, want) {
			t.Errorf("heartbeats at %v, want %v", at, want)
		}
	})
}
