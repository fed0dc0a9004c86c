package rubber

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"perfmon/scaling/rubber/cloud"
	"perfmon/scaling/rubber/cloud/cloudtest"
	"perfmon/scaling/rubber/plan"
)

// inTime runs a test of a rig in fake time, and holds it to what always holds.
func inTime(t *testing.T, change func(*rig), f func(*rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, change)
		f(r)
		r.clean()
	})
}

// TestEveryFault orders every fault of a cloud while load comes and goes: in the
// end the work is done, the machines are gone, and nobody was asked too often.
func TestEveryFault(t *testing.T) {
	for name, c := range map[string]struct {
		fault cloudtest.Fault
		lasts time.Duration // then it is cleared
		most  int           // creates while it lasts
		kind  string        // of the brake that is seen; "": none has to be
	}{
		"quota":               {cloudtest.NoQuota().Forever(), 30 * time.Minute, 14, "quota"},
		"no room":             {cloudtest.NoRoom().Forever(), 30 * time.Minute, 16, "capacity"},
		"invalid":             {cloudtest.Wrong().Forever(), 30 * time.Minute, 12, "invalid"},
		"auth":                {cloudtest.NotAllowed("create").Forever(), 30 * time.Minute, 12, "auth"},
		"away":                {cloudtest.Away("create").Forever(), 30 * time.Minute, 100, "transient"},
		"busy":                {cloudtest.Busy("create", 10*time.Minute).Forever(), 30 * time.Minute, 12, "transient"},
		"all away":            {cloudtest.Away("").Forever(), time.Hour, 150, ""},
		"all forbidden":       {cloudtest.NotAllowed("").Forever(), time.Hour, 30, ""},
		"lists away":          {cloudtest.Away("list").Forever(), time.Hour, 10, ""},
		"half lists":          {cloudtest.HalfAnswer().Forever(), time.Hour, 10, ""},
		"lost answers":        {cloudtest.LostAnswer("").Next(40), 30 * time.Minute, 100, ""},
		"lost creates":        {cloudtest.LostAnswer("create").Forever(), 30 * time.Minute, 100, ""},
		"deletes away":        {cloudtest.Away("delete").Forever(), 30 * time.Minute, 10, ""},
		"deletes are refused": {cloudtest.NotAllowed("delete").Forever(), 30 * time.Minute, 10, ""},
		"stops away":          {cloudtest.Away("stop").Forever(), 30 * time.Minute, 10, ""},
		"creates hang":        {cloudtest.Fault{Op: "create"}.Forever(), 30 * time.Minute, 60, ""},
		"deletes hang":        {cloudtest.Fault{Op: "delete"}.Forever(), 30 * time.Minute, 10, ""},
		"lists hang":          {cloudtest.Fault{Op: "list"}.Forever(), 30 * time.Minute, 10, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inTime(t, nil, func(r *rig) {
				r.after(6 * time.Second) // a list is known
				if c.fault.Err == nil {  // made here, where its time is
					c.fault.Wait = make(chan struct{})
				}
				r.world.Order(c.fault)
				r.shop.add("q", 6, 2*time.Minute)
				seen := false
				for range int(c.lasts / time.Minute) {
					r.after(time.Minute)
					for _, b := range r.c.Status().Brakes {
						seen = seen || b.Kind == c.kind
					}
					if turn := r.c.Status().At; time.Since(turn) > 30*time.Second {
						r.t.Fatalf("the last turn was at %v", turn)
					}
				}
				creates := r.world.Calls()["create"]
				r.want(creates <= c.most, "%d creates in %v", creates, c.lasts)
				r.want(c.kind == "" || seen, "no brake of kind %s was seen", c.kind)
				r.want(r.world.Calls()["list"] <= int(c.lasts/(5*time.Second))+10, "%d lists", r.world.Calls()["list"])
				r.world.Clear()
				r.after(80 * time.Minute) // longer than any brake
				r.want(r.shop.done == 6, "%d of 6 tasks were done", r.shop.done)
				r.want(len(r.world.Machines()) == 0 && len(r.states()) == 0, "%d machines are left, records: %v", len(r.world.Machines()), r.states())
				r.want(r.world.Peak() <= 10, "%d machines at once, and the cap is 10", r.world.Peak())
			})
		})
	}
}

