package cloudtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"perfmon/scaling/rubber/cloud"
)

// setup is a world as a driver's test would make it. wrap is the driver around
// the handle.
func setup(w *World, wrap func(*Handle) cloud.Cloud) Setup {
	foreign := []cloud.Instance{
		{ID: "theirs", Owner: "somebody", Intent: "one", Name: "worker-one", State: cloud.Running},
		{ID: "nobodys", Name: "worker-one", State: cloud.Running},
	}
	for _, i := range foreign {
		w.Add(i)
	}
	order := func(f Fault) func() func() {
		return func() func() {
			w.Order(f)
			return w.Clear
		}
	}
	fate := func(f error) func() func() {
		return func() func() {
			w.Doom(f)
			return nil
		}
	}
	return Setup{
		Connect: func() (cloud.Cloud, error) { return wrap(w.Connect()), nil },
		Spec: func(intent, owner, name string) cloud.Spec {
			return cloud.Spec{Intent: intent, Owner: owner, Name: name, Profile: "p", Generation: "g1"}
		},
		Untouched: func() error {
			for _, i := range foreign {
				if got, ok := w.Machine(i.ID); !ok || got.State != i.State {
					return fmt.Errorf("%q has become %+v", i.ID, got)
				}
			}
			return nil
		},
		Hosts: []string{"host-a", "host-b", "host-c"},
		Refusals: []Refusal{
			{Name: "quota", Kind: cloud.Quota, Arrange: order(NoQuota())},
			{Name: "capacity", Kind: cloud.Capacity, Arrange: order(NoRoom())},
			{Name: "no image", Kind: cloud.Invalid, Arrange: order(Wrong())},
			{Name: "password", Kind: cloud.Auth, Arrange: order(NotAllowed("create"))},
			{Name: "goes to failed", Kind: cloud.Capacity, Arrange: fate(Refused("create", cloud.Capacity, "no valid host"))},
		},
		Unowned: func(name string) (string, error) {
			return w.Add(cloud.Instance{Name: name, State: cloud.Running}), nil
		},
		Break: func() func() {
			w.Order(Away("").Forever())
			return w.Clear
		},
		Poll:       func() { time.Sleep(time.Millisecond) },
		LoseAnswer: func() { w.Order(LostAnswer("create")) },
	}
}

func options() Options {
	return Options{
		Hosts:    []Host{{ID: "host-a", Names: []string{"a.example"}}, {ID: "host-b"}, {ID: "host-c", Room: 3}},
		BootTime: time.Millisecond, StopTime: time.Millisecond, DeleteTime: time.Millisecond,
	}
}

func TestWorldKeepsAllPromises(t *testing.T) {
	Run(t, Suite{Start: func(*testing.T) Setup {
		return setup(NewWorld(options()), func(h *Handle) cloud.Cloud { return h })
	}})
}

func TestPlainWorldKeepsAllPromises(t *testing.T) {
	Run(t, Suite{Start: func(*testing.T) Setup {
		return setup(NewWorld(options()), func(h *Handle) cloud.Cloud { return struct{ cloud.Cloud }{h} })
	}})
}

// wrong is a driver with something wrong about it: what is not nil stands for
// what the handle would do.
type wrong struct {
	*Handle
	create func(context.Context, cloud.Spec) (cloud.Instance, error)
	list   func(context.Context, string) ([]cloud.Instance, error)
	stop   func(context.Context, string) error
	del    func(context.Context, string) error
	wake   func(context.Context, string, cloud.Spec) error
	check  func(context.Context, cloud.Spec) error
	find   func(context.Context, string) ([]cloud.Instance, error)
	mark   func(context.Context, string, cloud.Spec) error
	close  func() error
}

func (w *wrong) Close() error {
	if w.close != nil {
		return w.close()
	}
	return w.Handle.Close()
}

func (w *wrong) Create(ctx context.Context, s cloud.Spec) (cloud.Instance, error) {
	if w.create != nil {
		return w.create(ctx, s)
	}
	return w.Handle.Create(ctx, s)
}

func (w *wrong) List(ctx context.Context, owner string) ([]cloud.Instance, error) {
	if w.list != nil {
		return w.list(ctx, owner)
	}
	return w.Handle.List(ctx, owner)
}

