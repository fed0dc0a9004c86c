package cloudtest

import (
	"context"
	"fmt"
	"slices"

	"perfmon/scaling/rubber/cloud"
)

func badSpecs(ctx context.Context, t *trial) error {
	c, err := t.connect()
	if err != nil {
		return err
	}
	for what, change := range map[string]func(*cloud.Spec){
		"without an intent":             func(s *cloud.Spec) { s.Intent = "" },
		"with a path as its intent":     func(s *cloud.Spec) { s.Intent = "../one" },
		"without an owner":              func(s *cloud.Spec) { s.Owner = "" },
		"with an owner in upper case":   func(s *cloud.Spec) { s.Owner = "Rubber" },
		"without a name":                func(s *cloud.Spec) { s.Name = "" },
		"with a name of several lines":  func(s *cloud.Spec) { s.Name = "a\nb" },
		"with an intent far too long":   func(s *cloud.Spec) { s.Intent = fmt.Sprintf("%050d", 1) },
		"with an intent of other signs": func(s *cloud.Spec) { s.Intent = "a b" },
	} {
		s := t.spec("one")
		change(&s)
		_, err := c.Create(ctx, s)
		if err := wantKind("create "+what, err, cloud.Invalid); err != nil {
			return err
		}
	}
	list, err := listed(ctx, c, owner)
	if err != nil {
		return err
	}
	return describe("after creates that were wrong", exactly(list))
}

func refusals(ctx context.Context, t *trial) error {
	c, err := t.connect()
	if err != nil {
		return err
	}
	for _, r := range t.Refusals {
		if err := t.refusal(ctx, c, r); err != nil {
			return fmt.Errorf("%s: %w", r.Name, err)
		}
	}
	return nil
}

// refusal is one of them: an error of its kind, or a machine that goes to
// Failed with a fault of its kind, as some clouds do; and what the cloud can do
// after that.
func (t *trial) refusal(ctx context.Context, c cloud.Cloud, r Refusal) error {
	s := t.spec("refused")
	if r.Change != nil {
		r.Change(&s)
	}
	undo := func() {}
	if r.Arrange != nil {
		if f := r.Arrange(); f != nil {
			undo = f
		}
	}
	defer func() { undo() }()
	if checker, ok := c.(cloud.Checker); ok && r.Checked {
		if err := wantKind("check", checker.Check(ctx, s), r.Kind); err != nil {
			return err
		}
	}
	made, err := c.Create(ctx, s)
	if err != nil {
		if err := wantKind("create", err, r.Kind); err != nil {
			return err
		}
	} else {
		if err := t.failed(ctx, c, r.Kind); err != nil {
			return err
		}
		if err := c.Delete(ctx, made.ID); err != nil {
			return describe("delete of one that failed", err)
		}
	}
	undo()
	undo = func() {}
	if err := t.untilGone(ctx, c); err != nil {
		return fmt.Errorf("something is left of a refused create: %w", err)
	}
	if made, err = c.Create(ctx, t.spec("refused")); err != nil {
		return describe("create when nothing is wrong any more", err)
	}
	if err := c.Delete(ctx, made.ID); err != nil {
		return describe("delete", err)
	}
	return t.untilGone(ctx, c)
}

// failed waits until a machine is Failed, with a fault of a kind.
func (t *trial) failed(ctx context.Context, c cloud.Cloud, kind cloud.Kind) error {
	if err := t.untilState(ctx, c, "refused", cloud.Failed); err != nil {
		return fmt.Errorf("there is no error: %w", err)
	}
	list, err := listed(ctx, c, owner)
	if err != nil {
		return err
	}
	return wantKind("the fault", list["refused"].Fault, kind)
}

func placement(ctx context.Context, t *trial) error {
	c, err := t.connect()
	if err != nil {
		return err
	}
	for n, host := range t.Hosts {
		others := slices.Delete(slices.Clone(t.Hosts), n, n+1)
		for how, change := range map[string]func(*cloud.Spec){
			"prefer": func(s *cloud.Spec) { s.Prefer = []string{"no-such-host", host} },
			"avoid":  func(s *cloud.Spec) { s.Avoid = append([]string{"no-such-host"}, others...) },
		} {
			intent := fmt.Sprintf("%s-%d", how, n)
			s := t.spec(intent)
			change(&s)
			made, err := c.Create(ctx, s)
			if err != nil {
				return describe("create with "+how, err)
			}
			if err := t.untilState(ctx, c, intent, cloud.Running); err != nil {
				return err
			}
			list, err := listed(ctx, c, owner)
			if err != nil {
				return err
			}
			if got := list[intent].Host; got != host {
				return fmt.Errorf("with %s the machine is on %q, not on %q", how, got, host)
			}
			if err := c.Delete(ctx, made.ID); err != nil {
				return describe("delete", err)
			}
			if err := t.untilGone(ctx, c); err != nil {
				return err
			}
		}
	}
	s := t.spec("nowhere")
	s.Avoid, s.Prefer = t.Hosts, t.Hosts[:1]
	return t.refusal(ctx, c, Refusal{Kind: cloud.Capacity, Change: func(r *cloud.Spec) { r.Avoid, r.Prefer = s.Avoid, s.Prefer }})
}

func away(ctx context.Context, t *trial) error {
	c, err := t.connect()
	if err != nil {
		return err
	}
	made, err := t.running(ctx, c, "one")
	if err != nil {
		return err
	}
	mend := t.Break()
	defer func() { mend() }()
	if _, err := c.List(ctx, owner); err == nil {
		return fmt.Errorf("list of a cloud that is away: no error")
	} else if err := wantKind("list", err, cloud.Transient); err != nil {
		return err
	}
	_, err = c.Create(ctx, t.spec("two"))
	if err := wantKind("create", err, cloud.Transient); err != nil {
		return err
	}
	if err := wantKind("stop", c.Stop(ctx, made.ID), cloud.Transient); err != nil {
		return err
	}
	if err := wantKind("delete", c.Delete(ctx, made.ID), cloud.Transient); err != nil {
		return err
	}
	mend()
	mend = func() {}
	if err := t.untilState(ctx, c, "one", cloud.Running); err != nil {
		return fmt.Errorf("when the cloud is back: %w", err)
	}
	if _, err := c.Create(ctx, t.spec("two")); err != nil {
		return describe("create when the cloud is back", err)
	}
	return t.untilState(ctx, c, "two", cloud.Running)
}

func check(ctx context.Context, t *trial) error {
	c, err := t.connect()
	if err != nil {
		return err
	}
	checker, ok := c.(cloud.Checker)
	if !ok {
		return errNotOffered
	}
	if err := checker.Check(ctx, t.spec("one")); err != nil {
		return describe("check of a spec that is good", err)
	}
	list, err := listed(ctx, c, owner)
	if err != nil {
		return err
	}
	return describe("after check", exactly(list))
}
