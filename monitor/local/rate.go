package local

import "math"

// meters keep the counters of one sort of device from one sample to the
// next. All devices of a sort have the same counters.
type meters struct {
	prefix string   // of the names of data sources: disk_
	suffix []string // the rest of the names: _read, _write
	by     map[string]*meter
}

// maxCounters is how many counters a sort of device can have.
const maxCounters = 6

// meter is what is known of one device.
type meter struct {
	names []string // of its data sources
	last  [maxCounters]uint64
	seen  bool // in the sample under way
	fresh bool // has no counters of the sample before
}

func newMeters(prefix string, suffix ...string) *meters {
	return &meters{prefix: prefix, suffix: suffix, by: map[string]*meter{}}
}

// step takes the counters of a device and returns its meter and how much
// each counter grew since the sample before. It says false when that is
// unknown: the device is new, or a counter went backwards, which tells that
// the device was reset and that none of them can be trusted.
func (m *meters) step(device string, now [maxCounters]uint64) (*meter, [maxCounters]uint64, bool) {
	d := m.by[device]
	if d == nil {
		d = &meter{fresh: true}
		for _, s := range m.suffix {
			d.names = append(d.names, m.prefix+device+s)
		}
		m.by[device] = d
	}
	var grown [maxCounters]uint64
	ok := !d.fresh
	for i, n := range now {
		if n < d.last[i] {
			ok = false
		}
		grown[i] = n - d.last[i]
	}
	d.last, d.seen, d.fresh = now, true, false
	return d, grown, ok
}

// end forgets the devices that the sample did not have. When they come back
// they begin anew.
func (m *meters) end() {
	for name, d := range m.by {
		if !d.seen {
			delete(m.by, name)
		}
		d.seen = false
	}
}

// per is n over d, unknown when d is 0 or ok is false.
func per(n, d float64, ok bool) float64 {
	if !ok || d <= 0 {
		return math.NaN()
	}
	return n / d
}
