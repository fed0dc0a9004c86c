package rubber

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"perfmon/scaling/rubber/cloud"
	"perfmon/scaling/rubber/cloud/cloudtest"
	"perfmon/scaling/rubber/plan"
)

// TestBusyIsDrained lets a busy machine go: it finishes its task, what waits is
// done by its peers, and nothing is killed.
func TestBusyIsDrained(t *testing.T) {
	inTime(t, nil, func(r *rig) {
		r.shop.add("q", 2, 90*time.Minute)
		r.after(time.Minute)
		first := r.c.Status().Machines[0]
		if err := r.c.Drain(r.t.Context(), first.Name, "a test"); err != nil {
			r.t.Fatal(err)
		}
		r.shop.add("q", 1, time.Minute)
		r.after(30 * time.Minute)
		m := r.c.Status().Machine(first.Intent)
		r.want(m != nil && m.State == plan.Draining && !m.Overdue, "it is %+v", m)
		r.after(50 * time.Minute)
		m = r.c.Status().Machine(first.Intent)
		r.want(m != nil && m.State == plan.Draining && m.Overdue, "after its deadline it is waited for: %+v", m)
		r.want(counted(r.t, r.c, `rubber_overdue_total{profile="q"}`) >= 1, "it is not said loudly")
		r.after(15 * time.Minute)
		r.want(r.c.Status().Machine(first.Intent) == nil, "it is still there")
		r.want(r.shop.done == 3, "%d tasks were done", r.shop.done)
	})
}

// TestResume takes back a drain when load returns, before the worker is told to
// end, and the worker listens again.
func TestResume(t *testing.T) {
	inTime(t, func(r *rig) { r.opts.Config.Limits.Settle = 20 * time.Second }, func(r *rig) {
		r.shop.add("q", 1, time.Minute)
		// idle for a minute, drained, and asked once
		for r.states()[plan.Draining] == 0 {
			r.after(time.Second)
		}
		r.shop.add("q", 1, time.Minute)
		r.after(10 * time.Second)
		r.want(counted(r.t, r.c, `rubber_resumes_total{profile="q"}`) == 1, "it was not resumed")
		r.want(r.world.Calls()["create"] == 1, "%d machines were made", r.world.Calls()["create"])
		r.after(time.Minute)
		r.want(r.shop.done == 2, "%d tasks were done", r.shop.done)
	})
}

// TestRestartedWorker has something start workers again that were told to end.
func TestRestartedWorker(t *testing.T) {
	inTime(t, nil, func(r *rig) {
		r.shop.do(func() { r.shop.restart = true })
		r.shop.add("q", 2, time.Minute)
		r.after(20 * time.Minute)
		r.want(len(r.world.Machines()) == 0 && r.shop.done == 2, "machines %v, done %d", r.states(), r.shop.done)
	})
}

func TestForceAndUndoAndProtect(t *testing.T) {
	inTime(t, nil, func(r *rig) {
		r.shop.add("q", 3, 10*time.Minute)
		r.after(time.Minute)
		list := r.c.Status().Machines
		ctx := r.t.Context()
		for _, err := range []error{
			r.c.Drain(ctx, list[0].ID, "by id"), r.c.Undo(ctx, list[0].Intent, "not after all"),
			r.c.Protect(ctx, list[1].Name, "it is looked at"), r.c.Force(ctx, list[2].Name, "it must go"),
		} {
			if err != nil {
				r.t.Error(err)
			}
		}
		if err := r.c.Drain(ctx, "no-such", "x"); err == nil || !strings.Contains(err.Error(), "none of ours") {
			r.t.Errorf("drain of what is not there: %v", err)
		}
		r.after(30 * time.Second)
		r.want(r.c.Status().Machine(list[2].Intent) == nil, "the forced one is still there")
		r.shop.do(func() {
			r.want(len(r.shop.killed) == 1, "the forced one was busy: %q", r.shop.killed)
			r.shop.killed = nil
		})
		r.after(20 * time.Minute)
		r.want(r.shop.done == 2, "%d tasks were done", r.shop.done)
		r.want(len(r.world.Machines()) == 1 && r.world.Machines()[0].ID == list[1].ID, "the protected one alone stays: %v", r.states())
		if err := r.c.Protect(ctx, list[1].Name, ""); err != nil {
			r.t.Error(err)
		}
		r.after(5 * time.Minute)
		r.want(len(r.world.Machines()) == 0, "machines are left: %v", r.states())
	})
}

