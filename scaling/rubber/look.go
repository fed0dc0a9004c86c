package rubber

import (
	"context"
	"errors"
	"time"

	"perfmon/scaling/rubber/cloud"
	"perfmon/scaling/rubber/work"
)

// beginLook asks everyone whom it is time to ask. Nobody is asked who has not
// answered the last question.
func (w *world) beginLook() {
	if w.waiting >= 0 {
		return // the last look is not over
	}
	w.look++
	w.waiting = 0
	w.awaiting, w.awaited = append(w.awaiting, w.awaited...), nil
	w.lookUntil = w.now.Add(w.cfg.Limits.Look)
	if w.o.DryRun {
		w.askStore()
	}
	for _, p := range w.cfg.Profiles {
		key := queueKey{p.Broker, p.Queue}
		q := w.queues[key]
		if q == nil {
			q = &queueView{queueKey: key}
			w.queues[key] = q
		}
		if q.asker.due(w.now) {
			w.askQueue(q)
		}
	}
	for name := range w.o.Clouds {
		c := w.clouds[name]
		if c == nil {
			c = &cloudView{name: name, byID: map[string]*cloud.Instance{}}
			w.clouds[name] = c
		}
		if c.asker.due(w.now) {
			w.askCloud(c)
		}
		w.askHosts(c)
	}
	if w.waiting == 0 {
		w.endLook()
	}
}

// answer counts what belongs to the look that is on, and ends it with the last.
func (w *world) answer(look int) {
	if look != w.look || w.waiting <= 0 {
		return
	}
	if w.waiting--; w.waiting == 0 {
		w.endLook()
	}
}

func (w *world) endLook() {
	w.waiting = -1
	w.turn()
	for _, over := range w.awaiting {
		close(over)
	}
	w.awaiting = nil
	if len(w.awaited) > 0 { // somebody asked while it was on
		w.beginLook()
	}
}

// bounded runs f with a deadline, and gives up on it soon after when it does
// not come back: what hangs must not hold up anybody but itself. The slot is
// taken for as long as f really runs.
func (w *world) bounded(slot chan struct{}, d time.Duration, f func(context.Context) error) error {
	select {
	case slot <- struct{}{}:
	case <-w.ctx.Done():
		return w.ctx.Err()
	}
	ctx, cancel := context.WithTimeout(w.ctx, d)
	done := make(chan error, 1)
	go func() { // not waited for: it may never return
		defer func() { <-slot }()
		done <- f(ctx)
	}()
	defer cancel()
	patience := time.NewTimer(d + d/4)
	defer patience.Stop()
	select {
	case err := <-done:
		return err
	case <-patience.C:
		return errHangs
	case <-w.ctx.Done():
		select {
		case err := <-done:
			return err
		case <-time.After(time.Second): // for those who end at once when told to
			return w.ctx.Err()
		}
	}
}

// errHangs is of a call that goes on after its deadline.
var errHangs = errors.New("no answer within the deadline, and the call cannot be ended")

func (w *world) slot(name string, n int) chan struct{} {
	if w.slots[name] == nil {
		w.slots[name] = make(chan struct{}, n)
	}
	return w.slots[name]
}

func (w *world) askQueue(q *queueView) {
	source := w.o.Brokers[q.broker].Source
	look, limit := w.look, w.cfg.Limits.Depth
	slot := w.slot("queues of "+q.broker, w.cfg.Limits.Depths)
	w.waiting++
	q.asker.asking, q.asker.began = true, w.now
	w.call(func() func() {
		var depth work.Depth
		err := w.bounded(slot, limit, func(ctx context.Context) (err error) {
			depth, err = source.Depth(ctx, q.queue)
			return err
		})
		return func() {
			w.answered(&q.asker, "broker "+q.broker, "queue "+q.queue, err, 0)
			switch {
			case err != nil:
				w.c.metrics.failed("broker "+q.broker, "depth", work.KindOf(err).String())
			case depth.Ready != nil:
				w.sayAbsent(q, depth.Absent)
				q.depth, q.at = depth, q.asker.began
			}
			w.answer(look)
		}
	})
}

