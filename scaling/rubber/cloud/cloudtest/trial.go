package cloudtest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"perfmon/scaling/rubber/cloud"
)

// promise is one behaviour of a driver.
type promise struct {
	name  string
	needs func(*Suite, *Setup) (without string) // nil: nothing; "" if it can be tested
	keep  func(context.Context, *trial) error
}

// trial is one promise being tested. Its handles are closed at its end.
type trial struct {
	*Suite
	*Setup
	handles []cloud.Cloud
}

// keep tests a promise: nil if it is kept.
func keep(ctx context.Context, p promise, s *Suite, setup *Setup) (err error) {
	t := &trial{Suite: s, Setup: setup}
	defer func() {
		for _, h := range t.handles {
			err = errors.Join(err, describe("close", h.Close()))
		}
	}()
	if err := p.keep(ctx, t); err != nil {
		return err
	}
	if t.Untouched != nil {
		return describe("machines of nobody here", t.Untouched())
	}
	return nil
}

// errNotOffered is what a promise has when the driver does not make it.
var errNotOffered = errors.New("the driver does not offer it")

// owner of most machines.
const owner = "rubber-test"

// connect is a new handle.
func (t *trial) connect() (cloud.Cloud, error) {
	c, err := t.Connect()
	if err != nil {
		return nil, describe("connect", err)
	}
	t.handles = append(t.handles, c)
	return c, nil
}

// spec is of a machine of ours with a name of its own.
func (t *trial) spec(intent string) cloud.Spec { return t.Spec(intent, owner, "worker-"+intent) }

// describe says what was done when an error came; nil stays nil.
func describe(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}

// classed is the kind of an error that a driver has made, which every one has.
func classed(op string, err error) (cloud.Kind, error) {
	var e *cloud.Error
	switch {
	case err == nil:
		return 0, fmt.Errorf("%s: no error, but there has to be one", op)
	case !errors.As(err, &e):
		return 0, fmt.Errorf("%s: the error is not a *cloud.Error but a %T: %w", op, err, err)
	case e.Op == "":
		return 0, fmt.Errorf("%s: the error does not say what was tried: %w", op, err)
	}
	return e.Kind, nil
}

// wantKind is an error unless err is of the kind.
func wantKind(op string, err error, want cloud.Kind) error {
	kind, wrong := classed(op, err)
	if wrong != nil {
		return wrong
	}
	if kind != want {
		return fmt.Errorf("%s: the error is of kind %s, not %s: %w", op, kind, want, err)
	}
	return nil
}

// listed is what there is of an owner, by intent: two of one intent are an
// error, and so is what the machines were not marked with.
func listed(ctx context.Context, c cloud.Cloud, owner string) (map[string]cloud.Instance, error) {
	list, err := c.List(ctx, owner)
	if err != nil {
		return nil, describe("list", err)
	}
	byIntent, ids := map[string]cloud.Instance{}, map[string]bool{}
	for _, i := range list {
		switch {
		case i.ID == "" || ids[i.ID]:
			return nil, fmt.Errorf("list: the ID %q of %q is missing, or not the only one", i.ID, i.Name)
		case i.Owner != owner:
			return nil, fmt.Errorf("list: machine %q of owner %q is in the list of %q", i.ID, i.Owner, owner)
		}
		if other, ok := byIntent[i.Intent]; ok {
			return nil, fmt.Errorf("list: machines %q and %q are of one intent, %q", other.ID, i.ID, i.Intent)
		}
		byIntent[i.Intent], ids[i.ID] = i, true
	}
	return byIntent, nil
}

// until looks at the list of our machines until it is as it has to be; ok says
// what is missing, "" if nothing is.
func (t *trial) until(ctx context.Context, c cloud.Cloud, ok func(map[string]cloud.Instance) string) error {
	missing := ""
	for deadline := time.Now().Add(t.Within); ; {
		list, err := listed(ctx, c, owner)
		if err != nil {
			return err
		}
		if missing = ok(list); missing == "" {
			return nil
		}
		if !time.Now().Before(deadline) {
			return fmt.Errorf("after %v: %s", t.Within, missing)
		}
		if t.Poll != nil {
			t.Poll()
			continue
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// untilState waits until a machine is of one of these states.
func (t *trial) untilState(ctx context.Context, c cloud.Cloud, intent string, states ...cloud.State) error {
	return t.until(ctx, c, func(list map[string]cloud.Instance) string {
		i, there := list[intent]
		if !there {
			return fmt.Sprintf("the machine of %q is not listed", intent)
		}
		for _, s := range states {
			if i.State == s {
				return ""
			}
		}
		return fmt.Sprintf("the machine of %q is %s (fault: %v), not %v", intent, i.State, i.Fault, states)
	})
}

// untilGone waits until none of ours is there.
func (t *trial) untilGone(ctx context.Context, c cloud.Cloud) error {
	return t.until(ctx, c, func(list map[string]cloud.Instance) string {
		for _, i := range list {
			return fmt.Sprintf("%q (%s) is still listed", i.Intent, i.State)
		}
		return ""
	})
}

// running makes a machine and waits until it runs.
func (t *trial) running(ctx context.Context, c cloud.Cloud, intent string) (cloud.Instance, error) {
	made, err := c.Create(ctx, t.spec(intent))
	if err != nil {
		return made, describe("create", err)
	}
	return made, t.untilState(ctx, c, intent, cloud.Running)
}

// exactly is an error unless the intents are what there is.
func exactly(list map[string]cloud.Instance, intents ...string) error {
	for _, intent := range intents {
		if _, there := list[intent]; !there {
			return fmt.Errorf("list: the machine of %q is missing", intent)
		}
	}
	if len(list) != len(intents) {
		return fmt.Errorf("list: %d machines, not %d: %v", len(list), len(intents), list)
	}
	return nil
}