// TestPause holds everything, outlives a restart, and is taken back.
func TestPause(t *testing.T) {
	inTime(t, nil, func(r *rig) {
		r.shop.add("q", 2, 2*time.Minute)
		r.after(time.Minute)
		if err := r.c.Pause(r.t.Context(), "an upgrade"); err != nil {
			r.t.Fatal(err)
		}
		r.shop.add("q", 5, 2*time.Minute)
		r.after(10 * time.Minute)
		before := r.world.Calls()
		r.stop()
		r.start()
		r.after(30 * time.Minute)
		after := r.world.Calls()
		delete(before, "list")
		delete(after, "list")
		r.want(fmt.Sprint(before) == fmt.Sprint(after), "calls while paused: %v, then %v", before, after)
		s := r.c.Status()
		r.want(s.Paused && s.Reason == "an upgrade" && len(s.Machines) == 2, "status: %+v", s)
		r.shop.add("q", 5, 2*time.Minute)
		if err := r.c.Resume(r.t.Context(), "done"); err != nil {
			r.t.Fatal(err)
		}
		r.after(30 * time.Minute)
		r.want(len(r.world.Machines()) == 0 && r.shop.done == 12, "machines %v, done %d", r.states(), r.shop.done)
	})
}

// TestBeginsPaused asks nothing of anybody before somebody says so.
func TestBeginsPaused(t *testing.T) {
	inTime(t, func(r *rig) { r.opts.Paused = "as configured" }, func(r *rig) {
		r.shop.add("q", 2, time.Minute)
		r.after(10 * time.Minute)
		s := r.c.Status()
		r.want(s.Paused && s.Reason == "as configured" && r.world.Calls()["create"] == 0, "status %+v, calls %v", s, r.world.Calls())
		if err := r.c.Resume(r.t.Context(), "go"); err != nil {
			r.t.Fatal(err)
		}
		r.after(30 * time.Minute)
		r.want(r.shop.done == 2 && len(r.world.Machines()) == 0, "%d done, %v left", r.shop.done, r.states())
	})
}

// TestPauseInTheMiddle pauses while machines are asked for and let go.
func TestPauseInTheMiddle(t *testing.T) {
	inTime(t, nil, func(r *rig) {
		r.shop.add("q", 4, 10*time.Minute)
		r.after(time.Minute)
		if err := r.c.Drain(r.t.Context(), r.c.Status().Machines[0].Intent, "a test"); err != nil {
			r.t.Fatal(err)
		}
		r.after(5 * time.Second)
		if err := r.c.Pause(r.t.Context(), "look"); err != nil {
			r.t.Fatal(err)
		}
		r.after(20 * time.Minute)
		r.want(len(r.world.Machines()) == 5, "one more was asked for before, and none goes: %v", r.states())
		if err := r.c.Resume(r.t.Context(), "looked"); err != nil {
			r.t.Fatal(err)
		}
		r.after(5 * time.Minute)
		r.want(len(r.world.Machines()) == 0 && r.shop.done == 4, "machines %v, done %d", r.states(), r.shop.done)
	})
}

// TestPauseWhileWaiting pauses while requests wait for their turn at a cloud
// that takes its time: they are not sent after all.
func TestPauseWhileWaiting(t *testing.T) {
	inTime(t, func(r *rig) { r.opts.Config.Limits.CloudCalls = 1 }, func(r *rig) {
		r.after(6 * time.Second)
		wait := make(chan struct{})
		r.world.Order(cloudtest.Fault{Op: "create", Wait: wait})
		r.shop.add("q", 3, time.Minute)
		r.after(10 * time.Second)
		if err := r.c.Pause(r.t.Context(), "look"); err != nil {
			r.t.Fatal(err)
		}
		close(wait)
		r.after(time.Minute)
		r.want(r.world.Calls()["create"] == 1, "%d creates, and two were to wait", r.world.Calls()["create"])
		if err := r.c.Resume(r.t.Context(), "looked"); err != nil {
			r.t.Fatal(err)
		}
		r.after(10 * time.Minute)
		r.want(r.shop.done == 3 && len(r.world.Machines()) == 0, "done %d, machines %v", r.shop.done, r.states())
	})
}

