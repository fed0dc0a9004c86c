package rubber

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"perfmon/scaling/rubber/cloud"
	"perfmon/scaling/rubber/cloud/cloudtest"
	"perfmon/scaling/rubber/plan"
)

// ancestors puts machines there that the ancestor has made, and has these names
// be adopted.
func ancestors(r *rig, names ...string) {
	for _, name := range names {
		r.world.Add(cloud.Instance{Name: name, Profile: "q", State: cloud.Running}) // its worker is of queue q
		r.opts.Config.Adopt = append(r.opts.Config.Adopt, Adoption{Name: name, Profile: "q"})
	}
	r.opts.Config.Profiles[0].Min = len(names)
}

// kill ends the controller as SIGKILL would: nothing is written any more.
func (r *rig) kill() {
	r.store.Fail(errors.New("nobody is there to write"))
	r.stop()
	r.store.Fail(nil)
}

// named are the machines of a name that are not gone.
func (r *rig) named(name string) (list []cloud.Instance) {
	for _, m := range r.world.Machines() {
		if m.Name == name {
			list = append(list, m)
		}
	}
	return list
}

// adoptedOnce says that there is one machine of a name, ours, with a record
// that says so, and that it works.
func (r *rig) adoptedOnce(name string) {
	r.t.Helper()
	for _, d := range r.c.Decisions(0) {
		r.want(d.Name != name || d.Event != string(evRefused) && d.Event != string(evGone), "given up in between: %v", d)
	}
	there, m, records := r.named(name), r.c.Status().Machine(name), 0
	for _, s := range r.c.Status().Machines {
		if s.Name == name {
			records++
		}
	}
	if len(there) != 1 || there[0].Owner != owner || m == nil || m.ID != there[0].ID || m.Intent != there[0].Intent || m.State != plan.Ready || m.Generation != ancestral || records != 1 {
		r.t.Errorf("%s: the cloud has %+v, the records (%d) %+v; decisions: %v", name, there, records, m, r.c.Decisions(0))
	}
}

// TestAdoption takes over the ancestor's machines by their names: of those
// that several have none, and nothing that is somebody else's.
func TestAdoption(t *testing.T) {
	inTime(t, func(r *rig) {
		ancestors(r, "q-old", "twice", "gone", "theirs")
		r.opts.Config.Profiles[0].Min = 0
		r.world.Remove(r.named("gone")[0].ID)
		r.world.Remove(r.named("theirs")[0].ID)
		for _, name := range []string{"twice", "not-ours"} {
			r.world.Add(cloud.Instance{Name: name, Profile: "q", State: cloud.Running}) // its worker is of queue q
		}
		r.world.Add(cloud.Instance{Name: "theirs", Owner: "somebody", Intent: "one", State: cloud.Running})
	}, func(r *rig) {
		r.shop.add("q", 1, 20*time.Minute)
		r.after(30 * time.Second)
		r.adoptedOnce("q-old")
		feed := fmt.Sprint(r.c.Decisions(0))
		r.want(strings.Contains(feed, "2 machines have that name") && strings.Contains(feed, "no machine of that name"), "feed: %s", feed)
		r.want(r.world.Calls()["mark"] == 1, "calls: %v", r.world.Calls())
		r.after(time.Hour)
		left := fmt.Sprint(len(r.named("q-old")), len(r.named("twice")), len(r.named("not-ours")), len(r.named("theirs")))
		r.want(left == "0 2 1 1", "machines: %s", left)
		for _, m := range r.world.Machines() {
			r.want(m.Owner == "" || m.Owner == "somebody", "marked, though nobody may: %+v", m)
			r.world.Remove(m.ID)
		}
	})
}

// TestAdoptedTwice names a machine twice, and begins anew with the same names:
// it stays one machine with one record, and its own worker's tasks go on.
func TestAdoptedTwice(t *testing.T) {
	inTime(t, func(r *rig) {
		ancestors(r, "q-old")
		r.opts.Config.Adopt = append(r.opts.Config.Adopt, r.opts.Config.Adopt...)
	}, func(r *rig) {
		for range 3 {
			r.after(2 * time.Minute)
			r.adoptedOnce("q-old")
			r.stop()
			r.start()
		}
		r.after(2 * time.Minute)
		r.adoptedOnce("q-old")
		r.want(r.world.Calls()["mark"] == 1, "calls: %v", r.world.Calls())
		r.opts.Config.Profiles[0].Min = 0
		r.stop()
		r.start()
		r.after(time.Hour) // and it is let go as every other one
		r.want(len(r.named("q-old")) == 0, "machines: %v", r.world.Machines())
		r.want(len(r.world.Machines()) == 0, "machines: %v", r.world.Machines())
	})
}

