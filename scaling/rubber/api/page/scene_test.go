//go:build browser

package page_test

import (
	"errors"
	"fmt"
	"math"
	"time"

	"perfmon/scaling/rubber"
	"perfmon/scaling/rubber/hear"
	"perfmon/scaling/rubber/plan"
)

const everyTurn = 5 * time.Second

// hour fills a fake with an hour of plans of a few profiles, up to now: load
// comes and goes, and machines follow.
func (f *fake) hour(names ...string) {
	now := time.Now().Truncate(time.Second)
	ready := make([]int, len(names))
	wanted := make([]int, len(names))
	since := make([]int, len(names)) // the turn at which a start or a release will have worked
	low := make([]int, len(names))
	const turns = 720
	for turn := range turns {
		at := now.Add(time.Duration(turn-turns+1) * everyTurn)
		var targets []rubber.TargetView
		for i, name := range names {
			phase := 2*math.Pi*float64(turn)/turns*1.5 + float64(i)*1.7
			load := int(14/float64(1+i%4)*(1.1+math.Sin(phase)) + 3*math.Sin(float64(turn)/7+float64(i)))
			load = max(load, 0)
			if turn > 500 && turn < 520 && i == 0 {
				load += 25
			}
			need := (load + 3) / 4
			if since[i] != 0 && turn >= since[i] {
				ready[i], since[i] = wanted[i], 0
			}
			if need > max(wanted[i], ready[i]) && since[i] == 0 {
				wanted[i], since[i] = need, turn+16
				n := need - ready[i]
				f.decide(rubber.Decision{At: at, Event: "wanted", Profile: name, Machine: fmt.Sprintf("%s-%d", name, turn), Name: fmt.Sprintf("%s-%04x", name, turn*31), Text: fmt.Sprintf("%d more wanted: %d tasks wait and %d run, and %d slots take work", n, max(0, load-4*ready[i]), min(load, 4*ready[i]), 4*ready[i])})
			}
			if need < ready[i]-1 {
				low[i]++
			} else {
				low[i] = 0
			}
			if low[i] > 24 && since[i] == 0 {
				low[i] = 0
				ready[i]--
				wanted[i] = ready[i]
				f.decide(rubber.Decision{At: at, Event: "drain", Profile: name, Machine: fmt.Sprintf("%s-%d", name, turn), Name: fmt.Sprintf("%s-%04x", name, turn*17), Text: "let go: it has been idle for longer than a new start would cost"})
			}
			coming := 0
			if since[i] != 0 {
				coming = max(0, wanted[i]-ready[i])
			}
			running := min(load, 4*ready[i])
			waits := load - running
			oldest := time.Duration(0)
			if waits > 0 {
				oldest = time.Duration(10+waits*6) * time.Second
			}
			targets = append(targets, target(name, waits, running, oldest, ready[i], coming, max(wanted[i], ready[i])))
		}
		f.planned(at, targets...)
	}
	lastPlan := f.plans[len(f.plans)-1]
	f.change(func(s *rubber.Status) {
		s.Turns, s.At = turns, now
		s.Profiles = nil
		for _, t := range lastPlan.Targets {
			s.Profiles = append(s.Profiles, profile(t))
		}
		s.Brokers = []rubber.SourceStatus{{Name: "rabbit", OK: true, Good: now, Count: 14}}
		s.Clouds = []rubber.SourceStatus{{Name: "openstack", OK: true, Good: now, Count: 9}}
		s.Hosts.Complete = true
		s.Hosts.Drivers = []hear.DriverState{{Name: "engine", Connected: true, Complete: true}}
	})
}

var (
	gib      = int64(1 << 30)
	someHost = []string{"5b2f8f3e-0d0e-4b7c-9a51-2d0c8e4f7a10", "c0ffee00-1111-4222-8333-444455556666", "9d1b7a52-77aa-4d0e-8d11-0a1b2c3d4e5f"}
)

func mem(n int64) *int64 { n *= gib; return &n }

