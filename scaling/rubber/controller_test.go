package rubber

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"perfmon/scaling/rubber/cloud"
	"perfmon/scaling/rubber/cloud/cloudtest"
	"perfmon/scaling/rubber/plan"
)

// rig is a controller with its world, in fake time.
type rig struct {
	t     *testing.T
	world *cloudtest.World
	shop  *shop
	store *MemoryStore
	opts  Options
	c     *Controller
	stop  func()
}

const owner = "test"

// newRig is a rig with one profile "q". Run it inside synctest.Test.
func newRig(t *testing.T, change func(*rig)) *rig {
	t.Helper()
	r := &rig{t: t, world: cloudtest.NewWorld(cloudtest.Options{BootTime: 20 * time.Second, StopTime: 2 * time.Second, DeleteTime: 2 * time.Second}), store: NewMemoryStore()}
	r.opts = Options{
		Owner: owner, Store: r.store,
		Config: Config{Cap: 10, Profiles: []Profile{{Name: "q", Queue: "q", Broker: "b", Cloud: "c", Generation: "1", Slots: 1}}},
		Plan:   needed,
	}
	if change != nil {
		change(r)
	}
	r.shop = newShop(r.world)
	r.opts.Clouds = map[string]cloud.Cloud{"c": r.world.Connect()}
	r.opts.Brokers = map[string]Broker{"b": {Source: r.shop, Workers: r.shop}}
	if testing.Verbose() {
		r.opts.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	}
	r.start()
	return r
}

// start runs a controller. Ending it is the test's, or the end of the test's.
func (r *rig) start() {
	r.t.Helper()
	c, err := New(r.opts)
	if err != nil {
		r.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := c.Run(ctx); err != nil {
			r.t.Errorf("run: %v", err)
		}
	}()
	r.c = c
	var ended bool
	r.stop = func() {
		if !ended {
			ended = true
			cancel()
			<-done
		}
	}
	r.t.Cleanup(r.stop)
}

// idleFor is how long a machine is idle before needed lets it go.
var idleFor = time.Minute

// needed is a planner of a few lines, so that these tests are about the
// controller: as many machines as tasks, within floor, ceiling and cap, and
// the ones that are idle go after a minute.
func needed(s *plan.Snapshot) plan.Plan {
	result := plan.Plan{Memory: plan.Memory{At: s.Now, Profiles: map[string]plan.ProfileMemory{}}}
	reason := func(format string, args ...any) []plan.Reason {
		return []plan.Reason{{Code: plan.Demanded, Text: fmt.Sprintf(format, args...)}}
	}
	for _, p := range s.Profiles {
		result.Memory.Profiles[p.Name] = s.Memory.Profiles[p.Name]
		have, all := 0, 0
		for _, m := range s.Machines {
			all++
			if m.Profile == p.Name && (m.State == plan.Requested || m.State == plan.Building || m.State == plan.Booting || m.State == plan.Ready) {
				have++
			}
		}
		want := max(p.Min, p.Demand.Ready+p.Demand.Running-p.StaticSlots)
		if p.Max > 0 {
			want = min(want, p.Max)
		}
		t := plan.Target{Profile: p.Name, Want: want, Have: have}
		result.Targets = append(result.Targets, t)
		switch {
		case s.Paused || !p.Demand.Known:
			result.Lines = append(result.Lines, plan.Line{Action: plan.Hold, Profile: p.Name, Reasons: reason("paused or unknown")})
			continue
		case p.Aside:
			result.Lines = append(result.Lines, plan.Line{Action: plan.Hold, Profile: p.Name, Reasons: reason("%s", p.Rival)})
			continue
		case want > have && p.NoStart != "":
			result.Lines = append(result.Lines, plan.Line{Action: plan.Hold, Profile: p.Name, Reasons: reason("%s", p.NoStart)})
			continue
		}
		for _, m := range s.Machines {
			if m.Profile != p.Name {
				continue
			}
			switch {
			case want > have && m.State == plan.Draining && !m.Leaving:
				have++
				result.Lines = append(result.Lines, plan.Line{Action: plan.Resume, Profile: p.Name, Machine: m.ID, Count: 1, Reasons: reason("load returned")})
			case want < have && m.State == plan.Ready && !p.WorkersUnknown && m.BusyKnown && m.Busy == 0 && s.Now.Sub(m.IdleSince) >= idleFor && !m.Protected:
				have--
				result.Lines = append(result.Lines, plan.Line{Action: plan.Drain, Profile: p.Name, Machine: m.ID, Count: 1, Reasons: reason("idle")})
			}
		}
		if n := min(want-have, s.Cap-all); n > 0 {
			result.Lines = append(result.Lines, plan.Line{Action: plan.Start, Profile: p.Name, Count: n, Reasons: reason("%d tasks", want)})
		}
	}
	return result
}

// after lets time pass.
func (r *rig) after(d time.Duration) { time.Sleep(d); synctest.Wait() }

// states counts machines by the state of their records.
func (r *rig) states() map[plan.State]int {
	m := map[plan.State]int{}
	for _, machine := range r.c.Status().Machines {
		m[machine.State]++
	}
	return m
}

// records are the keys of records in the store.
func (r *rig) records() []string {
	r.t.Helper()
	all, err := r.store.All(context.Background(), machineKeys)
	if err != nil {
		r.t.Error(err)
	}
	return sortedKeys(all)
}

// want fails the test unless a condition holds.
func (r *rig) want(ok bool, format string, args ...any) {
	r.t.Helper()
	if !ok {
		r.t.Errorf(format, args...)
		r.show()
	}
}

func (r *rig) show() {
	r.t.Helper()
	for _, d := range r.c.Decisions(40) {
		r.t.Logf("%s %s %s: %s", d.At.Format("15:04:05"), d.Name, d.Event, d.Text)
	}
	for _, p := range r.c.Status().Profiles {
		r.t.Logf("profile %s: demand %v %d+%d, workers %v, %q", p.Name, p.DemandKnown, p.Waits, p.Running, p.WorkersKnown, p.Reasons)
	}
	for _, m := range r.c.Status().Machines {
		r.t.Logf("now: %s %s since %v, cloud says %q, workers %v, doing %q", m.Name, m.State, m.Age, m.Says, m.Workers, m.Doing)
	}
}

// clean is what has to hold at the end of every test.
func (r *rig) clean() {
	r.t.Helper()
	r.shop.do(func() {
		if len(r.shop.killed) > 0 {
			r.t.Errorf("tasks were killed: %q", r.shop.killed)
		}
	})
	for _, m := range r.world.Machines() {
		if m.Owner == owner && r.world.Made(owner, m.Intent) > 1 {
			r.t.Errorf("two machines of one intent: %+v", m)
		}
	}
}

func TestLoadUpAndDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.shop.add("q", 6, 5*time.Minute)
		r.after(2 * time.Minute)
		r.want(r.states()[plan.Ready] == 6, "machines: %v", r.states())
		r.after(10 * time.Minute)
		r.want(len(r.world.Machines()) == 0, "machines are left: %v", r.states())
		r.want(r.shop.done == 6, "%d tasks were done", r.shop.done)
		r.want(len(r.records()) == 0, "records are left: %v", r.records())
		r.clean()
	})
}