// TestDryRun plans, and neither writes nor does anything.
func TestDryRun(t *testing.T) {
	inTime(t, func(r *rig) { r.opts.DryRun = true }, func(r *rig) {
		r.world.Add(cloud.Instance{Owner: owner, Intent: "lost", Profile: "q", Name: "q-lost", State: cloud.Running})
		r.world.Add(cloud.Instance{Owner: owner, Intent: "strange", Profile: "other", Name: "x", State: cloud.Running})
		r.shop.add("q", 5, time.Minute)
		r.after(time.Second)
		if err := r.c.Now(r.t.Context()); err != nil {
			r.t.Fatal(err)
		}
		r.after(time.Hour)
		calls := r.world.Calls()
		delete(calls, "list")
		r.want(len(calls) == 0 && len(r.store.values) == 0, "calls %v, written %v", calls, r.store.values)
		s := r.c.Status()
		r.want(s.Role == Dry && len(s.Strange) == 2, "status: %+v", s)
		if err := r.c.Pause(r.t.Context(), "x"); err == nil {
			r.t.Error("a dry run was paused")
		}
	})
}

// TestDryRunSeesOthers shows what another instance does.
func TestDryRunSeesOthers(t *testing.T) {
	inTime(t, nil, func(r *rig) {
		opts := r.opts
		opts.DryRun = true
		second := &rig{t: r.t, world: r.world, shop: r.shop, store: r.store, opts: opts}
		second.start()
		r.shop.add("q", 3, 5*time.Minute)
		r.after(2 * time.Minute)
		r.want(second.states()[plan.Ready] == 3, "seen: %v", second.states())
		r.after(20 * time.Minute)
		r.want(len(second.states()) == 0, "seen: %v", second.states())
	})
}

// oneAtATime is a Lease in memory.
type oneAtATime struct {
	free chan struct{}
}

func newOneAtATime() *oneAtATime { return &oneAtATime{free: make(chan struct{}, 1)} }

type holding struct {
	l    *oneAtATime
	once sync.Once
	lost chan struct{}
}

