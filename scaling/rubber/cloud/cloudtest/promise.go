package cloudtest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"perfmon/scaling/rubber/cloud"
)

// promises are all that is asked of a driver.
var promises = []promise{
	{"a machine is listed with what it was marked with, and runs", nil, marked},
	{"create is idempotent by intent", nil, idempotent},
	{"create is idempotent by intent at once", nil, idempotentAtOnce},
	{"create goes on after its context ended", nil, cancelledCreate},
	{"create goes on after a lost answer", func(_ *Suite, s *Setup) string { return unless(s.LoseAnswer != nil, "lost answers") }, lostAnswer},
	{"names need not be unique", func(s *Suite, _ *Setup) string { return unless(!s.Cannot.SameName, "two machines of one name") }, sameName},
	{"list is of its owner alone", nil, owners},
	{"list ends with its context", nil, cancelledList},
	{"delete of what is gone is no error", nil, deleteGone},
	{"delete while it is made", nil, deleteYoung},
	{"stop halts or ends", func(s *Suite, _ *Setup) string { return unless(!s.Cannot.Stop, "clean shutdown") }, stop},
	{"of a machine that is gone", nil, notFound},
	{"specs that fit no cloud", nil, badSpecs},
	{"refusals are classed and leave nothing behind", func(_ *Suite, s *Setup) string { return unless(len(s.Refusals) > 0, "refusals") }, refusals},
	{"hosts are avoided and preferred", func(_ *Suite, s *Setup) string { return unless(len(s.Hosts) > 1, "hosts") }, placement},
	{"hosts are said", nil, saidHosts},
	{"many at once", nil, many},
	{"machines outlive the handle", nil, outlive},
	{"a cloud that is away", func(_ *Suite, s *Setup) string { return unless(s.Break != nil, "way to be away") }, away},
	{"park and wake", nil, parkAndWake},
	{"check", nil, check},
	{"machines of nobody are adopted", func(_ *Suite, s *Setup) string { return unless(s.Unowned != nil, "machines to adopt") }, adopted},
	{"adoption takes nothing from anybody", func(_ *Suite, s *Setup) string { return unless(s.Unowned != nil, "machines to adopt") }, adoptedOnce},
}

func unless(can bool, without string) string {
	if can {
		return ""
	}
	return without
}

func marked(ctx context.Context, t *trial) error {
	c, err := t.connect()
	if err != nil {
		return err
	}
	list, err := listed(ctx, c, owner)
	if err == nil {
		err = exactly(list)
	}
	if err != nil {
		return fmt.Errorf("before anything was made: %w", err)
	}
	s := t.spec("one")
	before := time.Now()
	made, err := t.running(ctx, c, "one")
	if err != nil {
		return err
	}
	if list, err = listed(ctx, c, owner); err != nil {
		return err
	}
	if err := exactly(list, "one"); err != nil {
		return err
	}
	got := list["one"]
	if got.ID != made.ID || made.ID == "" {
		return fmt.Errorf("create says ID %q, list %q", made.ID, got.ID)
	}
	for _, i := range []cloud.Instance{made, got} {
		if i.Intent != s.Intent || i.Owner != s.Owner || i.Profile != s.Profile || i.Generation != s.Generation || i.Name != s.Name {
			return fmt.Errorf("the machine is %+v; it was to be marked as %+v", i, s)
		}
	}
	if got.Fault != nil {
		return fmt.Errorf("it runs, with the fault %w", got.Fault)
	}
	if got.Created.IsZero() || got.Created.Before(before.Add(-time.Hour)) {
		return fmt.Errorf("it was made at %v, says the list; it was about %v", got.Created, before)
	}
	return nil
}

// again has a handle create an intent that may be there, and is an error
// unless there is exactly one then, and this is it.
func (t *trial) again(ctx context.Context, c cloud.Cloud, intent string) (cloud.Instance, error) {
	made, err := c.Create(ctx, t.spec(intent))
	if err != nil {
		return made, describe("create again", err)
	}
	list, err := listed(ctx, c, owner)
	if err != nil {
		return made, err
	}
	if err := exactly(list, intent); err != nil {
		return made, err
	}
	if list[intent].ID != made.ID {
		return made, fmt.Errorf("create says ID %q, list %q", made.ID, list[intent].ID)
	}
	return made, nil
}

func idempotent(ctx context.Context, t *trial) error {
	a, err := t.connect()
	if err != nil {
		return err
	}
	b, err := t.connect()
	if err != nil {
		return err
	}
	first, err := a.Create(ctx, t.spec("one"))
	if err != nil {
		return describe("create", err)
	}
	for i, c := range []cloud.Cloud{a, b, a} { // b: rubber after a crash
		if i == 2 { // also of one that has come to run
			if err := t.untilState(ctx, c, "one", cloud.Running); err != nil {
				return err
			}
		}
		second, err := t.again(ctx, c, "one")
		if err != nil {
			return err
		}
		if second.ID != first.ID {
			return fmt.Errorf("create again makes %q beside %q", second.ID, first.ID)
		}
	}
	return nil
}

