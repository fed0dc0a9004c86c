package rrd

import (
	"math"
	"slices"
	"sync"
)

// Bounds of an RRD, so that churn of names (hot-plugged devices, containers)
// cannot grow its memory: at about 10 KB a data source a full one takes
// some 40 MB.
const (
	// MaxDataSources is how many data sources one RRD keeps.
	MaxDataSources = 4096
	// MaxNameBytes is the longest name of a data source.
	MaxNameBytes = 256
	// MaxAbsence is for how many seconds of updated time a data source may
	// go unnamed before it is dropped with its rows: a week, the span of the
	// hourly rows.
	MaxAbsence = 7 * 24 * 3600
)

const (
	pdpSeconds = 5   // a primary data point
	heartbeat  = 300 // a longer time between two updates is unknown
	// maxTime keeps sums of times far from overflow; it is past the year
	// 285 million.
	maxTime = 1 << 53
)

// archive is the shape of one ring of rows, the same for every data source.
type archive struct {
	cf   CF
	pdps int64 // primary data points that make a row
	rows int
	// xff is the part of a row's points that may be unknown before the row
	// is unknown. A row with none known is unknown whatever xff says.
	xff float64
}

// archives are the stock archives of a host, in the stock order, which
// decides which of them answers a query: ten minutes, two hours, a week, a
// year. Source: create_rras and timescales of xen-api's xcp-rrdd.
var archives = [...]archive{
	{Average, 1, 120, 0.5},
	{Average, 12, 120, 1}, {Min, 12, 120, 1}, {Max, 12, 120, 1},
	{Average, 720, 168, 1}, {Min, 720, 168, 1}, {Max, 720, 168, 1},
	{Average, 17280, 366, 1}, {Min, 17280, 366, 1}, {Max, 17280, 366, 1},
}

// step is the number of seconds that a row stands for.
func (a archive) step() int64 { return a.pdps * pdpSeconds }

// span is the number of seconds that all rows together stand for.
func (a archive) span() int64 { return a.step() * int64(a.rows) }

// Sample is one measured value of a data source. NaN is unknown.
type Sample struct {
	Name  string
	Value float64
}

// RRD is the data sources of one owner and their round-robin archives, as a
// toolstack keeps them for its host: rows of 5 s for ten minutes (AVERAGE),
// and rows of a minute for two hours, of an hour for a week and of a day for
// a year (each AVERAGE, MIN and MAX). Values are kept as float32.
//
// It is filled by one writer with Update and read by any number of readers
// with Updates and Save; all methods may be called at the same time.
type RRD struct {
	class string
	uuid  string

	mu sync.Mutex
	// mu guards everything that follows

	last    int64 // time of the last update; 0 before the first
	sources []*dataSource
	index   map[string]int     // name to position in sources
	newest  [len(archives)]int // position of the newest row in each ring
	legends map[CF]*Legend     // made so far; "" has several functions
	values  []float64          // of the update under way, as sources
	points  []float64          // the primary data points it completes
	refused uint64
}

// NewRRD makes an empty RRD for the owner that the legend will name by class
// (ClassHost, ClassVM or ClassSR) and uuid. Either has at most 256 bytes if
// the RRD is to be loaded again.
func NewRRD(class, uuid string) *RRD {
	return &RRD{class: class, uuid: uuid, index: map[string]int{}, legends: map[CF]*Legend{}}
}

// Class is the owner's, as the legend has it.
func (r *RRD) Class() string { return r.class }

// UUID is the owner's, as the legend has it.
func (r *RRD) UUID() string { return r.uuid }

// LastUpdate is the Unix time of the newest update, 0 before the first.
func (r *RRD) LastUpdate() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.last
}

// Len is the number of data sources.
func (r *RRD) Len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.sources)
}

// Refused counts the samples that were not kept, because MaxDataSources were
// in use at the same time or the name was empty or too long.
func (r *RRD) Refused() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.refused
}