// TestFaultyMachines has machines that the cloud takes and then gives up.
func TestFaultyMachines(t *testing.T) {
	inTime(t, nil, func(r *rig) {
		var dooms []error
		for range 12 {
			dooms = append(dooms, cloudtest.Refused("create", cloud.Capacity, "no valid host was found"))
		}
		r.world.Doom(dooms...)
		r.shop.add("q", 3, 2*time.Minute)
		r.after(30 * time.Minute)
		made := r.world.Calls()["create"]
		r.want(made <= 16, "%d creates in half an hour of failures", made)
		r.after(2 * time.Hour)
		r.want(r.shop.done == 3 && len(r.world.Machines()) == 0, "%d tasks done, %d machines left", r.shop.done, len(r.world.Machines()))
	})
}

// TestOnlyHost has a machine fail on the only host: that is no reason to be
// without machines for as long as bad hosts are avoided.
func TestOnlyHost(t *testing.T) {
	inTime(t, nil, func(r *rig) {
		r.world.Doom(cloudtest.Refused("run", cloud.Transient, "the program ended"))
		r.shop.add("q", 1, 30*time.Second)
		r.after(2 * time.Minute)
		r.want(r.shop.done == 1, "%d done", r.shop.done)
	})
}

// TestQuotaIsNotAskedAgain has machines come up that were asked for before the
// quota was reached: they prove nothing of it.
func TestQuotaIsNotAskedAgain(t *testing.T) {
	inTime(t, nil, func(r *rig) {
		r.world.SetQuota(2)
		r.shop.add("q", 5, 10*time.Minute)
		r.after(80 * time.Second)
		states := r.states()
		r.want(states[plan.Ready] == 2 && r.world.Calls()["create"] <= 5, "%v, %d creates", states, r.world.Calls()["create"])
	})
}

func TestQuotaIsVisible(t *testing.T) {
	inTime(t, nil, func(r *rig) {
		r.world.SetQuota(2)
		r.shop.add("q", 5, 10*time.Minute)
		r.after(time.Minute)
		e, err := r.c.Explain("q")
		r.want(err == nil && strings.Contains(e.String(), "quota exceeded"), "explained: %s, %v", e, err)
		p := r.c.Status().Profile("q")
		r.want(strings.Contains(p.Blocked, "quota"), "blocked: %q", p.Blocked)
		r.want(r.states()[plan.Ready] == 2, "machines: %v", r.states())
		r.after(time.Hour)
		r.want(r.shop.done == 5, "%d tasks were done", r.shop.done)
	})
}

// TestInvalidStopsUntilConfigured has a profile whose image is missing.
func TestInvalidStopsUntilConfigured(t *testing.T) {
	inTime(t, nil, func(r *rig) {
		r.after(6 * time.Second)
		r.world.Order(cloudtest.Wrong().Next(2))
		r.shop.add("q", 1, time.Minute)
		r.after(7 * time.Minute)
		r.want(r.world.Calls()["create"] == 1, "%d creates", r.world.Calls()["create"])
		r.world.Clear()
		cfg := r.opts.Config
		cfg.Profiles = []Profile{cfg.Profiles[0]}
		cfg.Profiles[0].Spec.Image = "another"
		if err := r.c.Configure(r.t.Context(), cfg); err != nil {
			r.t.Fatal(err)
		}
		r.after(time.Minute)
		r.want(r.states()[plan.Ready] == 1, "after the configuration was changed: %v", r.states())
	})
}

// TestBrokerAway has a broker that cannot be reached for an hour, while
// machines work.
func TestBrokerAway(t *testing.T) {
	inTime(t, nil, func(r *rig) {
		r.shop.add("q", 4, 30*time.Minute)
		r.after(2 * time.Minute)
		r.shop.do(func() { r.shop.away = true })
		r.after(time.Hour)
		r.want(len(r.world.Machines()) == 4, "%d machines are left of 4", len(r.world.Machines()))
		p := r.c.Status().Profile("q")
		r.want(!p.DemandKnown && strings.Contains(p.DemandError, "connection refused"), "demand: %+v", p)
		r.shop.do(func() { r.shop.away = false })
		r.after(5 * time.Minute)
		r.want(len(r.world.Machines()) == 0, "machines are left: %v", r.states())
		r.want(r.shop.done == 4, "%d tasks were done", r.shop.done)
	})
}