func idempotentAtOnce(ctx context.Context, t *trial) error {
	c, err := t.connect()
	if err != nil {
		return err
	}
	const calls = 8
	var all sync.WaitGroup
	ids, errs := make([]string, calls), make([]error, calls)
	for n := range calls {
		all.Go(func() {
			made, err := c.Create(ctx, t.spec("one"))
			ids[n], errs[n] = made.ID, err
		})
	}
	all.Wait()
	made, err := t.again(ctx, c, "one")
	if err != nil {
		return err
	}
	for n := range calls {
		if errs[n] != nil {
			if err := wantKind("create beside others of its intent", errs[n], cloud.Transient); err != nil {
				return err
			}
		} else if ids[n] != made.ID {
			return fmt.Errorf("create beside others of its intent says %q; the machine is %q", ids[n], made.ID)
		}
	}
	return nil
}

func cancelledCreate(ctx context.Context, t *trial) error {
	c, err := t.connect()
	if err != nil {
		return err
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := c.Create(ended, t.spec("one")); err != nil {
		if err := wantKind("create with a context that has ended", err, cloud.Transient); err != nil {
			return err
		}
		if !errors.Is(err, context.Canceled) {
			return fmt.Errorf("create with a context that has ended does not say so: %w", err)
		}
	}
	if _, err := t.again(ctx, c, "one"); err != nil {
		return err
	}
	// Somewhere in the middle, wherever that is.
	for n, after := range []time.Duration{0, 100 * time.Microsecond, time.Millisecond, 5 * time.Millisecond, 20 * time.Millisecond} {
		intent := fmt.Sprintf("cancelled-%d", n)
		short, cancel := context.WithTimeout(ctx, after)
		made, err := c.Create(short, t.spec(intent))
		cancel()
		if err != nil {
			if err := wantKind("create whose context ends", err, cloud.Transient); err != nil {
				return err
			}
		}
		second, err := c.Create(ctx, t.spec(intent))
		if err != nil {
			return describe("create after one whose context ended", err)
		}
		if made.ID != "" && made.ID != second.ID {
			return fmt.Errorf("create after one whose context ended makes %q beside %q", second.ID, made.ID)
		}
		list, err := listed(ctx, c, owner)
		if err != nil {
			return err
		}
		if len(list) != n+2 {
			return fmt.Errorf("list: %d machines of %d intents", len(list), n+2)
		}
	}
	return nil
}

func lostAnswer(ctx context.Context, t *trial) error {
	c, err := t.connect()
	if err != nil {
		return err
	}
	t.LoseAnswer()
	// The driver may have asked again by itself.
	if _, err := c.Create(ctx, t.spec("one")); err != nil {
		if err := wantKind("create whose answer is lost", err, cloud.Transient); err != nil {
			return err
		}
	}
	_, err = t.again(ctx, c, "one")
	return err
}

func sameName(ctx context.Context, t *trial) error {
	c, err := t.connect()
	if err != nil {
		return err
	}
	a, err := c.Create(ctx, t.Spec("one", owner, "worker-twin"))
	if err != nil {
		return describe("create", err)
	}
	b, err := c.Create(ctx, t.Spec("two", owner, "worker-twin"))
	if err != nil {
		return describe("create another of the same name", err)
	}
	if a.ID == b.ID {
		return fmt.Errorf("two intents got one machine, %q, as their names are the same", a.ID)
	}
	list, err := listed(ctx, c, owner)
	if err != nil {
		return err
	}
	if err := exactly(list, "one", "two"); err != nil {
		return err
	}
	if err := c.Delete(ctx, a.ID); err != nil {
		return describe("delete one of two of a name", err)
	}
	return t.until(ctx, c, func(list map[string]cloud.Instance) string {
		if i, there := list["two"]; !there || i.ID != b.ID {
			return "the twin of the deleted machine is gone as well"
		}
		return unless(len(list) == 1, "the deleted one is still there")
	})
}

func owners(ctx context.Context, t *trial) error {
	c, err := t.connect()
	if err != nil {
		return err
	}
	const another = "rubber-another"
	mine, err := c.Create(ctx, t.spec("one"))
	if err != nil {
		return describe("create", err)
	}
	theirs, err := c.Create(ctx, t.Spec("one", another, "worker-another"))
	if err != nil {
		return describe("create of another owner", err)
	}
	if mine.ID == theirs.ID {
		return fmt.Errorf("machine %q is of two owners", mine.ID)
	}
	for o, id := range map[string]string{owner: mine.ID, another: theirs.ID, "rubber": "", "rubber-test-2": ""} {
		list, err := listed(ctx, c, o)
		if err != nil {
			return err
		}
		if id == "" && len(list) > 0 || id != "" && (len(list) != 1 || list["one"].ID != id) {
			return fmt.Errorf("the list of %q is %v", o, list)
		}
	}
	if err := c.Delete(ctx, mine.ID); err != nil {
		return describe("delete", err)
	}
	if err := t.untilGone(ctx, c); err != nil {
		return err
	}
	list, err := listed(ctx, c, another)
	if err != nil {
		return err
	}
	if err := exactly(list, "one"); err != nil {
		return fmt.Errorf("after one owner's was deleted, of the other: %w", err)
	}
	return describe("delete", c.Delete(ctx, theirs.ID))
}

func cancelledList(ctx context.Context, t *trial) error {
	c, err := t.connect()
	if err != nil {
		return err
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	_, err = c.List(ended, owner)
	if wrong := wantKind("list with a context that has ended", err, cloud.Transient); wrong != nil {
		return wrong
	}
	if !errors.Is(err, context.Canceled) {
		return fmt.Errorf("list with a context that has ended does not say so: %w", err)
	}
	return nil
}
