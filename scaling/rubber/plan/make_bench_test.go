package plan

import (
	"fmt"
	"testing"
	"time"
)

// big is a snapshot of many profiles and machines, in which most profiles have
// something to do.
func big(profiles, machines int) *Snapshot {
	s := &Snapshot{Now: day, Cap: machines + machines/10}
	per := machines / profiles
	memory := Memory{At: day.Add(-5 * time.Second), Profiles: map[string]ProfileMemory{}}
	for i := range profiles {
		name := fmt.Sprintf("profile-%04d", i)
		s.Profiles = append(s.Profiles, Profile{Name: name, Generation: "g2", Slots: 1, Rests: true, Warm: i % 3,
			BootTime: 2 * time.Minute, TaskTime: time.Minute, Weight: float64(1 + i%4),
			Demand: Demand{Known: i%50 != 0, Ready: (i % 7) * 10, Running: per * (i % 10) / 10}})
		m := ProfileMemory{Load: float64(per * (i % 10) / 10), Recently: float64(per), Seen: memory.At, Since: day.Add(-time.Hour)}
		for k := range 12 {
			m.Peaks = append(m.Peaks, Sample{day.Add(time.Duration(k-12) * 10 * time.Second), per * (i % 10) / 10})
		}
		memory.Profiles[name] = m
	}
	s.Memory = memory
	for i := range machines {
		p := i % profiles
		m := Machine{ID: fmt.Sprintf("machine-%06d", i), Profile: s.Profiles[p].Name, State: Ready, Slots: 1, BusyKnown: true,
			Generation: "g2", Host: fmt.Sprintf("host-%03d", i%500), EverReady: true}
		if i/profiles >= per*(p%10)/10 {
			m.IdleSince = day.Add(-time.Duration(i%1000) * time.Second)
		} else {
			m.Busy = 1
		}
		if i%100 == 0 {
			m.Generation = "g1"
		}
		s.Machines = append(s.Machines, m)
	}
	for i := range 500 {
		s.Hosts = append(s.Hosts, Host{UUID: fmt.Sprintf("host-%03d", i), Alarmed: i%20 == 0, Silent: i%33 == 0})
	}
	return s
}

// BenchmarkMake is one plan for 1,000 profiles and 100,000 machines.
func BenchmarkMake(b *testing.B) {
	s := big(1000, 100_000)
	b.ReportAllocs()
	for b.Loop() {
		Make(s)
	}
}