// sayAbsent counts and says that there is no such queue, when that is new: it
// counts as empty, as one is that nobody has sent a task to yet, and a name that
// is wrong must not look like a quiet day.
func (w *world) sayAbsent(q *queueView, absent bool) {
	source := "broker " + q.broker
	switch {
	case absent && !q.depth.Absent:
		w.c.metrics.failed(source, "depth", "absent")
		w.log.Warn(source+" has no such queue: it counts as empty", "queue", q.queue)
	case !absent && q.depth.Absent:
		w.log.Info(source+" has the queue now", "queue", q.queue)
	}
}

func (w *world) askCloud(c *cloudView) {
	driver := w.o.Clouds[c.name]
	look, limit, began := w.look, w.cfg.Limits.List, w.now
	slot := w.slot("list of "+c.name, 1)
	w.waiting++
	c.asker.asking, c.asker.began = true, began
	w.call(func() func() {
		var list []cloud.Instance
		err := w.bounded(slot, limit, func(ctx context.Context) (err error) {
			list, err = driver.List(ctx, w.o.Owner)
			return err
		})
		return func() {
			var e *cloud.Error
			var after time.Duration
			if errors.As(err, &e) {
				after = e.RetryAfter
			}
			w.answered(&c.asker, "cloud "+c.name, "our machines", err, after)
			if err != nil {
				// Half a list is none: nothing follows from who is not in it.
				w.c.metrics.failed("cloud "+c.name, "list", cloud.KindOf(err).String())
			} else {
				w.listed(c, list, began)
			}
			w.answer(look)
		}
	})
}

// askStore reads the records again, which in a dry run another instance writes.
func (w *world) askStore() {
	look := w.look
	w.waiting++
	w.call(func() func() {
		loaded, err := w.read(w.ctx)
		return func() {
			w.storeErr = err
			if err == nil {
				w.adoptState(loaded)
			}
			w.answer(look)
		}
	})
}

// hear takes the workers and hosts as they are known now, and finds out who
// works where.
func (w *world) hear() {
	for name, b := range w.o.Brokers {
		v := w.brokers[name]
		if v == nil {
			v = &brokerView{counts: map[process]int64{}}
			w.brokers[name] = v
		}
		v.list, v.complete = nil, false
		if b.Workers != nil {
			v.list, v.complete = b.Workers.Workers()
		}
	}
	if w.o.Hosts != nil {
		w.hosts = w.o.Hosts.View()
	}
	w.match()
}

// match finds the machine of each worker. Two machines of one name share their
// workers: then neither is taken for idle while one is busy.
func (w *world) match() {
	at := map[string][]*unit{}
	for _, u := range w.units {
		u.workers = u.workers[:0]
		inst := cloud.Instance{}
		if c := w.clouds[u.Cloud]; c != nil && c.byID[u.ID] != nil {
			inst = *c.byID[u.ID]
		}
		for _, key := range keysOf(u.Name, u.ID, inst.Addresses) {
			at[key] = append(at[key], u)
		}
	}
	for _, v := range w.brokers {
		v.unnamed = v.unnamed[:0]
		for _, worker := range v.list {
			matched := false
			for _, host := range hostsOf(worker) {
				if found := at[host]; len(found) > 0 {
					for _, u := range found {
						u.workers = append(u.workers, worker)
					}
					matched = true
					break
				}
			}
			if !matched {
				v.unnamed = append(v.unnamed, worker)
			}
		}
	}
	for _, u := range w.units {
		u.measure(w)
	}
}

// measure sums what the workers of a machine say. It is busy when one says so,
// and nobody knows when one does not say.
func (u *unit) measure(w *world) {
	u.busy, u.known, u.idle, u.slots = 0, w.heard(u), time.Time{}, 0
	alive, slots := 0, true
	for _, worker := range u.workers {
		if worker.Gone {
			continue
		}
		alive++
		if worker.Slots == 0 {
			slots = false
		}
		u.slots += worker.Slots
		if worker.Active == nil {
			u.known = false
		} else {
			u.busy += *worker.Active
		}
		if worker.Reserved != nil {
			u.busy += *worker.Reserved
		}
		if idle := w.clock.of(worker.IdleSince); idle.After(u.idle) {
			u.idle = idle
		}
	}
	if alive == 0 {
		u.known = false
	}
	if !slots {
		u.slots = 0
	}
	if u.busy > 0 || !u.known {
		u.idle = time.Time{}
	}
}