// busy adds machines, hosts and what can be wrong with them.
func (f *fake) busy() {
	now := time.Now()
	machine := func(i int, name string, state plan.State, age time.Duration, slots, busy int) rubber.MachineStatus {
		m := rubber.MachineStatus{
			Record: rubber.Record{Intent: fmt.Sprintf("i%05d", i), Name: fmt.Sprintf("%s-%04x", name, i*7919), ID: fmt.Sprintf("id-%d", i), Profile: name, Cloud: "openstack", State: state,
				Since: now.Add(-age), Created: now.Add(-age - 2*time.Minute), Host: someHost[i%3], Generation: "3f2a9c71d004"},
			Slots: slots, Busy: busy, BusyKnown: slots > 0, Age: age, Says: "running",
		}
		if slots > 0 && busy == 0 {
			m.IdleSince = now.Add(-age / 3)
		}
		return m
	}
	f.change(func(s *rubber.Status) {
		s.Machines = []rubber.MachineStatus{
			machine(1, "thumbnails", plan.Ready, 3*time.Hour, 4, 4), machine(2, "thumbnails", plan.Ready, 96*time.Minute, 4, 3),
			machine(3, "thumbnails", plan.Ready, 11*time.Minute, 4, 0), machine(4, "mail", plan.Ready, 26*time.Hour, 4, 2),
			machine(5, "mail", plan.Draining, 4*time.Minute, 4, 1), machine(6, "reports", plan.Booting, 48*time.Second, 0, 0),
			machine(7, "reports", plan.Building, 14*time.Minute, 0, 0), machine(8, "encode", plan.Ready, 5*time.Hour, 4, 4), machine(9, "encode", plan.Warm, 2*time.Hour, 0, 0),
		}
		s.Machines[4].Release = &rubber.Release{Reason: "the host raises alarms: short of memory"}
		s.Machines[6].Overdue = true
		s.Machines[6].Trouble = &rubber.Trouble{Kind: "capacity", Text: "it could not be made: No valid host was found", Hint: "give the flavor fewer cores, or the aggregate more hosts"}
		s.Machines[6].Tries = "tried 4 times, again in 50 s"
		s.Hosts.Hosts = []hear.Host{
			{UUID: someHost[0], Name: "xcp-1", FreeMemory: mem(41), TotalMemory: mem(128)},
			{UUID: someHost[1], Name: "xcp-2", FreeMemory: mem(3), TotalMemory: mem(128), MemoryShort: hear.Bad, Contended: hear.Bad, Alarms: []hear.Alarm{
				{Class: "host", Object: someHost[1], Name: "xcp-2", Variable: "memory_free_kib", Severity: "critical", Effect: hear.Memory, Mark: hear.Bad},
				{Class: "vm", Object: someHost[2], Name: "web-07", Variable: "cpu_contention", Severity: "warning", Effect: hear.Contended, Mark: hear.Bad}}},
			{UUID: someHost[2], Name: "xcp-3", Silent: true, TotalMemory: mem(64)},
		}
		slow, quick, size := 0.184, 0.0012, int64(4<<40)
		most, some := size/100*97, size/100*41
		s.Hosts.Storage = []hear.Storage{
			{UUID: "aa0c5b1e-5b5f-4c55-8a3b-1f2d3c4b5a69", Name: "ssd", Hosts: someHost, Slow: hear.Fine, Full: hear.Fine, Latency: &quick, Size: &size, Used: &some},
			{UUID: "bb7d2c3f-9a41-4f0e-b7c2-6d5e4f3a2b1c", Name: "nfs", Hosts: someHost[:2], Slow: hear.Bad, Full: hear.Bad, Latency: &slow, Size: &size, Used: &most, Alarms: []hear.Alarm{
				{Class: "sr", Object: "bb7d2c3f-9a41-4f0e-b7c2-6d5e4f3a2b1c", Name: "nfs", Variable: "physical_utilisation", Severity: "critical", Effect: hear.Full, Mark: hear.Bad},
				{Class: "sr", Object: "bb7d2c3f-9a41-4f0e-b7c2-6d5e4f3a2b1c", Name: "nfs", Variable: "sr_latency", Severity: "warning", Effect: hear.Slow, Mark: hear.Bad}}},
		}
	})
}

