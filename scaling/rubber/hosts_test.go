package rubber

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"perfmon/scaling/rubber/cloud"
	"perfmon/scaling/rubber/cloud/cloudtest"
	"perfmon/scaling/rubber/hear"
	"perfmon/scaling/rubber/plan"
)

// heard is a table of hosts that a test changes.
type heard struct {
	mu   sync.Mutex
	view hear.View
}

func (h *heard) View() hear.View { h.mu.Lock(); defer h.mu.Unlock(); return h.view }

func (h *heard) set(hosts ...hear.Host) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.view = hear.View{At: time.Now(), Complete: true, Hosts: hosts}
}

// TestPlannerWithAlarms runs the real planner: load comes and goes, and no
// machine is placed on a host that raises alarms.
func TestPlannerWithAlarms(t *testing.T) {
	var hosts *heard
	inTime(t, func(r *rig) {
		hosts = &heard{}
		r.world = cloudtest.NewWorld(cloudtest.Options{BootTime: 20 * time.Second, StopTime: time.Second, Hosts: []cloudtest.Host{{ID: "host-a"}, {ID: "host-b"}}})
		r.opts.Plan, r.opts.Hosts = nil, hosts
		r.opts.Config.Settings = plan.DefaultSettings()
		hosts.set(hear.Host{UUID: "host-a", Contended: hear.Bad, Alarms: []hear.Alarm{{Variable: "cpu_avg", Mark: hear.Bad, Effect: hear.Contended}}}, hear.Host{UUID: "host-b"})
	}, func(r *rig) {
		r.shop.add("q", 6, 5*time.Minute)
		r.after(3 * time.Minute)
		list := r.world.Machines()
		r.want(len(list) >= 6, "%d machines: %v", len(list), r.states())
		for _, m := range list {
			r.want(m.Host == "host-b", "machine %s is on %s", m.ID, m.Host)
		}
		hosts.set(hear.Host{UUID: "host-a"}, hear.Host{UUID: "host-b"})
		r.after(3 * time.Hour) // the last one is kept for longest
		r.want(r.shop.done == 6 && len(r.world.Machines()) == 0, "done %d, machines %v", r.shop.done, r.states())
		e, err := r.c.Explain("q")
		r.want(err == nil && strings.Contains(e.String(), "machines: 0 wanted"), "explained: %s, %v", e, err)
		r.want(len(r.c.Plans(0)) > 100, "%d plans are kept", len(r.c.Plans(0)))
	})
}

// TestAlarmsOfSomeHosts has an agent on one of the cloud's two hosts, and on one
// that is none of the cloud's, both in alarm: that holds up nothing. Where the
// cloud has no other, it does.
func TestAlarmsOfSomeHosts(t *testing.T) {
	var hosts *heard
	inTime(t, func(r *rig) {
		hosts = &heard{}
		r.world = cloudtest.NewWorld(cloudtest.Options{BootTime: 20 * time.Second, StopTime: time.Second, Hosts: []cloudtest.Host{{ID: "host-a"}, {ID: "host-b"}}})
		r.opts.Plan, r.opts.Hosts = nil, hosts
		alarm := []hear.Alarm{{Variable: "memory_free_kib", Mark: hear.Bad, Effect: hear.Memory}}
		hosts.set(hear.Host{UUID: "host-a", MemoryShort: hear.Bad, Alarms: alarm}, hear.Host{UUID: "elsewhere", MemoryShort: hear.Bad, Alarms: alarm})
	}, func(r *rig) {
		r.after(10 * time.Second)
		r.shop.add("q", 3, 5*time.Minute)
		r.after(2 * time.Minute)
		list := r.world.Machines()
		r.want(len(list) >= 3, "%d machines: %v", len(list), r.states())
		for _, m := range list {
			r.want(m.Host == "host-b", "machine %s is on %s", m.ID, m.Host)
		}
		reasons := strings.Join(r.c.Status().Profile("q").Reasons, "\n")
		r.want(strings.Contains(reasons, "memory is short on host-a, and what fits on other hosts is no bound: nobody knows what is free on host-b"), "reasons: %s", reasons)
		r.after(3 * time.Hour)
		r.world.SetHosts(cloudtest.Host{ID: "host-a"})
		r.after(2 * time.Minute)
		r.shop.add("q", 3, 5*time.Minute)
		r.after(2 * time.Minute)
		reasons = strings.Join(r.c.Status().Profile("q").Reasons, "\n")
		r.want(len(r.world.Machines()) == 0 && strings.Contains(reasons, "every host raises alarms (host-a)"), "machines: %v, reasons: %s", r.states(), reasons)
		hosts.set(hear.Host{UUID: "host-a"})
		r.after(10 * time.Minute)
		r.want(r.shop.done == 6, "%d of 6 tasks were done", r.shop.done)
	})
}

// TestPlannerDay is two hours of it.
func TestPlannerDay(t *testing.T) { plannerDay(t, 4) }

