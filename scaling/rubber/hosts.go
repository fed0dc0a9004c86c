package rubber

import (
	"context"
	"maps"
	"slices"
	"time"

	"perfmon/scaling/rubber/cloud"
	"perfmon/scaling/rubber/plan"
)

// hostsView is which hosts a cloud has, as it said last.
type hostsView struct {
	asking bool
	next   time.Time // not to be asked before
	list   [][]string
	at     time.Time // of list; zero: it never said
}

// How often a cloud is asked for its hosts, and for how long its answer holds
// while there is no other.
const (
	hostsEvery = time.Minute
	hostsHold  = 10 * time.Minute
)

// askHosts asks a cloud which hosts it has, if it can say. No look waits for it.
func (w *world) askHosts(c *cloudView) {
	hoster, ok := w.o.Clouds[c.name].(cloud.Hoster)
	if !ok || w.o.Hosts == nil || c.hosts.asking || w.now.Before(c.hosts.next) {
		return
	}
	limit, began := w.cfg.Limits.List, w.now
	slot := w.slot("hosts of "+c.name, 1)
	c.hosts.asking, c.hosts.next = true, began.Add(hostsEvery)
	w.call(func() func() {
		var list [][]string
		err := w.bounded(slot, limit, func(ctx context.Context) error {
			answer, err := hoster.Hosts(ctx)
			if err == nil {
				list = answer
			}
			return err
		})
		return func() {
			c.hosts.asking = false
			if err != nil {
				w.c.metrics.failed("cloud "+c.name, "hosts", cloud.KindOf(err).String())
				w.log.Debug("cloud "+c.name+" does not say which hosts it has: alarms only say where machines are not to be", "err", err)
				return
			}
			c.hosts.list, c.hosts.at = list, began
		}
	})
}

// hostsKnown are the clouds that have said which hosts they have.
func (w *world) hostsKnown() []plan.Cloud {
	var list []plan.Cloud
	for _, name := range slices.Sorted(maps.Keys(w.clouds)) {
		h := &w.clouds[name].hosts
		if len(h.list) > 0 && w.now.Sub(h.at) <= hostsHold {
			list = append(list, plan.Cloud{Name: name, Hosts: h.list})
		}
	}
	return list
}