// TestQueueThatDoesNotExist has a broker without the queue, as before the first
// task, or by a wrong name: it counts as empty, and everybody is told.
func TestQueueThatDoesNotExist(t *testing.T) {
	inTime(t, nil, func(r *rig) {
		r.shop.do(func() { r.shop.absent = true })
		r.after(10 * time.Minute)
		says := func() string {
			e, err := r.c.Explain("q")
			if err != nil {
				t.Fatal(err)
			}
			return r.c.Status().Profile("q").DemandError + e.String()
		}
		const told = `broker b has no queue "q"`
		p := r.c.Status().Profile("q")
		r.want(p.DemandKnown && p.Waits == 0 && strings.Count(says(), told) == 2 && strings.Contains(says(), "check the name"), "said: %s", says())
		const counter = `rubber_errors_total{kind="absent",op="depth",source="broker b"}`
		r.want(counted(r.t, r.c, counter) == 1, "counted %v times", counted(r.t, r.c, counter))
		r.want(r.world.Calls()["create"] == 0, "%d machines were made for it", r.world.Calls()["create"])
		r.shop.add("q", 2, 20*time.Minute)
		r.after(2 * time.Minute)
		r.want(r.states()[plan.Ready] == 2 && !strings.Contains(says(), told), "with tasks: %v, %s", r.states(), says())
		r.after(time.Hour)
		r.want(r.shop.done == 2 && len(r.world.Machines()) == 0, "done %d, machines %v", r.shop.done, r.states())
		r.want(strings.Contains(says(), told) && counted(r.t, r.c, counter) == 2, "gone again: %s", says())
	})
}

// TestBrokerAwayWhileDraining has the broker go in the middle of a drain.
func TestBrokerAwayWhileDraining(t *testing.T) {
	inTime(t, nil, func(r *rig) {
		r.shop.add("q", 1, 20*time.Minute)
		r.after(time.Minute)
		if err := r.c.Drain(r.t.Context(), r.c.Status().Machines[0].Intent, "a test"); err != nil {
			r.t.Fatal(err)
		}
		r.after(10 * time.Second)
		r.shop.do(func() { r.shop.away = true })
		r.after(10 * time.Minute)
		r.want(r.states()[plan.Draining] == 1, "while the broker is away: %v", r.states())
		r.shop.do(func() { r.shop.away = false })
		r.after(20 * time.Minute)
		r.want(r.shop.done == 1 && len(r.world.Machines()) == 0, "done %d, machines %v", r.shop.done, r.states())
	})
}

// TestCloudAwayWhileDraining has the cloud go for an hour: what works goes on.
func TestCloudAwayWhileDraining(t *testing.T) {
	inTime(t, nil, func(r *rig) {
		r.shop.add("q", 3, 3*time.Minute)
		r.after(time.Minute)
		r.world.Order(cloudtest.Away("").Forever())
		r.after(time.Hour)
		r.want(r.shop.done == 3, "%d tasks were done", r.shop.done)
		calls := r.world.Calls()
		r.want(calls["delete"] <= 3*80 && calls["list"] <= 12*70, "calls: %v", calls)
		s := r.c.Status().Clouds[0]
		r.want(!s.OK && strings.Contains(s.Error, "connection refused"), "cloud: %+v", s)
		r.world.Clear()
		r.after(5 * time.Minute)
		r.want(len(r.world.Machines()) == 0, "machines are left: %v", r.states())
	})
}

