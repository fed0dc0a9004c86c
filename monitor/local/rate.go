package local

import "math"

// meters keep the counters of one sort of device from one sample to the
// next. All devices of a sort have the same counters.
type meters struct {
	prefix string   // of the names of data sources: disk_
	suffix []string // the rest of the names: _read, _write
	by     map[string]*meter
	round  int // number of the sample under way, from 1
	there  int // how many devices it has so far
}

// maxCounters is how many counters a sort of device can have.
const maxCounters = 6

// meter is what is known of one device.
type meter struct {
	device string
	kind   kind
	looks  int      // how often it was looked up what kind it is
	names  []string // of its data sources, once it has been measured
	last   [maxCounters]uint64
	// The samples that had the device last, and its counters; 0 for none.
	there, measured int
}

func newMeters(prefix string, suffix ...string) *meters {
	return &meters{prefix: prefix, suffix: suffix, by: map[string]*meter{}, round: 1}
}

// find returns the meter of a device that the sample under way has.
func (m *meters) find(device []byte) *meter {
	d := m.by[string(device)]
	if d == nil {
		d = &meter{device: string(device)}
		m.by[d.device] = d
	}
	if d.there != m.round {
		d.there = m.round
		m.there++
	}
	return d
}

// step takes the counters of a device and returns how much each of them grew
// since the sample before. It says false when that is unknown: the device was
// not measured then, or is there twice, or a counter went backwards, which
// tells that the device was reset and that none of them can be trusted.
func (m *meters) step(d *meter, now [maxCounters]uint64) ([maxCounters]uint64, bool) {
	if d.names == nil {
		for _, s := range m.suffix {
			d.names = append(d.names, m.prefix+d.device+s)
		}
	}
	var grown [maxCounters]uint64
	ok := d.measured > 0 && d.measured == m.round-1
	for i, n := range now {
		if n < d.last[i] {
			ok = false
		}
		grown[i] = n - d.last[i]
	}
	d.last, d.measured = now, m.round
	return grown, ok
}

// end forgets the devices that the sample did not have. When they come back
// they begin anew.
func (m *meters) end() {
	if m.there < len(m.by) {
		for name, d := range m.by {
			if d.there != m.round {
				delete(m.by, name)
			}
		}
	}
	m.round, m.there = m.round+1, 0
}

// per is n over d, unknown when d is 0 or ok is false.
func per(n, d float64, ok bool) float64 {
	if !ok || d <= 0 {
		return math.NaN()
	}
	return n / d
}