func (w *wrong) Stop(ctx context.Context, id string) error {
	if w.stop != nil {
		return w.stop(ctx, id)
	}
	return w.Handle.Stop(ctx, id)
}

func (w *wrong) Delete(ctx context.Context, id string) error {
	if w.del != nil {
		return w.del(ctx, id)
	}
	return w.Handle.Delete(ctx, id)
}

func (w *wrong) Wake(ctx context.Context, id string, s cloud.Spec) error {
	if w.wake != nil {
		return w.wake(ctx, id, s)
	}
	return w.Handle.Wake(ctx, id, s)
}

func (w *wrong) Check(ctx context.Context, s cloud.Spec) error {
	if w.check != nil {
		return w.check(ctx, s)
	}
	return w.Handle.Check(ctx, s)
}

func (w *wrong) Find(ctx context.Context, name string) ([]cloud.Instance, error) {
	if w.find != nil {
		return w.find(ctx, name)
	}
	return w.Handle.Find(ctx, name)
}

func (w *wrong) Mark(ctx context.Context, id string, s cloud.Spec) error {
	if w.mark != nil {
		return w.mark(ctx, id, s)
	}
	return w.Handle.Mark(ctx, id, s)
}

// Each driver that is wrong breaks the promises named, and no fault is such
// that the suite would let it pass.
func TestSuiteFindsWhatIsWrong(t *testing.T) {
	everBroken := map[string]bool{}
	f := func(what string, spoil func(*wrong), broken ...string) {
		t.Helper()
		var found []string
		for _, p := range promises {
			w := NewWorld(options())
			s := setup(w, func(h *Handle) cloud.Cloud {
				d := &wrong{Handle: h}
				spoil(d)
				return d
			})
			suite := Suite{Within: 50 * time.Millisecond}
			if p.needs != nil && p.needs(&suite, &s) != "" {
				continue
			}
			if err := keep(t.Context(), p, &suite, &s); err != nil {
				found = append(found, p.name)
				everBroken[p.name] = true
			}
		}
		for _, name := range broken {
			if !slices.Contains(found, name) {
				t.Errorf("%s: the promise %q is said to be kept; broken are %q", what, name, found)
			}
		}
		if len(broken) == 0 && len(found) > 0 {
			t.Errorf("%s: broken are %q", what, found)
		}
	}
	f("nothing", func(*wrong) {})
	f("looks for machines by name", func(d *wrong) {
		d.create = func(ctx context.Context, s cloud.Spec) (cloud.Instance, error) {
			list, err := d.Handle.List(ctx, s.Owner)
			for _, i := range list {
				if i.Name == s.Name {
					return i, nil
				}
			}
			if err != nil {
				return cloud.Instance{}, err
			}
			return d.Handle.Create(ctx, s)
		}
	}, "names need not be unique")
	var n atomic.Int64
	f("does not look for the intent", func(d *wrong) {
		d.create = func(ctx context.Context, s cloud.Spec) (cloud.Instance, error) {
			intent := s.Intent
			s.Intent = fmt.Sprintf("i-%d", n.Add(1))
			made, err := d.Handle.Create(ctx, s)
			if err == nil {
				d.world.change(made.ID, func(m *machine) { m.Intent = intent })
			}
			made.Intent = intent
			return made, err
		}
	}, "create is idempotent by intent", "create is idempotent by intent at once", "create goes on after a lost answer")
	f("lists everybody's", func(d *wrong) {
		d.list = func(context.Context, string) ([]cloud.Instance, error) { return d.world.Machines(), nil }
	}, "list is of its owner alone", "list ends with its context", "a cloud that is away")
	f("says that nothing is there when it does not know", func(d *wrong) {
		d.list = func(ctx context.Context, owner string) ([]cloud.Instance, error) {
			list, err := d.Handle.List(ctx, owner)
			if err != nil {
				return nil, nil
			}
			return list, nil
		}
	}, "list ends with its context", "a cloud that is away")
	f("has errors of no class", func(d *wrong) {
		d.create = func(ctx context.Context, s cloud.Spec) (cloud.Instance, error) {
			made, err := d.Handle.Create(ctx, s)
			if err != nil {
				err = errors.New(err.Error())
			}
			return made, err
		}
	}, "refusals are classed and leave nothing behind", "specs that fit no cloud", "hosts are avoided and preferred")
	f("deletes all of a name", func(d *wrong) {
		d.del = func(ctx context.Context, id string) error {
			i, _ := d.world.Machine(id)
			for _, m := range d.world.Machines() {
				if m.Name == i.Name {
					d.world.Remove(m.ID)
				}
			}
			return d.Handle.Delete(ctx, id)
		}
	}, "names need not be unique", "delete of what is gone is no error")
	f("cannot delete twice", func(d *wrong) {
		d.del = func(ctx context.Context, id string) error {
			if _, ok := d.world.Machine(id); !ok {
				return Refused("delete", cloud.NotFound, "gone")
			}
			return d.Handle.Delete(ctx, id)
		}
	}, "delete of what is gone is no error")
	f("does not delete", func(d *wrong) {
		d.del = func(context.Context, string) error { return nil }
	}, "delete while it is made", "many at once", "machines outlive the handle")
	f("does not stop", func(d *wrong) {
		d.stop = func(context.Context, string) error { return nil }
	}, "stop halts or ends", "of a machine that is gone")
	f("takes no notice of hosts", func(d *wrong) {
		d.create = func(ctx context.Context, s cloud.Spec) (cloud.Instance, error) {
			s.Avoid, s.Prefer = nil, nil
			return d.Handle.Create(ctx, s)
		}
	}, "hosts are avoided and preferred")
	f("kills all when it is closed", func(d *wrong) {
		d.close = func() error {
			for _, m := range d.world.Machines() {
				if m.Owner == owner {
					d.world.Remove(m.ID)
				}
			}
			return d.Handle.Close()
		}
	}, "machines outlive the handle")
	f("does not wake", func(d *wrong) {
		d.wake = func(context.Context, string, cloud.Spec) error { return nil }
	}, "park and wake", "of a machine that is gone")
	f("finds everything wrong", func(d *wrong) {
		d.check = func(context.Context, cloud.Spec) error { return Refused("check", cloud.Invalid, "no") }
	}, "check")
	f("makes one to find out", func(d *wrong) {
		d.check = func(ctx context.Context, s cloud.Spec) error {
			_, err := d.Handle.Create(ctx, s)
			return err
		}
	}, "check")
	f("loses the marks", func(d *wrong) {
		d.create = func(ctx context.Context, s cloud.Spec) (cloud.Instance, error) {
			s.Generation = ""
			return d.Handle.Create(ctx, s)
		}
	}, "a machine is listed with what it was marked with, and runs")
	f("finds one of those that have the name", func(d *wrong) {
		d.find = func(ctx context.Context, name string) ([]cloud.Instance, error) {
			list, err := d.Handle.Find(ctx, name)
			return list[:min(len(list), 1)], err
		}
	}, "adoption takes nothing from anybody")
	f("finds what has an owner", func(d *wrong) {
		d.find = func(_ context.Context, name string) (list []cloud.Instance, err error) {
			for _, i := range d.world.Machines() {
				if i.Name == name {
					list = append(list, i)
				}
			}
			return list, nil
		}
	}, "machines of nobody are adopted", "adoption takes nothing from anybody")
	f("marks what has an owner", func(d *wrong) {
		d.mark = func(ctx context.Context, id string, s cloud.Spec) error {
			if err := s.Check(); err != nil {
				return err
			}
			d.world.change(id, func(m *machine) {
				m.Owner, m.Intent, m.Profile, m.Generation = s.Owner, s.Intent, s.Profile, s.Generation
			})
			return nil
		}
	}, "adoption takes nothing from anybody")
	f("gives what it marks another name", func(d *wrong) {
		d.mark = func(ctx context.Context, id string, s cloud.Spec) error {
			d.world.change(id, func(m *machine) { m.Name = s.Name })
			return d.Handle.Mark(ctx, id, s)
		}
	}, "machines of nobody are adopted")
	f("does not mark", func(d *wrong) {
		d.mark = func(context.Context, string, cloud.Spec) error { return nil }
	}, "machines of nobody are adopted", "adoption takes nothing from anybody")
	f("touches what is not ours", func(d *wrong) {
		d.stop = func(ctx context.Context, id string) error {
			d.world.Set("nobodys", cloud.Halted)
			return d.Handle.Stop(ctx, id)
		}
	}, "stop halts or ends")
	for _, p := range promises {
		if !everBroken[p.name] {
			t.Errorf("no wrong driver has broken the promise %q", p.name)
		}
	}
}
