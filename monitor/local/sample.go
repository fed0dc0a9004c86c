package local

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"time"

	"perfmon/rrd"
)

// sampler makes samples of the counters of a host. It is for one goroutine.
type sampler struct {
	host    host
	devices devices

	cpus, nics, disks, pressure *meters
	online                      int // CPUs in the sample under way, 0 for unknown

	last time.Duration // when the sample before was taken
	some bool          // there was one
	out  []rrd.Sample
	errs []failure
}

// failure is what a group of data sources could not be read for.
type failure struct {
	group string // cpu, load, memory, network, disk, pressure
	err   error  // nil when it was read
}

func newSampler(proc, sys string) *sampler {
	return &sampler{
		host:     host{proc: proc},
		devices:  devices{sys: sys, kinds: map[string]nicKind{}},
		cpus:     newMeters("", ""),
		nics:     newMeters("pif_", "_rx", "_tx", "_rx_errors", "_tx_errors"),
		disks:    newMeters("disk_", "_read", "_write", "_iops", "_latency"),
		pressure: newMeters("pressure_", ""),
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

	s.note("cpu", s.sampleCPUs(ctx))
	s.note("load", s.sampleLoad())
	s.note("memory", s.sampleMemory(ctx))
	s.note("network", s.sampleNICs(ctx, seconds))
	s.note("disk", s.sampleDisks(ctx, seconds))
	s.note("pressure", s.samplePressure(seconds))
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
func (s *sampler) sampleCPUs(ctx context.Context) error {
	defer s.cpus.end()
	cpus, err := s.host.cpus(ctx)
	s.online = len(cpus)
	if err != nil {
		return err
	}
	sum, known := 0.0, 0.0
	for _, c := range cpus {
		m, grown, ok := s.cpus.step(c.name, [maxCounters]uint64{c.idle, c.total})
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
	load, err := readLoad(s.host.proc)
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
	s.add("memory_total_kib", float64(m.total)/1024)
	s.add("memory_free_kib", float64(m.available)/1024)
	return nil
}

func (s *sampler) sampleNICs(ctx context.Context, seconds float64) error {
	defer s.nics.end()
	all, err := s.host.nics(ctx)
	if err != nil {
		return err
	}
	nics := s.devices.measured(all)
	var sum [2]float64
	known := false
	for _, n := range nics {
		m, grown, ok := s.nics.step(n.name, [maxCounters]uint64{n.rx, n.tx, n.rxErrors, n.txErrors})
		rx, tx := per(float64(grown[0]), seconds, ok), per(float64(grown[1]), seconds, ok)
		s.add(m.names[0], rx)
		s.add(m.names[1], tx)
		s.add(m.names[2], per(float64(grown[2]), seconds, ok))
		s.add(m.names[3], per(float64(grown[3]), seconds, ok))
		// A bond's traffic is that of its members.
		if !math.IsNaN(rx) && s.devices.nic(n.name) != nicBond {
			sum[0], sum[1], known = sum[0]+rx, sum[1]+tx, true
		}
	}
	if len(nics) > 0 {
		s.add("pif_aggr_rx", per(sum[0], 1, known))
		s.add("pif_aggr_tx", per(sum[1], 1, known))
	}
	return nil
}

func (s *sampler) sampleDisks(ctx context.Context, seconds float64) error {
	defer s.disks.end()
	whole, err := s.devices.wholeDisks()
	if err != nil {
		return err
	}
	disks, err := s.host.disks(ctx)
	if err != nil {
		return err
	}
	for _, d := range disks {
		if !whole[d.name] {
			continue
		}
		m, grown, ok := s.disks.step(d.name, [maxCounters]uint64{d.readBytes, d.writeBytes, d.reads, d.writes, d.readMillis, d.writeMillis})
		requests := float64(grown[2]) + float64(grown[3])
		micros := 1000 * (float64(grown[4]) + float64(grown[5]))
		s.add(m.names[0], per(float64(grown[0]), seconds, ok))
		s.add(m.names[1], per(float64(grown[1]), seconds, ok))
		s.add(m.names[2], per(requests, seconds, ok))
		s.add(m.names[3], per(micros, requests, ok && seconds > 0))
	}
	return nil
}

func (s *sampler) samplePressure(seconds float64) error {
	defer s.pressure.end()
	var failed error
	for _, resource := range []string{"cpu", "memory", "io"} {
		stalls, err := readPressure(s.host.proc, resource)
		if err != nil {
			failed = fmt.Errorf("read %s: %w", filepath.Join(s.host.proc, "pressure", resource), err)
			continue
		}
		for _, st := range stalls {
			m, grown, ok := s.pressure.step(resource+"_"+st.kind, [maxCounters]uint64{st.total})
			// The kernel's clock and ours do not agree to the microsecond.
			s.add(m.names[0], min(1, per(float64(grown[0])/1e6, seconds, ok)))
		}
	}
	return failed
}
