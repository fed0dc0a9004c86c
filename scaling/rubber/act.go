package rubber

import (
	"context"
	"errors"
	"fmt"

	"perfmon/scaling/rubber/cloud"
	"perfmon/scaling/rubber/plan"
	"perfmon/scaling/rubber/work"
)

// advanceAll moves every machine on.
func (w *world) advanceAll() {
	for _, u := range w.all() {
		w.advance(u)
	}
}

// advance moves a machine on: by its state machine, then in the store, then by
// the order that follows. There is one order at a time for a machine.
func (w *world) advance(u *unit) {
	if u.doing.verb != orderNothing || w.conflict != nil || w.units[u.Intent] != u {
		return
	}
	if u.State == Gone { // the store did not take it
		w.commit(u, u.life)
		return
	}
	next := u.life.clone()
	o, notes := next.advance(w.sight(u), w.cfg.Limits)
	idle := w.paused.Load() || w.o.DryRun || w.grip(u) != held
	if idle {
		o = order{}
		if w.leaving(next.State) && next.State != Gone {
			return // how far it has come is for when it goes on
		}
	}
	if !w.commit(u, next) {
		return
	}
	for _, n := range notes {
		w.noted(u, n)
	}
	if o.verb != orderNothing && next.State != Gone {
		w.issue(u, o)
	}
}

// leaving says whether a machine of a state is told things.
func (w *world) leaving(s plan.State) bool {
	return s == plan.Resting || s == plan.Draining || s == plan.Deleting
}

// issue has an order carried out.
func (w *world) issue(u *unit, o order) {
	u.doing, u.since = o, w.now
	l := w.cfg.Limits
	var slot chan struct{}
	limit := l.Command
	var f func(context.Context, *result) error
	p := w.profile(u.Profile)
	record, aside := u.Record.clone(), &w.home(u.Cloud).aside
	if o.toCloud() {
		slot, limit = w.slot("cloud "+u.Cloud, l.CloudCalls), l.Call
		if o.verb == orderCreate || o.verb == orderWake {
			limit = l.Create
		}
		driver := w.o.Clouds[u.Cloud]
		avoid := append(append([]string(nil), u.Avoid...), w.brakes.avoid(w.now, u.Cloud, u.Profile)...)
		f = func(ctx context.Context, r *result) error { return w.toCloud(ctx, driver, p, record, avoid, r) }
	} else {
		workers, name := w.workersOf(u, o.worker)
		slot = w.slot("workers of "+name, l.Commands)
		f = func(ctx context.Context, r *result) error { return toWorker(ctx, workers, r) }
	}
	w.call(func() func() {
		r := result{order: o}
		var answer result
		err := w.bounded(slot, limit, func(ctx context.Context) error {
			// At the last moment: it may have waited for its turn.
			if !w.holds() || w.paused.Load() || aside.Load() {
				return errNotNow
			}
			mine := result{order: o}
			err := f(ctx, &mine)
			if err == nil {
				answer = mine
			}
			return err
		})
		if err == nil {
			r = answer
		}
		r.err = err
		return func() { w.finished(u, r) }
	})
}

// errNotNow is of an order that was not given after all.
var errNotNow = errors.New("rubber was paused, lost its lease, or had to stand aside before it was done")

// finished takes in what came of an order.
func (w *world) finished(u *unit, r result) {
	u.doing = order{}
	if w.units[u.Intent] != u {
		return
	}
	r.ended = w.clock.now()
	if errors.Is(r.err, errNotNow) || w.ctx.Err() != nil && errors.Is(r.err, context.Canceled) {
		return // it says nothing about anyone
	}
	ours := false
	if r.verb == orderCreate {
		r.err, ours = w.brakes.giveIn(w.now, u.Cloud, u.Profile, r.err)
	}
	if r.err != nil {
		source, kind := "cloud "+u.Cloud, cloud.KindOf(r.err).String()
		if !r.toCloud() {
			source, kind = "workers", work.KindOf(r.err).String()
		}
		w.c.metrics.failed(source, string(r.verb), kind)
	}
	w.c.metrics.orders.WithLabelValues(string(r.verb)).Inc()
	if c := w.clouds[u.Cloud]; c != nil && r.toCloud() && r.err != nil {
		c.asker.errAt = r.ended
	}
	if r.verb == orderCreate {
		if r.err == nil {
			w.brakes.took(u.Cloud, u.Profile, u.Tried)
		} else if !ours {
			w.brakes.hit(w.now, u.Cloud, u.Profile, "", r.err, false, u.Name, u.ID)
		}
	}
	if r.verb == orderWake && r.err != nil && cloud.KindOf(r.err) == cloud.Capacity {
		w.brakes.hit(w.now, u.Cloud, u.Profile, u.Host, r.err, false, u.Name, u.ID)
	}
	next := u.life.clone()
	notes := next.take(r, w.cfg.Limits)
	if !w.commit(u, next) {
		// The store is away. What happened is true all the same, and is written
		// with the next change; a crash before that finds it out again.
		u.life, u.unsaved = next, true
	}
	for _, n := range notes {
		w.noted(u, n)
	}
	w.match()
	w.advance(u)
}