// Update adds the samples taken at t, Unix seconds. They stand for the time
// since the update before; the first update only starts the clock. When that
// time is longer than 300 s all of it is unknown. A data source that is not
// among the samples is unknown for this time, a new one is unknown before
// it; of two samples with one name the last counts. Values are rates or
// gauges, ready to be averaged.
//
// It reports false, and changes nothing, when t is not later than the last
// update. The samples are not kept.
//
// Data sources keep the order in which they came. When there is no room for
// a new one it takes the place of the one that has been absent for longest.
func (r *RRD) Update(t int64, samples []Sample) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if t <= r.last || t > maxTime {
		return false
	}
	if r.last == 0 {
		// Unknown before: the first update has no time to stand for.
		r.last = t
		r.place(0, samples)
		return true
	}
	interval := t - r.last
	r.place(min(interval, heartbeat), samples)
	r.advance(t, interval)
	r.last = t
	r.dropAbsent()
	return true
}

// place puts the samples into r.values in the order of r.sources, with NaN
// for those not named, after it has made room for new names. Each source not
// named grows older by absent seconds.
func (r *RRD) place(absent int64, samples []Sample) {
	r.values = r.values[:0]
	for _, s := range r.sources {
		s.absent += absent
		r.values = append(r.values, math.NaN())
	}
	known := 0
	for i, sample := range samples {
		// Samples mostly come in the order of the update before.
		at := i
		if at >= len(r.sources) || r.sources[at].name != sample.Name {
			var ok bool
			if at, ok = r.index[sample.Name]; !ok {
				continue
			}
		}
		known++
		r.sources[at].absent = 0
		r.values[at] = sample.Value
	}
	if known == len(samples) {
		return
	}
	for _, sample := range samples {
		at, ok := r.index[sample.Name]
		if !ok {
			if at, ok = r.add(sample.Name); !ok {
				r.refused++
				continue
			}
		}
		r.values[at] = sample.Value
	}
}

// add makes a data source that is unknown up to the last update, and says
// where it stands.
func (r *RRD) add(name string) (int, bool) {
	if name == "" || len(name) > MaxNameBytes {
		return 0, false
	}
	at := len(r.sources)
	if at == MaxDataSources {
		oldest := int64(0)
		for i, s := range r.sources {
			if s.absent > oldest {
				at, oldest = i, s.absent
			}
		}
		if oldest == 0 {
			return 0, false
		}
		delete(r.index, r.sources[at].name)
		r.sources[at] = newDataSource(name, r.last)
	} else {
		r.sources = append(r.sources, newDataSource(name, r.last))
		r.values = append(r.values, math.NaN())
	}
	r.index[name] = at
	clear(r.legends)
	return at, true
}

// advance brings every data source from the last update to t with r.values.
func (r *RRD) advance(t, interval int64) {
	from, to := r.last/pdpSeconds, t/pdpSeconds // primary data points closed so far
	elapsed := to - from
	before, after := interval, int64(0) // of the interval, within and after those closed now
	if elapsed > 0 {
		after = t - to*pdpSeconds
		before = interval - after
	}
	stale := interval > heartbeat
	r.points = r.points[:0]
	for i, s := range r.sources {
		value := r.values[i]
		if stale {
			value = math.NaN()
		}
		s.take(value, before)
		if elapsed > 0 {
			point := s.close(elapsed * pdpSeconds)
			if stale {
				point = math.NaN()
			}
			r.points = append(r.points, point)
			s.take(value, after)
		}
	}
	if elapsed == 0 {
		return
	}
	for k := range archives {
		r.consolidate(k, from, elapsed)
	}
}

// dropAbsent forgets the data sources that nobody has named for MaxAbsence.
func (r *RRD) dropAbsent() {
	gone := func(s *dataSource) bool { return s.absent > MaxAbsence }
	if !slices.ContainsFunc(r.sources, gone) {
		return
	}
	r.sources = slices.DeleteFunc(r.sources, gone)
	clear(r.index)
	for i, s := range r.sources {
		r.index[s.name] = i
	}
	clear(r.legends)
}

// Rewind sets the time back to t, for a clock that was set back: rows later
// than t are dropped and the row under way is unknown up to t, so that
// updates count again from t on. It does nothing when t is not before the
// last update.
func (r *RRD) Rewind(t int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t = max(t, 0)
	if t >= r.last {
		return
	}
	for k, a := range archives {
		drop := min(r.last/a.step()-t/a.step(), int64(a.rows))
		for range drop {
			for _, s := range r.sources {
				s.rings[k][r.newest[k]] = nan32
			}
			r.newest[k] = (r.newest[k] - 1 + a.rows) % a.rows
		}
	}
	for _, s := range r.sources {
		s.reopen(t)
	}
	r.last = t
}
