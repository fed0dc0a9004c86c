// Package plan measures one plan of rubber for 1,000 profiles and 100,000
// machines, of which many have something to do: most profiles need more or fewer
// machines than they have, one in a hundred machines is old, and hosts raise alarms.
package plan

import (
	"errors"
	"fmt"
	"time"

	"perfmon/bench/measure"
	"perfmon/scaling/rubber/plan"
)

const (
	profiles = 1000
	machines = 100_000
	hosts    = 500
)

// Subject is one kind of snapshot.
type Subject struct {
	Name, About string
	change      func(s *plan.Snapshot)
}

// Subjects are all of them, in the order of the table.
func Subjects() []Subject {
	return []Subject{
		{"perfmon", "one plan, most profiles need more or fewer machines", func(*plan.Snapshot) {}},
		{"steady", "one plan, everything is as it should be", steady},
	}
}

// Measure measures the subject of a name.
func Measure(name string) (measure.Report, error) {
	for _, s := range Subjects() {
		if s.Name != name {
			continue
		}
		snapshot := Snapshot()
		s.change(snapshot)
		return measure.Loop(func() error {
			if result := plan.Make(snapshot); len(result.Targets) != profiles {
				return fmt.Errorf("%d targets for %d profiles", len(result.Targets), profiles)
			}
			return nil
		})
	}
	return measure.Report{}, errors.New("there is no such subject")
}

// now is when the snapshot is taken.
var now = time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)

// Snapshot is what is measured.
func Snapshot() *plan.Snapshot {
	const per = machines / profiles
	s := &plan.Snapshot{Now: now, Cap: machines + machines/10,
		Memory: plan.Memory{At: now.Add(-5 * time.Second), Profiles: map[string]plan.ProfileMemory{}}}
	for i := range profiles {
		name := fmt.Sprintf("profile-%04d", i)
		busy := per * (i % 10) / 10
		s.Profiles = append(s.Profiles, plan.Profile{Name: name, Generation: "new", Slots: 1, Rests: true, Warm: i % 3,
			BootTime: 2 * time.Minute, TaskTime: time.Minute, Weight: float64(1 + i%4),
			Demand: plan.Demand{Known: i%50 != 0, Ready: i % 7 * 10, Running: busy}})
		m := plan.ProfileMemory{Load: float64(busy), Seen: s.Memory.At, Since: now.Add(-time.Hour)}
		for k := range 12 {
			m.Peaks = append(m.Peaks, plan.Sample{At: now.Add(time.Duration(k-12) * 10 * time.Second), Demand: busy})
		}
		s.Memory.Profiles[name] = m
	}
	for i := range machines {
		p := i % profiles
		m := plan.Machine{ID: fmt.Sprintf("machine-%06d", i), Profile: s.Profiles[p].Name, State: plan.Ready, Slots: 1, BusyKnown: true,
			Generation: "new", Host: fmt.Sprintf("host-%03d", i%hosts), EverReady: true}
		if i/profiles < s.Profiles[p].Demand.Running {
			m.Busy = 1
		} else {
			m.IdleSince = now.Add(-time.Duration(i%1000) * time.Second)
		}
		if i%100 == 0 {
			m.Generation = "old"
		}
		s.Machines = append(s.Machines, m)
	}
	for i := range hosts {
		s.Hosts = append(s.Hosts, plan.Host{UUID: fmt.Sprintf("host-%03d", i), Alarmed: i%20 == 0, Silent: i%33 == 0})
	}
	return s
}

// steady has each profile need what it has.
func steady(s *plan.Snapshot) {
	for i := range s.Profiles {
		p := &s.Profiles[i]
		p.Demand, p.Warm, p.Min, p.Max = plan.Demand{Known: true, Running: machines / profiles}, 0, machines/profiles, machines/profiles
	}
	for i := range s.Machines {
		s.Machines[i].Generation, s.Machines[i].Busy = "new", 1
	}
}
