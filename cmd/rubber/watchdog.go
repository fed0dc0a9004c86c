package main

import (
	"context"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"perfmon/scaling/rubber"
)

// watch tells the service manager that rubber lives, if that wants to know
// (WatchdogSec=). What counts is that the controller makes turns: one that hangs
// in a plan, or waits for a lock, stops telling, and is ended and started anew.
// An instance that stands by, or cannot open its store yet, makes no turns and is
// alive; so is one whose clouds and brokers are away, since turns do not wait for
// those.
func (p *parts) watch(ctx context.Context) {
	every, err := daemon.SdWatchdogEnabled(false)
	if err != nil || every <= 0 {
		return
	}
	tick := time.NewTicker(every / 4)
	defer tick.Stop()
	a := alive{limit: max(every/2, 4*p.controller.Config().Interval)}
	for {
		if a.turns(p.controller.Status(), time.Now()) {
			notify(daemon.SdNotifyWatchdog)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// alive judges whether turns are made.
type alive struct {
	limit time.Duration // for one turn
	seen  int           // turns
	moved time.Time     // when there was a new one
}

func (a *alive) turns(s *rubber.Status, now time.Time) bool {
	acts := s.Role == rubber.Active || s.Role == rubber.Dry
	if a.moved.IsZero() || s.Turns != a.seen || !acts {
		a.seen, a.moved = s.Turns, now
	}
	return now.Sub(a.moved) <= a.limit
}
