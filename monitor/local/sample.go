package local

import (
	"context"
	"math"
	"time"

	"perfmon/rrd"
)

// sampler makes samples of the counters of a host. It is for one goroutine,
// keeps its files open, and allocates nothing while the host has the devices
// that it had.
type sampler struct {
	host    *host
	devices devices

	cpuMeters, nicMeters, diskMeters, pressureMeters *meters
	online                                           int // CPUs in the sample under way, 0 for unknown

	last time.Duration // when the sample before was taken
	some bool          // there was one
	nics []measuredNIC
	out  []rrd.Sample
	errs []failure
}

// measuredNIC is a NIC of the sample under way that may get data sources.
type measuredNIC struct {
	nicTotals
	meter *meter
}

// failure is what a group of data sources could not be read for.
type failure struct {
	group string // cpu, load, memory, network, disk, pressure
	err   error  // nil when it was read
}

func newSampler(proc, sys string) *sampler {
	return &sampler{
		host:           newHost(proc),
		devices:        devices{sys},
		cpuMeters:      newMeters("", ""),
		nicMeters:      newMeters("pif_", "_rx", "_tx", "_rx_errors", "_tx_errors"),
		diskMeters:     newMeters("disk_", "_read", "_write", "_iops", "_latency"),
		pressureMeters: newMeters("pressure_", ""),
	}
}

// sample reads the host at the time mono of a clock that is never set. What
// cannot be read is missing; there is one failure for each group, with or
// without an error. Both slices are valid until the next call.
func (s *sampler) sample(ctx context.Context, mono time.Duration) ([]rrd.Sample, []failure) {
	s.out, s.errs = s.out[:0], s.errs[:0]
	seconds := (mono - s.last).Seconds()
	if !s.some {
		seconds = 0
	}
	s.last, s.some = mono, true

	s.note("cpu", s.sampleCPUs())
	s.note("load", s.sampleLoad())
	s.note("memory", s.sampleMemory(ctx))
	s.note("network", s.sampleNICs(seconds))
	s.note("disk", s.sampleDisks(seconds))
	s.note("pressure", s.samplePressure(mono, seconds))
	return s.out, s.errs
}

func (s *sampler) note(group string, err error) {
	s.errs = append(s.errs, failure{group, err})
}

func (s *sampler) add(name string, value float64) {
	s.out = append(s.out, rrd.Sample{Name: name, Value: value})
}

// sampleCPUs measures against the ticks that each CPU counted, not against
// the clock: a tickless CPU may count some of them late.
func (s *sampler) sampleCPUs() error {
	defer s.cpuMeters.end()
	cpus, err := s.host.cpus()
	s.online = len(cpus)
	if err != nil {
		return err
	}
	sum, known := 0.0, 0.0
	for _, c := range cpus {
		m := s.cpuMeters.find(c.name)
		grown, ok := s.cpuMeters.step(m, [maxCounters]uint64{c.idle, c.total})
		// More idle than time: one of the other counters went backwards.
		ok = ok && grown[0] <= grown[1]
		busy := per(float64(grown[1]-grown[0]), float64(grown[1]), ok)
		if !math.IsNaN(busy) {
			sum, known = sum+busy, known+1
		}
		s.add(m.names[0], busy)
	}
	s.add("cpu_avg", per(sum, known, true))
	return nil
}

func (s *sampler) sampleLoad() error {
	load, err := s.host.load()
	if err != nil {
		return err
	}
	s.add("loadavg", load)
	s.add("hostload", per(load, float64(s.online), true))
	return nil
}

func (s *sampler) sampleMemory(ctx context.Context) error {
	m, err := s.host.memory(ctx)
	if err != nil {
		return err
	}
	s.add("memory_total_kib", float64(m.total))
	s.add("memory_free_kib", float64(m.available))
	return nil
}

func (s *sampler) sampleNICs(seconds float64) error {
	defer s.nicMeters.end()
	all, err := s.host.nics()
	if err != nil {
		return err
	}
	nics := s.measured(all)
	var sum [2]float64
	known := false
	for _, n := range nics {
		grown, ok := s.nicMeters.step(n.meter, [maxCounters]uint64{n.rx, n.tx, n.rxErrors, n.txErrors})
		rx, tx := per(float64(grown[0]), seconds, ok), per(float64(grown[1]), seconds, ok)
		names := n.meter.names
		s.add(names[0], rx)
		s.add(names[1], tx)
		s.add(names[2], per(float64(grown[2]), seconds, ok))
		s.add(names[3], per(float64(grown[3]), seconds, ok))
		// A bond's traffic is that of its members.
		if !math.IsNaN(rx) && n.meter.kind != kindBond {
			sum[0], sum[1], known = sum[0]+rx, sum[1]+tx, true
		}
	}
	if len(nics) > 0 {
		s.add("pif_aggr_rx", per(sum[0], 1, known))
		s.add("pif_aggr_tx", per(sum[1], 1, known))
	}
	return nil
}

// measured returns the NICs that get data sources, in their order: physical
// ones and bonds, or all but lo when there are no such.
func (s *sampler) measured(all []nicTotals) []measuredNIC {
	s.nics = s.nics[:0]
	for _, n := range all {
		m := s.nicMeters.find(n.name)
		if s.devices.nic(m) != kindOther {
			s.nics = append(s.nics, measuredNIC{n, m})
		}
	}
	if len(s.nics) > 0 {
		return s.nics
	}
	for _, n := range all {
		if string(n.name) != "lo" {
			s.nics = append(s.nics, measuredNIC{n, s.nicMeters.find(n.name)})
		}
	}
	return s.nics
}

func (s *sampler) sampleDisks(seconds float64) error {
	defer s.diskMeters.end()
	disks, err := s.host.disks()
	if err != nil {
		return err
	}
	before := len(s.out)
	for _, d := range disks {
		m := s.diskMeters.find(d.name)
		whole, err := s.devices.whole(m)
		if err != nil {
			s.out = s.out[:before]
			return err
		}
		if !whole {
			continue
		}
		grown, ok := s.diskMeters.step(m, [maxCounters]uint64{d.readSectors, d.writeSectors, d.reads, d.writes, d.readMillis, d.writeMillis})
		requests := float64(grown[2]) + float64(grown[3])
		micros := 1000 * (float64(grown[4]) + float64(grown[5]))
		s.add(m.names[0], per(sectorSize*float64(grown[0]), seconds, ok))
		s.add(m.names[1], per(sectorSize*float64(grown[1]), seconds, ok))
		s.add(m.names[2], per(requests, seconds, ok))
		s.add(m.names[3], per(micros, requests, ok && seconds > 0))
	}
	return nil
}

func (s *sampler) samplePressure(mono time.Duration, seconds float64) error {
	defer s.pressureMeters.end()
	var failed error
	for i := range s.host.pressures {
		file := &s.host.pressures[i]
		stalls, err := s.host.pressure(file, mono)
		if err != nil {
			failed = err
			continue
		}
		if stalls.hasSome {
			s.addStall(file.some, stalls.some, seconds)
		}
		if stalls.hasFull {
			s.addStall(file.full, stalls.full, seconds)
		}
	}
	return failed
}

func (s *sampler) addStall(name []byte, total uint64, seconds float64) {
	m := s.pressureMeters.find(name)
	grown, ok := s.pressureMeters.step(m, [maxCounters]uint64{total})
	// The kernel's clock and ours do not agree to the microsecond.
	s.add(m.names[0], min(1, per(float64(grown[0])/1e6, seconds, ok)))
}