// crowd is so many machines of four profiles, on 400 hosts: some on their way,
// two with trouble.
func (f *fake) crowd(n int) {
	now := time.Now()
	states := map[int]plan.State{3: plan.Booting, 13: plan.Draining, 23: plan.Resting, 33: plan.Warm}
	f.change(func(s *rubber.Status) {
		s.Cap = n + 1000
		s.Machines = make([]rubber.MachineStatus, n)
		for i := range s.Machines {
			m := &s.Machines[i]
			name := shop[i%len(shop)]
			m.Record = rubber.Record{Intent: fmt.Sprintf("i%05d", i), Name: fmt.Sprintf("%s-%05d", name, i), ID: fmt.Sprintf("id-%d", i), Profile: name, Cloud: "openstack",
				State: plan.Ready, Host: fmt.Sprintf("%08d-0000-4000-8000-000000000000", i%400), Created: now.Add(-time.Duration(n-i) * 7 * time.Second), Generation: "3f2a9c71d004"}
			if other, ok := states[i%40]; ok {
				m.State = other
			}
			m.Age, m.Says = time.Duration(n-i)*7*time.Second, "running"
			if m.State != plan.Booting && m.State != plan.Warm {
				m.Slots, m.Busy, m.BusyKnown = 4, i%5, true
			}
		}
		s.Machines[n-1].Overdue = true
		s.Machines[n-2].Trouble = &rubber.Trouble{Kind: "capacity", Text: "openstack: No valid host was found", Hint: "give the flavor fewer cores, or the aggregate more hosts"}
		for i := range 400 {
			s.Hosts.Hosts = append(s.Hosts.Hosts, hear.Host{UUID: fmt.Sprintf("%08d-0000-4000-8000-000000000000", i), Name: fmt.Sprintf("xcp-%03d", i), FreeMemory: mem(int64(i % 128)), TotalMemory: mem(128)})
		}
		s.Profiles = append([]rubber.ProfileStatus{}, s.Profiles...)
		for i := range s.Profiles {
			p := &s.Profiles[i]
			p.States = map[plan.State]int{}
			for j := range s.Machines {
				if s.Machines[j].Profile == p.Name {
					p.States[s.Machines[j].State]++
				}
			}
			p.Target.Have, p.Target.Want, p.Max = n/len(shop), n/len(shop), n
		}
	})
}

// trouble takes a broker away, and more.
func (f *fake) trouble() {
	now := time.Now()
	f.change(func(s *rubber.Status) {
		s.Brokers[0] = rubber.SourceStatus{Name: "rabbit", Good: now.Add(-7 * time.Minute), Fails: 19, Next: now.Add(20 * time.Second), Count: 14,
			Error: "look at queue \"thumbnails\": dial tcp 192.0.2.7:5672: connect: connection refused: is RabbitMQ running there, and is the port right (brokers[0].url)?"}
		for i := range s.Profiles {
			s.Profiles[i].DemandKnown, s.Profiles[i].Waits, s.Profiles[i].Running, s.Profiles[i].Oldest, s.Profiles[i].WorkersKnown = false, 0, 0, 0, false
			s.Profiles[i].DemandError, s.Profiles[i].Arrivals = s.Brokers[0].Error, -1
			s.Profiles[i].Reasons = []string{"hold: nobody knows what waits, so nothing is let go"}
		}
		s.Brakes = []rubber.Brake{{Cloud: "openstack", Profile: "reports", Kind: "quota", Text: "Quota exceeded for cores: Requested 8, but already used 64 of 64 cores",
			Hint: "raise the project's quota of cores, or lower max of the profile", Since: now.Add(-9 * time.Minute), Until: now.Add(6 * time.Minute), Fails: 3}}
		s.Strange = []rubber.StrangeStatus{{Cloud: "openstack", ID: "77aa", Name: "thumbnails-0bad", Since: now.Add(-2 * time.Minute), Reason: "nobody here asked for it", Until: now.Add(8 * time.Minute)}}
	})
	f.mu.Lock()
	defer f.mu.Unlock()
	p := f.plans[len(f.plans)-1]
	for i := range 80 { // since when it is away
		at := &f.plans[len(f.plans)-1-i]
		for j := range at.Targets {
			at.Targets[j].Known = false
		}
	}
	f.decisions = append(f.decisions, rubber.Decision{At: p.At.Add(-400 * time.Second), Event: "error", Profile: "thumbnails", Text: errors.New("the broker \"rabbit\" does not answer").Error(), Loud: true})
}