// TestAdoptedThoughHeard: the ancestor's worker is there from the start, and
// must not be taken for one of a machine of ours before that is marked.
func TestAdoptedThoughHeard(t *testing.T) {
	for name, fault := range map[string]cloudtest.Fault{
		"find away": cloudtest.Away("find").Forever(),
		"mark away": cloudtest.Away("mark").Forever(),
		"forbidden": cloudtest.NotAllowed("mark").Forever(),
		"mark lost": cloudtest.LostAnswer("mark"),
		"all away":  cloudtest.Away("").Forever(),
		"find busy": cloudtest.Busy("find", time.Minute).Next(3),
	} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(r *rig) {
				ancestors(r, "q-old")
				r.world.Order(fault)
			}, func(r *rig) {
				for range 30 {
					r.after(time.Minute)
					m, there := r.c.Status().Machine("q-old"), r.named("q-old")
					if m == nil || len(there) != 1 || m.State == plan.Ready && (m.ID == "" || there[0].Owner != owner) {
						t.Fatalf("record %+v, cloud %+v", m, there)
					}
				}
				r.world.Clear()
				r.after(10 * time.Minute)
				r.adoptedOnce("q-old")
				r.want(r.world.Calls()["create"] == 0, "calls: %v", r.world.Calls())
			})
		})
	}
}

// TestKilledWhileAdopting kills the controller between finding a machine and
// marking it, and between marking it and hearing of that.
func TestKilledWhileAdopting(t *testing.T) {
	for name, c := range map[string]struct {
		fault  cloudtest.Fault
		marked bool // when it is killed
	}{
		"before find":       {cloudtest.Fault{Op: "find"}, false},
		"between the two":   {cloudtest.Fault{Op: "mark"}, false},
		"after mark":        {cloudtest.Fault{Op: "mark", Lost: true, Err: cloudtest.Refused("mark", cloud.Transient, "killed")}, true},
		"after mark, twice": {cloudtest.Fault{Op: "mark", Lost: true, Err: cloudtest.Refused("mark", cloud.Transient, "killed"), Times: 2}, true},
	} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(r *rig) {
				ancestors(r, "q-old")
				c.fault.Wait = make(chan struct{}) // made here, where its time is
				r.world.Order(c.fault)
			}, func(r *rig) {
				r.after(7 * time.Second)
				r.want(r.world.Calls()[c.fault.Op] == 1, "calls: %v", r.world.Calls())
				r.kill()
				there := r.named("q-old")
				r.want(len(there) == 1 && (there[0].Owner == owner) == c.marked, "killed when %+v", there)
				r.start()
				r.after(5 * time.Minute)
				r.adoptedOnce("q-old")
				r.want(r.world.Calls()["create"] == 0, "calls: %v", r.world.Calls())
			})
		})
	}
}

// TestLeftAsItIs: a machine that somebody wants gone before it was marked is
// not ours to delete.
func TestLeftAsItIs(t *testing.T) {
	inTime(t, func(r *rig) {
		ancestors(r, "q-old")
		r.opts.Config.Profiles[0].Min = 0
		r.world.Order(cloudtest.Away("find").Forever())
	}, func(r *rig) {
		r.after(time.Minute)
		if err := r.c.Drain(context.Background(), "q-old", "not that one"); err != nil {
			t.Fatal(err)
		}
		r.after(time.Minute)
		there := r.named("q-old")
		r.want(len(there) == 1 && there[0].Owner == "" && r.c.Status().Machine("q-old") == nil, "machines: %+v", there)
		r.want(r.world.Calls()["delete"] == 0 && r.world.Calls()["mark"] == 0, "calls: %v", r.world.Calls())
		feed := fmt.Sprint(r.c.Decisions(0))
		r.want(strings.Contains(feed, "stays what it is"), "feed: %s", feed)
	})
}

// TestNotAdopted: with a cloud that cannot adopt nothing begins.
func TestNotAdopted(t *testing.T) {
	w := cloudtest.NewWorld(cloudtest.Options{})
	_, err := New(Options{
		Owner: owner, Store: NewMemoryStore(), Plan: needed, Clouds: map[string]cloud.Cloud{"c": w.Plain()}, Brokers: map[string]Broker{"b": {Source: newShop(w)}},
		Config: Config{Cap: 1, Profiles: []Profile{{Name: "q", Queue: "q", Broker: "b", Cloud: "c"}}, Adopt: []Adoption{{Name: "q-old", Profile: "q"}}},
	})
	if err == nil || !strings.Contains(err.Error(), `cloud "c" cannot adopt machines`) || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v, want that the cloud cannot adopt, and nothing else", err)
	}
}