// toCloud carries out an order to a cloud.
func (w *world) toCloud(ctx context.Context, driver cloud.Cloud, p *Profile, rec Record, avoid []string, r *result) (err error) {
	if driver == nil {
		return &cloud.Error{Kind: cloud.Invalid, Op: string(r.verb), Name: rec.Name, Err: fmt.Errorf("cloud %q is not configured any more", rec.Cloud), Hint: "configure it until its machines are gone"}
	}
	switch r.verb {
	case orderCreate:
		spec, err := specOf(w.o.Owner, p, &rec, avoid)
		if err != nil {
			return err
		}
		r.instance, err = driver.Create(ctx, spec)
		return err
	case orderAdopt:
		r.instance, err = adoptNamed(ctx, driver, w.o.Owner, p, &rec)
		return err
	case orderStop:
		return driver.Stop(ctx, rec.ID)
	case orderDelete:
		return driver.Delete(ctx, rec.ID)
	}
	warmer, ok := driver.(cloud.Warmer)
	if !ok {
		return &cloud.Error{Kind: cloud.Invalid, Op: string(r.verb), Name: rec.Name, Err: fmt.Errorf("cloud %q cannot park machines", rec.Cloud)}
	}
	if r.verb == orderPark {
		return warmer.Park(ctx, rec.ID)
	}
	spec, err := specOf(w.o.Owner, p, &rec, avoid)
	if err != nil {
		return err
	}
	return warmer.Wake(ctx, rec.ID, spec)
}

// specOf is what a machine is to be.
func specOf(owner string, p *Profile, rec *Record, avoid []string) (cloud.Spec, error) {
	if p == nil {
		return cloud.Spec{}, &cloud.Error{Kind: cloud.Invalid, Op: "create", Name: rec.Name, Err: fmt.Errorf("profile %q is not configured any more", rec.Profile)}
	}
	s := p.Spec
	s.Intent, s.Owner, s.Profile, s.Generation, s.Name = rec.Intent, owner, rec.Profile, rec.Generation, rec.Name
	s.Avoid, s.Prefer, s.AvoidStorage = avoid, rec.Prefer, rec.AvoidStorage
	if p.UserData != nil {
		data, err := p.UserData(s)
		if err != nil {
			return s, &cloud.Error{Kind: cloud.Invalid, Op: "make user data", Name: rec.Name, Err: err, Hint: "look at the template of profile " + rec.Profile}
		}
		s.UserData = data
	}
	return s, nil
}

// workersOf finds who can talk to a worker of a machine.
func (w *world) workersOf(u *unit, worker string) (work.Workers, string) {
	if p := w.profile(u.Profile); p != nil {
		return w.o.Brokers[p.Broker].Workers, p.Broker
	}
	for name, v := range w.brokers { // an orphan's
		for _, known := range v.list {
			if known.Name == worker {
				return w.o.Brokers[name].Workers, name
			}
		}
	}
	return nil, ""
}

// toWorker carries out an order to a worker.
func toWorker(ctx context.Context, workers work.Workers, r *result) (err error) {
	if workers == nil {
		return &work.Error{Kind: work.NoWorker, Op: string(r.verb), Name: r.worker}
	}
	switch r.verb {
	case orderCancel:
		return workers.CancelConsumer(ctx, r.worker, r.queue)
	case orderAdd:
		return workers.AddConsumer(ctx, r.worker, r.queue)
	case orderShutdown:
		return workers.Shutdown(ctx, r.worker)
	}
	r.load, err = workers.Load(ctx, r.worker)
	return err
}