// plannerDay runs the real planner over half hours of load that comes and goes,
// with a cloud that fails now and then and rubber ended each half hour.
func plannerDay(t *testing.T, halves int) {
	t.Helper()
	inTime(t, func(r *rig) { r.opts.Plan = nil }, func(r *rig) {
		for half := range halves {
			r.shop.add("q", 3+half%5, 3*time.Minute)
			if half%3 == 1 {
				r.world.Order(cloudtest.LostAnswer("").Next(5), cloudtest.NoRoom(), cloudtest.HalfAnswer())
			}
			r.after(15 * time.Minute)
			r.shop.add("q", 2, time.Minute)
			r.after(15 * time.Minute)
			r.stop()
			r.start()
		}
		r.after(3 * time.Hour)
		want := 0
		for half := range halves {
			want += 5 + half%5
		}
		r.want(r.shop.done == want, "%d of %d tasks were done", r.shop.done, want)
		r.want(len(r.world.Machines()) == 0, "machines are left: %v", r.states())
		r.want(r.world.Peak() <= 10, "peak %d", r.world.Peak())
	})
}

// TestUserData makes the user data of each machine.
func TestUserData(t *testing.T) {
	var seen []string
	inTime(t, func(r *rig) {
		seen = nil
		r.opts.Config.Profiles[0].Spec = cloud.Spec{Image: "image", CPUs: 2}
		r.opts.Config.Profiles[0].UserData = func(s cloud.Spec) ([]byte, error) {
			seen = append(seen, s.Name+" "+s.Image+" "+s.Owner)
			return []byte(s.Name), nil
		}
	}, func(r *rig) {
		r.shop.add("q", 1, time.Minute)
		r.after(time.Minute)
		r.want(len(seen) == 1 && strings.HasSuffix(seen[0], " image test"), "seen: %q", seen)
	})
}

// TestCapHolds has a planner that wants more than is allowed.
func TestCapHolds(t *testing.T) {
	inTime(t, func(r *rig) {
		r.opts.Plan = func(s *plan.Snapshot) plan.Plan {
			return plan.Plan{Lines: []plan.Line{{Action: plan.Start, Profile: "q", Count: 100, Reasons: []plan.Reason{{Text: "a test"}}}}}
		}
	}, func(r *rig) {
		r.after(10 * time.Minute)
		r.want(r.world.Peak() == 10, "%d machines at once, and the cap is 10", r.world.Peak())
	})
}

// leaky is a cloud that lists the machines of other owners too.
type leaky struct {
	cloud.Cloud
	world *cloudtest.World
}

func (l leaky) List(context.Context, string) ([]cloud.Instance, error) {
	return l.world.Machines(), nil
}

// TestLeakyCloud never touches what is not ours, whatever a driver lists.
func TestLeakyCloud(t *testing.T) {
	inTime(t, nil, func(r *rig) {
		r.stop()
		r.opts.Clouds = map[string]cloud.Cloud{"c": leaky{r.world.Connect(), r.world}}
		r.world.Add(cloud.Instance{Owner: "other", Intent: "a", Profile: "q", Name: "a", State: cloud.Running})
		r.world.Add(cloud.Instance{Intent: "b", Profile: "nothing", Name: "b", State: cloud.Running})
		r.start()
		r.after(2 * time.Hour)
		r.want(len(r.world.Machines()) == 2 && len(r.c.Status().Machines) == 0, "machines: %v", r.states())
		r.want(r.c.Status().Clouds[0].Others == 2, "status: %+v", r.c.Status().Clouds)
	})
}

// TestMemoryOutlives has what was learned, and what plans remember, survive an
// end.
func TestMemoryOutlives(t *testing.T) {
	inTime(t, func(r *rig) { r.opts.Plan = nil }, func(r *rig) {
		r.shop.add("q", 2, 20*time.Minute)
		r.after(5 * time.Minute)
		before := r.c.Status().Profile("q").Target.Load
		r.stop()
		r.start()
		r.after(10 * time.Second)
		p := r.c.Status().Profile("q")
		r.want(p.BootCount >= 2 && p.BootP50 == 30*time.Second, "boots: %d, %v", p.BootCount, p.BootP50)
		r.want(before > 0 && p.Target.Load >= before, "load: %v, and %v before", p.Target.Load, before)
	})
}

// TestClockOf turns times of the system's clock into ours, with a monotonic
// reading and without.
func TestClockOf(t *testing.T) {
	for _, off := range []time.Duration{0, 1000 * time.Hour, -1000 * time.Hour} {
		c := newClock(func() time.Time { return time.Now().Add(off) })
		at := time.Now().Add(-time.Minute)
		for _, then := range []time.Time{at, at.Round(0)} {
			if ago := c.now().Sub(c.of(then)); ago < 59*time.Second || ago > 70*time.Second {
				t.Errorf("a minute ago is %v ago, with the wall %v off", ago, off)
			}
		}
	}
}
