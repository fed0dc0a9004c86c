package cloudtest

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"perfmon/scaling/rubber/cloud"
)

// Find is every machine of a name that has no owner.
func (h *Handle) Find(ctx context.Context, name string) ([]cloud.Instance, error) {
	list := []cloud.Instance{}
	err := h.call(ctx, "find", name, cloud.Spec{}, func(w *World) error {
		for _, m := range w.alive() {
			if m.Owner == "" && m.Name == name && m.State != cloud.Deleting {
				list = append(list, m.copied())
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

// Mark gives a machine without an owner what the spec says.
func (h *Handle) Mark(ctx context.Context, id string, s cloud.Spec) error {
	if err := s.Check(); err != nil {
		return err
	}
	return h.one(ctx, "mark", id, s, func(_ *World, m *machine) error {
		if m.Owner != "" && (m.Owner != s.Owner || m.Intent != s.Intent) {
			return &cloud.Error{Kind: cloud.Invalid, Op: "mark", Name: id, Err: fmt.Errorf("the machine is that of rubber %q, intent %q", m.Owner, m.Intent)}
		}
		m.Owner, m.Intent, m.Profile, m.Generation = s.Owner, s.Intent, s.Profile, s.Generation
		return nil
	})
}

// ancestral is what the machines to adopt are called.
const ancestral = "old-worker"

// adopter is a new handle, if the driver's is one.
func (t *trial) adopter() (cloud.Cloud, cloud.Adopter, error) {
	c, err := t.connect()
	if err != nil {
		return nil, nil, err
	}
	a, ok := c.(cloud.Adopter)
	if !ok {
		return nil, nil, errNotOffered
	}
	return c, a, nil
}

// found is an error unless the machines of the name are those of these IDs.
func found(ctx context.Context, a cloud.Adopter, ids ...string) error {
	list, err := a.Find(ctx, ancestral)
	if err != nil {
		return describe("find", err)
	}
	wanted := map[string]bool{}
	for _, id := range ids {
		wanted[id] = true
	}
	for _, i := range list {
		if !wanted[i.ID] || i.Owner != "" || i.Name != ancestral {
			return fmt.Errorf("find: %+v is not one of those looked for, %q", i, ids)
		}
		delete(wanted, i.ID)
	}
	if len(wanted) > 0 {
		return fmt.Errorf("find: %d machines, not those of %q", len(list), ids)
	}
	return nil
}

// isOurs is an error unless the machine of an ID is the only one of ours, with
// what the spec says, and its own name.
func (t *trial) isOurs(ctx context.Context, c cloud.Cloud, id string) error {
	list, err := listed(ctx, c, owner)
	if err == nil {
		err = exactly(list, "one")
	}
	if err != nil {
		return err
	}
	got, s := list["one"], t.spec("one")
	if got.ID != id || got.Name != ancestral || got.Profile != s.Profile || got.Generation != s.Generation || got.State != cloud.Running {
		return fmt.Errorf("the machine %s that was adopted as %+v is listed as %+v", id, s, got)
	}
	return nil
}

func adopted(ctx context.Context, t *trial) error {
	c, a, err := t.adopter()
	if err != nil {
		return err
	}
	if err := found(ctx, a); err != nil {
		return describe("before there is one", err)
	}
	id, err := t.Unowned(ancestral)
	if err != nil {
		return describe("make a machine to adopt", err)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	_, err = a.Find(ended, ancestral)
	if err := wantKind("find whose context has ended", err, cloud.Transient); err != nil {
		return err
	}
	if err := wantKind("mark whose context has ended", a.Mark(ended, id, t.spec("one")), cloud.Transient); err != nil {
		return err
	}
	if err := found(ctx, a, id); err != nil {
		return err
	}
	list, err := listed(ctx, c, owner)
	if err == nil {
		err = exactly(list)
	}
	if err != nil {
		return describe("found and not marked", err)
	}
	// At once, and then again by who knows nothing of it.
	const calls = 3
	var all sync.WaitGroup
	errs := make([]error, calls)
	for n := range calls {
		all.Go(func() { errs[n] = a.Mark(ctx, id, t.spec("one")) })
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		return describe("mark, several at once", err)
	}
	c, a, err = t.adopter()
	if err != nil {
		return err
	}
	if err := a.Mark(ctx, id, t.spec("one")); err != nil {
		return describe("mark after a restart", err)
	}
	if err := found(ctx, a); err != nil {
		return describe("when it is ours", err)
	}
	if err := t.isOurs(ctx, c, id); err != nil {
		return err
	}
	made, err := t.again(ctx, c, "one")
	if err != nil {
		return err
	}
	if made.ID != id {
		return fmt.Errorf("create of its intent makes machine %q, though it is that of %q", made.ID, id)
	}
	if err := c.Delete(ctx, id); err != nil {
		return describe("delete", err)
	}
	if err := t.untilGone(ctx, c); err != nil {
		return err
	}
	return wantKind("mark of what is gone", a.Mark(ctx, id, t.spec("one")), cloud.NotFound)
}

func adoptedOnce(ctx context.Context, t *trial) error {
	c, a, err := t.adopter()
	if err != nil {
		return err
	}
	id, err := t.Unowned(ancestral)
	if err != nil {
		return describe("make a machine to adopt", err)
	}
	if !t.Cannot.SameName {
		other, err := t.Unowned(ancestral)
		if err != nil {
			return describe("make another machine to adopt", err)
		}
		if err := found(ctx, a, id, other); err != nil {
			return describe("two of one name", err)
		}
		if err := a.Mark(ctx, id, t.spec("one")); err != nil {
			return describe("mark", err)
		}
		if err := found(ctx, a, other); err != nil {
			return describe("one of two", err)
		}
	} else if err := a.Mark(ctx, id, t.spec("one")); err != nil {
		return describe("mark", err)
	}
	for what, s := range map[string]cloud.Spec{
		"of another owner":   t.Spec("one", "rubber-else", "worker-one"),
		"of another intent":  t.spec("two"),
		"without an owner":   t.Spec("one", "", "worker-one"),
		"with a bad intent":  t.spec("../one"),
		"of nobody's intent": t.spec(""),
	} {
		if err := wantKind("mark with a spec "+what, a.Mark(ctx, id, s), cloud.Invalid); err != nil {
			return err
		}
	}
	for _, id := range []string{"", "..", "/", "no-such-machine"} {
		if _, err := classed(fmt.Sprintf("mark of %q", id), a.Mark(ctx, id, t.spec("three"))); err != nil {
			return err
		}
	}
	return t.isOurs(ctx, c, id)
}
