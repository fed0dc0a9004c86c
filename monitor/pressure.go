package monitor

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"perfmon/alarm"
	"perfmon/rrd"
)

// staleAfter is for how many steps the newest row is believed, and at least
// for how long.
const (
	staleSteps = 3
	staleAfter = 3 * time.Minute
)

// Pressure is what the host has to bear by the newest row, if that is recent
// enough at the time now.
func (s *Snapshot) Pressure(now time.Time) *alarm.Pressure {
	p := &alarm.Pressure{Storage: []alarm.StoragePressure{}, Alarms: []alarm.FiringAlarm{}, Watched: len(s.Variables)}
	s.countFiring(p)
	if !s.Recent(now) {
		return p
	}
	p.Row = s.Row.T
	latency := map[string]float64{} // seconds, by the first eight digits of an SR's uuid
	var cpus, contended mean
	waited := map[string]float64{}
	for i, e := range s.Legend.Entries {
		if e.CF != rrd.Average || i >= len(s.Row.Values) || !known(s.Row.Values[i]) {
			continue
		}
		v := s.Row.Values[i]
		switch e.Class {
		case rrd.ClassHost:
			hostPressure(p, e.Name, v, &cpus, latency)
		case rrd.ClassVM:
			if e.Name == "runstate_full_contention" || e.Name == "runstate_partial_contention" {
				waited[e.UUID] += v
			}
		}
	}
	if p.CPUUsage == nil {
		p.CPUUsage = cpus.value()
	}
	for _, share := range waited {
		contended.add(share)
		if p.CPUContentionMax == nil || share > *p.CPUContentionMax {
			p.CPUContentionMax = &share
		}
	}
	p.CPUContention = contended.value()
	s.storagePressure(p, latency)
	return p
}

// hostPressure takes one of the host's columns.
func hostPressure(p *alarm.Pressure, name string, v float64, cpus *mean, latency map[string]float64) {
	bytes := v * 1024
	switch {
	case name == "cpu_avg":
		p.CPUUsage = &v
	case name == "hostload":
		p.CPULoad = &v
	case name == "memory_free_kib":
		p.MemoryFree = &bytes
	case name == "memory_total_kib":
		p.MemoryTotal = &bytes
	case isCPU(name):
		cpus.add(v)
	case strings.HasPrefix(name, "latency_"):
		latency[strings.TrimPrefix(name, "latency_")] = v / 1e6 // the toolstack counts microseconds
	}
}

// isCPU says whether a column is the usage of one processor: cpu0, cpu1, …
func isCPU(name string) bool {
	digits, ok := strings.CutPrefix(name, "cpu")
	return ok && digits != "" && strings.Trim(digits, "0123456789") == ""
}

func (s *Snapshot) storagePressure(p *alarm.Pressure, latency map[string]float64) {
	if s.Inventory == nil {
		return
	}
	for o, facts := range s.Inventory.Objects {
		if o.Class != rrd.ClassSR || facts.SR == nil || !facts.Resident {
			continue
		}
		one := alarm.StoragePressure{UUID: o.UUID, Name: facts.Name}
		if l, ok := latency[o.UUID[:min(8, len(o.UUID))]]; ok {
			one.Latency = &l
		}
		if facts.SR.Size > 0 {
			size, used := float64(facts.SR.Size), float64(facts.SR.Utilisation)
			one.Size, one.Used = &size, &used
		}
		p.Storage = append(p.Storage, one)
	}
	slices.SortFunc(p.Storage, func(a, b alarm.StoragePressure) int { return strings.Compare(a.UUID, b.UUID) })
}

// countFiring names what fires, critical alarms first.
func (s *Snapshot) countFiring(p *alarm.Pressure) {
	for _, v := range s.Variables {
		if v.State == alarm.Firing || v.State == alarm.Clearing {
			p.Alarms = append(p.Alarms, alarm.FiringAlarm{Class: v.Class, UUID: v.UUID, Variable: v.Variable, Severity: v.Severity})
		}
	}
	p.Firing = len(p.Alarms)
	slices.SortStableFunc(p.Alarms, func(a, b alarm.FiringAlarm) int { return cmp.Compare(a.Severity, b.Severity) })
	p.Alarms = p.Alarms[:min(len(p.Alarms), alarm.MaxFiring)]
}

// mean is the mean of known values.
type mean struct {
	sum float64
	n   int
}

func (m *mean) add(v float64) { m.sum += v; m.n++ }

// value is nil for no values.
func (m *mean) value() *float64 {
	if m.n == 0 {
		return nil
	}
	v := m.sum / float64(m.n)
	if math.IsInf(v, 0) {
		return nil
	}
	return &v
}
