package cloudtest

import (
	"context"
	"fmt"
	"sync"

	"perfmon/scaling/rubber/cloud"
)

func deleteGone(ctx context.Context, t *trial) error {
	c, err := t.connect()
	if err != nil {
		return err
	}
	made, err := t.running(ctx, c, "one")
	if err != nil {
		return err
	}
	if _, err := t.running(ctx, c, "two"); err != nil {
		return err
	}
	const calls = 4
	var all sync.WaitGroup
	errs := make([]error, calls)
	for n := range calls {
		all.Go(func() { errs[n] = c.Delete(ctx, made.ID) })
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return describe("delete, several at once", err)
		}
	}
	err = t.until(ctx, c, func(list map[string]cloud.Instance) string {
		_, there := list["one"]
		return unless(!there, "the deleted machine is still listed")
	})
	if err != nil {
		return err
	}
	if err := c.Delete(ctx, made.ID); err != nil {
		return describe("delete of what is gone", err)
	}
	// Identities that nothing can have, or that are paths and addresses.
	for _, id := range []string{"", ".", "..", "/", "../..", "rubber-test", "*"} {
		if err := c.Delete(ctx, id); err != nil {
			if _, wrong := classed(fmt.Sprintf("delete of %q", id), err); wrong != nil {
				return wrong
			}
		}
	}
	list, err := listed(ctx, c, owner)
	if err != nil {
		return err
	}
	return describe("after deletes of others", exactly(list, "two"))
}

func deleteYoung(ctx context.Context, t *trial) error {
	c, err := t.connect()
	if err != nil {
		return err
	}
	made, err := c.Create(ctx, t.spec("one"))
	if err != nil {
		return describe("create", err)
	}
	if err := c.Delete(ctx, made.ID); err != nil {
		return describe("delete just after create", err)
	}
	return t.untilGone(ctx, c)
}

func stop(ctx context.Context, t *trial) error {
	c, err := t.connect()
	if err != nil {
		return err
	}
	made, err := t.running(ctx, c, "one")
	if err != nil {
		return err
	}
	if err := c.Stop(ctx, made.ID); err != nil {
		return describe("stop", err)
	}
	err = t.until(ctx, c, func(list map[string]cloud.Instance) string {
		i, there := list["one"]
		return unless(!there || i.State == cloud.Halted, fmt.Sprintf("the stopped machine is %s, not halted", i.State))
	})
	if err != nil {
		return err
	}
	if err := c.Delete(ctx, made.ID); err != nil {
		return describe("delete of one that was stopped", err)
	}
	return t.untilGone(ctx, c)
}

func notFound(ctx context.Context, t *trial) error {
	c, err := t.connect()
	if err != nil {
		return err
	}
	made, err := t.running(ctx, c, "one")
	if err != nil {
		return err
	}
	if err := c.Delete(ctx, made.ID); err != nil {
		return describe("delete", err)
	}
	if err := t.untilGone(ctx, c); err != nil {
		return err
	}
	if err := wantKind("stop", c.Stop(ctx, made.ID), cloud.NotFound); err != nil {
		return err
	}
	if w, ok := c.(cloud.Warmer); ok {
		if err := wantKind("park", w.Park(ctx, made.ID), cloud.NotFound); err != nil {
			return err
		}
		return wantKind("wake", w.Wake(ctx, made.ID, t.spec("one")), cloud.NotFound)
	}
	return nil
}

func many(ctx context.Context, t *trial) error {
	c, err := t.connect()
	if err != nil {
		return err
	}
	const machines = 6
	var all sync.WaitGroup
	ids, errs := make([]string, machines), make([]error, 3*machines)
	for n := range machines {
		all.Go(func() {
			made, err := c.Create(ctx, t.spec(fmt.Sprintf("many-%d", n)))
			ids[n], errs[n] = made.ID, err
		})
		all.Go(func() { _, errs[machines+n] = listed(ctx, c, owner) })
	}
	all.Wait()
	for n := range machines {
		all.Go(func() { errs[2*machines+n] = c.Delete(ctx, ids[n]) })
		all.Go(func() {
			if _, err := listed(ctx, c, owner); err != nil {
				errs[machines+n] = err
			}
		})
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return describe("many creates, lists and deletes at once", err)
		}
	}
	return t.untilGone(ctx, c)
}

func outlive(ctx context.Context, t *trial) error {
	c, err := t.Connect()
	if err != nil {
		return describe("connect", err)
	}
	made, err := t.running(ctx, c, "one")
	if closed := c.Close(); closed != nil {
		return describe("close", closed)
	}
	if err != nil {
		return err
	}
	if c, err = t.connect(); err != nil {
		return err
	}
	if err := t.untilState(ctx, c, "one", cloud.Running); err != nil {
		return fmt.Errorf("after the first handle was closed: %w", err)
	}
	if err := c.Delete(ctx, made.ID); err != nil {
		return describe("delete by another handle", err)
	}
	return t.untilGone(ctx, c)
}

func parkAndWake(ctx context.Context, t *trial) error {
	c, err := t.connect()
	if err != nil {
		return err
	}
	w, ok := c.(cloud.Warmer)
	if !ok {
		return errNotOffered
	}
	made, err := t.running(ctx, c, "one")
	if err != nil {
		return err
	}
	for range 2 { // a machine may be parked more than once in its life
		for range 2 { // and be told twice, by a rubber that has crashed between
			if err := w.Park(ctx, made.ID); err != nil {
				return describe("park", err)
			}
		}
		if err := t.untilState(ctx, c, "one", cloud.Halted, cloud.Suspended); err != nil {
			return describe("after park", err)
		}
		if err := w.Park(ctx, made.ID); err != nil {
			return describe("park of one that is parked", err)
		}
		for range 2 {
			if err := w.Wake(ctx, made.ID, t.spec("one")); err != nil {
				return describe("wake", err)
			}
		}
		if err := t.untilState(ctx, c, "one", cloud.Running); err != nil {
			return describe("after wake", err)
		}
		if err := w.Wake(ctx, made.ID, t.spec("one")); err != nil {
			return describe("wake of one that runs", err)
		}
	}
	list, err := listed(ctx, c, owner)
	if err != nil {
		return err
	}
	if err := exactly(list, "one"); err != nil {
		return err
	}
	s, got := t.spec("one"), list["one"]
	if got.ID != made.ID || got.Profile != s.Profile || got.Generation != s.Generation {
		return fmt.Errorf("the woken machine is %+v; it was %+v", got, made)
	}
	if err := w.Park(ctx, made.ID); err != nil {
		return describe("park", err)
	}
	if err := t.untilState(ctx, c, "one", cloud.Halted, cloud.Suspended); err != nil {
		return describe("after park", err)
	}
	if err := c.Delete(ctx, made.ID); err != nil {
		return describe("delete of one that is parked", err)
	}
	return t.untilGone(ctx, c)
}