func (l *oneAtATime) Acquire(ctx context.Context) (Holding, error) {
	select {
	case l.free <- struct{}{}:
		return &holding{l: l, lost: make(chan struct{})}, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (h *holding) Held() bool {
	select {
	case <-h.lost:
		return false
	default:
		return true
	}
}
func (h *holding) Lost() <-chan struct{} { return h.lost }
func (h *holding) Err() error {
	if h.Held() {
		return nil
	}
	return errors.New("the lease is lost")
}

func (h *holding) Release(context.Context) error { h.lose(); return nil }

func (h *holding) lose() { h.once.Do(func() { close(h.lost); <-h.l.free }) }

// catching notes the holding that was given out last.
type catching struct {
	Lease
	last *holding
}

func (c *catching) Acquire(ctx context.Context) (Holding, error) {
	h, err := c.Lease.Acquire(ctx)
	if err == nil {
		c.last = h.(*holding)
	}
	return h, err
}

// TestLease has two instances: one acts and the other stands by. When the
// first loses its lease it stops at once and the second goes on.
func TestLease(t *testing.T) {
	lease := &catching{}
	inTime(t, func(r *rig) {
		lease.Lease = newOneAtATime()
		r.opts.Lease = lease
	}, func(r *rig) {
		r.after(10 * time.Second)
		first := lease.last
		second := &rig{t: r.t, world: r.world, shop: r.shop, store: r.store, opts: r.opts}
		second.start()
		r.shop.add("q", 4, 10*time.Minute)
		r.after(time.Minute)
		r.want(r.c.Status().Role == Active && second.c.Status().Role == Standby, "roles: %s, %s", r.c.Status().Role, second.c.Status().Role)
		if err := second.c.Pause(r.t.Context(), "x"); !errors.Is(err, ErrStandby) {
			r.t.Errorf("pause of a standby: %v", err)
		}
		first.lose()
		r.after(time.Second)
		r.want(second.c.Status().Role == Active, "the second is %s", second.c.Status().Role)
		r.after(time.Minute)
		r.want(r.c.Status().Role == Standby, "the first is %s", r.c.Status().Role)
		r.after(20 * time.Minute)
		r.want(r.shop.done == 4 && len(r.world.Machines()) == 0 && r.world.Calls()["create"] == 4, "done %d, creates %d", r.shop.done, r.world.Calls()["create"])
	})
}

// TestNoLease has two instances on one store without a lease: whoever finds that
// the other has written begins anew, and no machine is made twice.
func TestNoLease(t *testing.T) {
	inTime(t, nil, func(r *rig) {
		second := &rig{t: r.t, world: r.world, shop: r.shop, store: r.store, opts: r.opts}
		second.start()
		r.shop.add("q", 4, 5*time.Minute)
		r.after(time.Hour)
		r.want(r.shop.done == 4 && len(r.world.Machines()) == 0, "done %d, machines %v", r.shop.done, r.states())
		r.want(r.world.Peak() <= 10, "peak %d", r.world.Peak())
	})
}

// TestClockJumps changes the wall clock by hours, forth and back, while machines
// boot and drain.
func TestClockJumps(t *testing.T) {
	var mu sync.Mutex
	var off time.Duration
	jump := func(d time.Duration) { mu.Lock(); defer mu.Unlock(); off += d }
	inTime(t, func(r *rig) {
		off = 0
		r.opts.Wall = func() time.Time { mu.Lock(); defer mu.Unlock(); return time.Now().Add(off) }
	}, func(r *rig) {
		r.shop.add("q", 4, 3*time.Minute)
		for i, d := range []time.Duration{26 * time.Hour, -50 * time.Hour, 300 * time.Hour, -2 * time.Hour, 10 * time.Second, time.Second} {
			r.after(17 * time.Second)
			jump(d)
			r.after(8 * time.Second)
			r.want(counted(r.t, r.c, "rubber_clock_jumps_total") == float64(min(i+1, 5)), "jumps after %v: %v", d, counted(r.t, r.c, "rubber_clock_jumps_total"))
			at := r.c.Status().At
			mu.Lock()
			wall := time.Now().Add(off)
			mu.Unlock()
			r.want(wall.Sub(at) < 10*time.Second && at.Sub(wall) < 10*time.Second, "status says %v, the wall %v", at, wall)
		}
		r.want(len(r.world.Machines()) == 4 && r.world.Calls()["create"] == 4, "machines %v", r.states())
		r.after(15 * time.Minute)
		r.want(r.shop.done == 4 && len(r.world.Machines()) == 0, "done %d, machines %v", r.shop.done, r.states())
	})
}

// TestClockJumpsWhileDown changes the clock while rubber does not run.
func TestClockJumpsWhileDown(t *testing.T) {
	for _, d := range []time.Duration{1000 * time.Hour, -1000 * time.Hour} {
		t.Run(d.String(), func(t *testing.T) {
			inTime(t, nil, func(r *rig) {
				r.shop.add("q", 2, 20*time.Minute)
				r.after(15 * time.Second) // they build
				r.stop()
				r.opts.Wall = func() time.Time { return time.Now().Add(d) }
				r.start()
				r.after(5 * time.Minute)
				r.want(r.states()[plan.Ready] == 2 && r.world.Calls()["create"] == 2, "machines: %v", r.states())
				r.after(30 * time.Minute)
				r.want(r.shop.done == 2 && len(r.world.Machines()) == 0, "done %d, machines %v", r.shop.done, r.states())
			})
		})
	}
}

// TestRestarts ends rubber at many moments of a life of machines.
func TestRestarts(t *testing.T) {
	inTime(t, nil, func(r *rig) {
		r.shop.add("q", 5, 3*time.Minute)
		for range 60 {
			r.after(7 * time.Second)
			r.stop()
			r.start()
		}
		r.after(20 * time.Minute)
		r.want(r.shop.done == 5 && len(r.world.Machines()) == 0, "done %d, machines %v", r.shop.done, r.states())
		r.want(r.world.Calls()["create"] <= 8, "%d creates", r.world.Calls()["create"])
	})
}

// TestWarmPool parks machines and wakes them.
func TestWarmPool(t *testing.T) {
	type lines func(*plan.Snapshot) []plan.Line
	next := make(chan lines, 1)
	inTime(t, func(r *rig) {
		r.opts.Plan = func(s *plan.Snapshot) plan.Plan {
			result := plan.Plan{Memory: s.Memory}
			select {
			case say := <-next:
				result.Lines = say(s)
			default:
			}
			return result
		}
	}, func(r *rig) {
		reasons := []plan.Reason{{Code: plan.WarmPool, Text: "a test"}}
		one := func(a plan.Action) lines {
			return func(s *plan.Snapshot) []plan.Line {
				if len(s.Machines) == 0 {
					return nil
				}
				return []plan.Line{{Action: a, Profile: "q", Machine: s.Machines[0].ID, Count: 1, Reasons: reasons}}
			}
		}
		next <- func(*plan.Snapshot) []plan.Line {
			return []plan.Line{{Action: plan.Start, Profile: "q", Count: 1, Reasons: reasons}}
		}
		r.after(time.Minute)
		r.want(r.states()[plan.Ready] == 1, "machines: %v", r.states())
		for range 2 {
			next <- one(plan.Park)
			r.after(2 * time.Minute)
			r.want(r.states()[plan.Warm] == 1 && r.world.Machines()[0].State == cloud.Halted, "machines: %v", r.states())
			next <- one(plan.Wake)
			r.after(2 * time.Minute)
			r.want(r.states()[plan.Ready] == 1, "machines: %v", r.states())
		}
		r.shop.add("q", 1, time.Minute)
		r.after(2 * time.Minute)
		r.want(r.shop.done == 1, "a woken one works: %d tasks done", r.shop.done)
		next <- one(plan.Rest)
		r.after(10 * time.Second)
		r.shop.add("q", 1, time.Minute)
		r.after(2 * time.Minute)
		r.want(r.shop.done == 1 && r.states()[plan.Resting] == 1, "a resting one works: %d, %v", r.shop.done, r.states())
		next <- one(plan.Resume)
		r.after(2 * time.Minute)
		r.want(r.shop.done == 2, "a resumed one does not work: %d", r.shop.done)
		next <- one(plan.Park)
		r.after(time.Minute)
		next <- one(plan.Delete)
		r.after(time.Minute)
		r.want(len(r.world.Machines()) == 0, "machines: %v", r.states())
	})
}

// TestStrangers has machines in the cloud that have no record.
func TestStrangers(t *testing.T) {
	inTime(t, func(r *rig) { r.opts.Config.Profiles[0].Min = 0 }, func(r *rig) {
		add := func(i cloud.Instance) string { i.State = cloud.Running; return r.world.Add(i) }
		known := add(cloud.Instance{Owner: owner, Intent: "known", Profile: "q", Name: "q-known"})
		unknown := add(cloud.Instance{Owner: owner, Intent: "unknown", Profile: "no-such", Name: "unknown"})
		noIntent := add(cloud.Instance{Owner: owner, Name: "same-name"})
		other := add(cloud.Instance{Owner: "other", Intent: "known", Profile: "q", Name: "same-name"})
		nobody := add(cloud.Instance{Name: "q-known"})
		r.shop.add("q", 1, 30*time.Minute)
		r.after(9 * time.Minute)
		for _, id := range []string{known, unknown, noIntent, other, nobody} {
			if _, ok := r.world.Machine(id); !ok {
				r.t.Errorf("%s is gone before the grace is over", id)
			}
		}
		r.want(len(r.c.Status().Strange) == 2, "strange: %+v", r.c.Status().Strange)
		r.want(counted(r.t, r.c, `rubber_adopted_total{profile="q"}`) == 1, "nothing was adopted")
		r.after(10 * time.Minute)
		gone := func(id string) bool { _, ok := r.world.Machine(id); return !ok }
		r.want(gone(unknown) && gone(noIntent), "orphans are still there: %v", r.states())
		r.want(!gone(known) && !gone(other) && !gone(nobody), "who was not to be touched is gone")
		r.after(30 * time.Minute)
		r.want(gone(known) && r.shop.done == 1, "the adopted one: gone %v, done %d", gone(known), r.shop.done)
		r.want(!gone(other) && !gone(nobody), "who was not to be touched is gone")
	})
}

// TestBusyOrphan has an orphan whose worker works: it is drained.
func TestBusyOrphan(t *testing.T) {
	inTime(t, func(r *rig) { r.opts.Config.Profiles = nil }, func(r *rig) {
		id := r.world.Add(cloud.Instance{Owner: owner, Intent: "old", Profile: "q", Name: "old-1", State: cloud.Running, Addresses: []netip.Addr{netip.MustParseAddr("10.0.0.9")}})
		r.shop.do(func() { r.shop.begin("celery@10.0.0.9", "10.0.0.9", id, "legacy"); r.shop.dumb["old-1"] = true })
		r.shop.add("legacy", 1, time.Hour)
		r.after(50 * time.Minute)
		_, ok := r.world.Machine(id)
		r.want(ok, "a busy orphan is gone")
		r.after(30 * time.Minute)
		_, ok = r.world.Machine(id)
		r.want(!ok && r.shop.done == 1, "there: %v, done %d", ok, r.shop.done)
	})
}

// TestDouble has a cloud that made two machines of one intent, with one name.
func TestDouble(t *testing.T) {
	inTime(t, nil, func(r *rig) {
		r.shop.add("q", 1, 40*time.Minute)
		r.after(time.Minute)
		m := r.world.Machines()[0]
		double := r.world.Add(cloud.Instance{Owner: owner, Intent: m.Intent, Profile: "q", Name: "q-double", State: cloud.Running})
		r.after(20 * time.Minute)
		_, ok := r.world.Machine(double)
		r.want(!ok, "the double is still there")
		_, ok = r.world.Machine(m.ID)
		r.want(ok, "the first is gone")
		r.after(30 * time.Minute)
		r.want(r.shop.done == 1 && len(r.world.Machines()) == 0, "done %d, machines %v", r.shop.done, r.states())
	})
}

// TestNewerRecord has a record of a later version: it is left alone, and so is
// its machine.
func TestNewerRecord(t *testing.T) {
	written := map[string]string{
		"machine.newer":   `{"version":2,"intent":"newer","anything":[]}`,
		"machine.garbled": `{"version":1,"intent":`,
		"machine.wrong":   `{"version":1,"intent":"other","state":"ready"}`,
		"machine.state":   `{"version":1,"intent":"state","state":"flying"}`,
		"something-else":  `{}`,
	}
	inTime(t, func(r *rig) {
		for key, text := range written {
			if _, err := r.store.Put(context.Background(), key, []byte(text), 0); err != nil {
				r.t.Fatal(err)
			}
		}
		for _, intent := range []string{"newer", "garbled"} {
			r.world.Add(cloud.Instance{Owner: owner, Intent: intent, Profile: "q", Name: "q-" + intent, State: cloud.Running})
		}
	}, func(r *rig) {
		r.after(2 * time.Hour)
		r.want(len(r.world.Machines()) == 2, "machines: %v", r.world.Machines())
		r.want(len(r.c.Status().Unread) == 4 && strings.Contains(strings.Join(r.c.Status().Unread, "\n"), "newer rubber"), "unread: %q", r.c.Status().Unread)
		for key, text := range written {
			r.want(string(r.store.values[key].Data) == text, "%s was changed", key)
		}
	})
}

// TestSilentForGood has a worker that is never heard again.
func TestSilentForGood(t *testing.T) {
	for name, c := range map[string]struct {
		busy   bool
		before time.Duration // it is there
		after  time.Duration // it is gone
	}{
		"idle": {false, time.Hour, 3 * time.Hour},
		"busy": {true, time.Hour, 3 * time.Hour}, // its guest is asked, and halts
	} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(r *rig) { r.opts.Config.Profiles[0].Min = 1 }, func(r *rig) {
				if c.busy {
					r.shop.add("q", 1, 100*time.Hour)
				}
				r.after(time.Minute)
				m := r.world.Machines()[0]
				r.shop.do(func() { r.shop.workers["celery@"+m.Name].mute = true })
				r.after(c.before - 2*time.Minute)
				_, ok := r.world.Machine(m.ID)
				r.want(ok, "it is gone after %v", c.before)
				r.after(c.after)
				_, ok = r.world.Machine(m.ID)
				r.want(!ok, "it is there after %v: %v", c.after, r.states())
				r.shop.do(func() { r.shop.killed = nil }) // its guest ended the task
			})
		})
	}
}
