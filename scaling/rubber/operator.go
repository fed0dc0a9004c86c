package rubber

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"perfmon/scaling/rubber/plan"
)

// Pause has nothing be started, woken, rested, let go or deleted, until Resume.
// What was on its way stays where it is: a machine that is being let go keeps
// its tasks and gets no new ones. It outlives rubber. Looking and planning go on.
func (c *Controller) Pause(ctx context.Context, reason string) error {
	return c.ask(ctx, func(w *world) error {
		if err := w.setPause(pauseState{Version: recordVersion, Paused: true, Reason: reason, Since: w.clock.shown(w.now)}); err != nil {
			return err
		}
		w.said("pause", "scaling is paused: "+reason)
		return nil
	})
}

// Resume ends a pause.
func (c *Controller) Resume(ctx context.Context, reason string) error {
	return c.ask(ctx, func(w *world) error {
		if err := w.setPause(pauseState{Version: recordVersion}); err != nil {
			return err
		}
		w.said("resume", "scaling goes on: "+reason)
		return nil
	})
}

// said is an operator's word in the feed.
func (w *world) said(event, text string) {
	w.c.feed.add(Decision{At: w.clock.shown(w.now), Event: event, Text: text, Loud: true})
	w.log.Info(text)
	w.publish()
}

// Drain lets a machine go, by intent, id or name, as carefully as a plan would,
// and for good: no plan takes it back. Undo does.
func (c *Controller) Drain(ctx context.Context, machine, reason string) error {
	return c.change(ctx, machine, func(w *world, m *life) (note, error) {
		release := &Release{Asked: w.now, Reason: reason, By: byOperator, Then: ThenDelete}
		switch m.State {
		case plan.Ready, plan.Resting:
			m.Release, m.workers = release, nil
			m.enter(plan.Draining, w.now, w.cfg.Limits)
		case plan.Draining:
			m.Release.By, m.Release.Reason = byOperator, reason
			if m.Release.Shutdown.IsZero() {
				m.Release.Then = ThenDelete
			}
		case plan.Requested, plan.Building, plan.Booting:
			m.Release = release
		case plan.Warm:
			m.Ending = reason
			m.enter(plan.Deleting, w.now, w.cfg.Limits)
		default:
			return note{}, fmt.Errorf("it is %s already", m.State)
		}
		m.Protect = ""
		return note{event: evDrain, text: "an operator lets it go: " + reason, loud: true}, nil
	})
}

// Undo takes back a Drain, as long as its workers were not told to end.
func (c *Controller) Undo(ctx context.Context, machine, reason string) error {
	return c.change(ctx, machine, func(w *world, m *life) (note, error) {
		if m.Release == nil {
			return note{}, fmt.Errorf("it is %s, and is not being let go", m.State)
		}
		m.Release.By = byPlan
		n, ok := m.resume(reason, w.now, w.cfg.Limits)
		if !ok {
			return note{}, errors.New("its workers were told to end: there is no way back")
		}
		return n, nil
	})
}

// Force deletes a machine whatever it does: its tasks are killed. It is for one
// that cannot be drained, and nobody but an operator does it.
func (c *Controller) Force(ctx context.Context, machine, reason string) error {
	return c.change(ctx, machine, func(w *world, m *life) (note, error) {
		m.Forced, m.Ending, m.Waking = true, "an operator forced it: "+reason, false
		if m.State != plan.Deleting {
			m.enter(plan.Deleting, w.now, w.cfg.Limits)
		}
		return note{event: evDelete, text: m.Ending, loud: true}, nil
	})
}

// Protect has plans leave a machine as it is; with an empty reason, no more.
func (c *Controller) Protect(ctx context.Context, machine, reason string) error {
	return c.change(ctx, machine, func(_ *world, m *life) (note, error) {
		m.Protect = reason
		if reason == "" {
			return note{event: "unprotect", text: "plans may let it go again"}, nil
		}
		return note{event: "protect", text: "plans leave it alone: " + reason, loud: true}, nil
	})
}

// change writes what an operator wants of a machine.
func (c *Controller) change(ctx context.Context, machine string, f func(*world, *life) (note, error)) error {
	return c.ask(ctx, func(w *world) error {
		u, err := w.find(machine)
		if err != nil {
			return err
		}
		if w.o.DryRun {
			return errors.New("this is a dry run, which changes nothing: ask the instance that acts")
		}
		if w.aside(u.Cloud) {
			return fmt.Errorf("machine %s: %s", u.Name, w.rivalText(u.Cloud))
		}
		next := u.life.clone()
		n, err := f(w, &next)
		if err != nil {
			return fmt.Errorf("machine %s: %w", u.Name, err)
		}
		if !w.commit(u, next) {
			return fmt.Errorf("machine %s: %w", u.Name, errors.Join(w.storeErr, w.conflict))
		}
		w.noted(u, n)
		w.advance(u)
		w.publish()
		return nil
	})
}

// find is a machine by its intent, its id in the cloud, or its name.
func (w *world) find(what string) (*unit, error) {
	if u := w.units[what]; u != nil {
		return u, nil
	}
	var found []*unit
	for _, u := range w.units {
		if u.ID == what || u.Name == what {
			found = append(found, u)
		}
	}
	switch len(found) {
	case 0:
		return nil, fmt.Errorf("machine %q: none of ours has that intent, id or name", what)
	case 1:
		return found[0], nil
	}
	return nil, fmt.Errorf("machine %q: %d machines have that name: say the intent of one, such as %s", what, len(found), found[0].Intent)
}

// Configure changes the configuration while rubber runs. A profile whose
// configuration has changed may ask for machines at once, whatever was held
// against it. The error is of a configuration that makes no sense, and then
// nothing is changed. Clouds and brokers are those of Options.
func (c *Controller) Configure(ctx context.Context, cfg Config) error {
	if err := cfg.check(&c.opts); err != nil {
		return fmt.Errorf("rubber: %w", err)
	}
	c.mu.Lock()
	before := c.config
	c.config = cfg
	c.mu.Unlock()
	err := c.ask(ctx, func(w *world) error {
		mine := cfg
		w.cfg = &mine
		for _, p := range cfg.Profiles {
			if !unchanged(&before, &p) {
				w.brakes.reset(p.Cloud, p.Name)
			}
		}
		w.said("configure", "the configuration was changed")
		return nil
	})
	if errors.Is(err, ErrStandby) {
		return nil // it is taken up when this instance is active
	}
	return err
}

// unchanged says whether a profile is made as it was.
func unchanged(before *Config, p *Profile) bool {
	for i := range before.Profiles {
		if old := &before.Profiles[i]; old.Name == p.Name {
			return old.Cloud == p.Cloud && old.Generation == p.Generation && reflect.DeepEqual(old.Spec, p.Spec)
		}
	}
	return false
}

// Now has everybody be asked at once who may be asked, and a turn be made of
// the answers, and waits until it is over. In a dry run this is how a plan is
// had.
func (c *Controller) Now(ctx context.Context) error {
	over := make(chan struct{})
	var ended chan struct{}
	err := c.ask(ctx, func(w *world) error {
		ended = w.ended
		w.awaited = append(w.awaited, over)
		w.beginLook()
		return nil
	})
	if err != nil {
		return err
	}
	select {
	case <-over:
		return nil
	case <-ended:
		return fmt.Errorf("%w any more", ErrStandby)
	case <-ctx.Done():
		return ctx.Err()
	}
}