// TestFlappingWorker has a worker that is heard and not heard, again and again.
func TestFlappingWorker(t *testing.T) {
	inTime(t, nil, func(r *rig) {
		r.shop.add("q", 2, 50*time.Minute)
		r.after(2 * time.Minute)
		for i := range 40 {
			r.shop.do(func() {
				for _, w := range r.shop.workers {
					w.mute = i%2 == 0
				}
			})
			r.after(time.Minute)
		}
		r.want(len(r.world.Machines()) == 2, "%d machines of 2 are left", len(r.world.Machines()))
		r.shop.do(func() {
			for _, w := range r.shop.workers {
				w.mute = false
			}
		})
		r.after(20 * time.Minute)
		r.want(r.shop.done == 2 && len(r.world.Machines()) == 0, "done %d, machines %v", r.shop.done, r.states())
	})
}

// TestSlacker has machines on which no worker ever begins: they are told from
// slow ones, counted, and not asked for again and again.
func TestSlacker(t *testing.T) {
	inTime(t, nil, func(r *rig) {
		r.shop.do(func() { r.shop.dumb["*"] = true })
		r.shop.add("q", 3, time.Minute)
		r.after(9 * time.Minute)
		r.want(r.states()[plan.Booting] == 3, "before the deadline: %v", r.states())
		r.after(2 * time.Hour)
		made := r.world.Calls()["create"]
		r.want(made <= 25, "%d creates in two hours", made)
		r.want(counted(r.t, r.c, `rubber_slackers_total{profile="q",reason="silent"}`) >= 3, "slackers are not counted")
		r.shop.do(func() { delete(r.shop.dumb, "*") })
		r.after(time.Hour)
		r.want(r.shop.done == 3, "%d tasks were done", r.shop.done)
	})
}

// TestSlowMachine has a cloud that takes longer than expected, and once for ever.
func TestSlowMachine(t *testing.T) {
	inTime(t, func(r *rig) {
		r.world = cloudtest.NewWorld(cloudtest.Options{BootTime: 15 * time.Minute})
	}, func(r *rig) {
		r.shop.add("q", 1, time.Minute)
		r.after(12 * time.Minute)
		r.want(counted(r.t, r.c, `rubber_slackers_total{profile="q",reason="slow"}`) == 1, "slow machines are not counted")
		r.want(r.states()[plan.Building] == 1, "a slow one is waited for: %v", r.states())
		r.after(10 * time.Minute)
		r.want(r.shop.done == 1, "%d tasks were done", r.shop.done)
	})
}

// TestLostMachine has somebody else delete and halt machines.
func TestLostMachine(t *testing.T) {
	inTime(t, nil, func(r *rig) {
		r.opts.Config.Profiles[0].Min = 3
		r.shop.add("q", 3, time.Hour)
		r.after(2 * time.Minute)
		machines := r.world.Machines()
		r.shop.do(func() { r.shop.workers["celery@"+machines[0].Name].active = nil })
		r.shop.do(func() { r.shop.workers["celery@"+machines[1].Name].active = nil })
		r.world.Remove(machines[0].ID)
		r.world.Set(machines[1].ID, cloud.Halted)
		r.after(2 * time.Minute)
		r.want(counted(r.t, r.c, `rubber_lost_total{profile="q"}`) == 1, "the lost machine is not counted")
		for _, m := range r.world.Machines() {
			r.want(m.ID != machines[1].ID, "the halted machine is still there: %+v", m)
		}
	})
}

// TestStoreAway has a store that cannot be written: nothing is begun, and what
// was begun is true afterwards.
func TestStoreAway(t *testing.T) {
	inTime(t, nil, func(r *rig) {
		r.shop.add("q", 2, 10*time.Minute)
		r.after(2 * time.Minute)
		r.store.Fail(fmt.Errorf("the disk is full"))
		r.shop.add("q", 4, 10*time.Minute)
		r.after(10 * time.Minute)
		r.want(len(r.world.Machines()) == 2, "%d machines; two were there", len(r.world.Machines()))
		r.want(strings.Contains(r.c.Status().Problem, "disk is full"), "problem: %q", r.c.Status().Problem)
		r.store.Fail(nil)
		r.after(40 * time.Minute)
		r.want(r.shop.done == 6 && len(r.world.Machines()) == 0, "done %d, machines %v", r.shop.done, r.states())
	})
}
