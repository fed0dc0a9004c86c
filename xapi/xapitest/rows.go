package xapitest

import (
	"math"
	"path"
	"slices"
	"sync"
	"time"

	"perfmon/rrd"
)

// Sample is a value of one data source for AddRow. Class is one of rrd's
// classes.
type Sample struct {
	Class, UUID, Name string
	Value             float64 // NaN is unknown
}

// Force overrides data sources for a while, whatever their series say.
type Force struct {
	Class, UUID string
	Name        string  // path.Match pattern, such as "cpu*"
	Value       float64 // NaN is unknown
	// From and To bound the points that are overridden: those that end after
	// From and not after To.
	From, To time.Time
}

// owner is an object with an RRD.
type owner struct {
	class, uuid string
	sources     []*source
}

// rows is what xcp-rrdd holds. All RRDs are updated together.
type rows struct {
	mu sync.Mutex
	// mu guards everything that follows.
	minmax  bool
	history int64    // seconds
	owners  []*owner // in the order of the legend, but for the class
	last    int64    // time of the last point, a multiple of 5; 0 before the first
	updated int64    // time of the last update, not before last
	live    bool     // there is a series, so that time goes on by itself
	stalled bool
}

func (r *rows) init(opt Options) {
	r.minmax = opt.MinMax
	r.history = int64(opt.History / time.Second)
}

// source finds or makes a data source.
func (r *rows) source(class, uuid, name string) *source {
	var o *owner
	for _, have := range r.owners {
		if have.class == class && have.uuid == uuid {
			o = have
		}
	}
	if o == nil {
		o = &owner{class: class, uuid: uuid}
		r.owners = append(r.owners, o)
	}
	for _, s := range o.sources {
		if s.name == name {
			return s
		}
	}
	s := &source{name: name, minmax: class == rrd.ClassHost || r.minmax}
	o.sources = append(o.sources, s)
	return s
}

// SetSeries makes value the source of a column: it is asked once for every
// point of 5 s, with the Unix time t at which the point ends, as the server's
// clock reaches it. When rows are first asked for, points are taken from
// Options.History before. It is called from the server's goroutines, one at
// a time, and must not call the Server. Columns of an object keep the order
// in which they were set; objects too, within their class.
func (s *Server) SetSeries(class, uuid, name string, value func(t int64) float64) {
	r := &s.rows
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.last != 0 {
		r.catchUp(s.clock())
	}
	r.source(class, uuid, name).series = value
	r.live = true
}

// AddRow sets the points of the row that ends at t and stands for step
// seconds (5, 60, 3600 or 86400; t is a multiple of it) to the values given.
// Time moves to t; what lies between the last row and this one, and columns
// not named that have no series, are unknown. A t that is not later than the
// last row sets the time back, as a host's clock may be.
func (s *Server) AddRow(t, step int64, samples ...Sample) {
	r := &s.rows
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.last == 0 || t <= r.last {
		r.last = t - step
	}
	values := map[*source]float64{}
	for _, v := range samples {
		values[r.source(v.Class, v.UUID, v.Name)] = v.Value
	}
	r.advance(t-step, nil)
	r.advance(t, values)
	r.updated = t
}

// ForceSeries overrides what columns that exist are. Later orders win.
func (s *Server) ForceSeries(f Force) {
	r := &s.rows
	r.mu.Lock()
	defer r.mu.Unlock()
	r.catchUp(s.clock())
	for _, o := range r.owners {
		if o.class != f.Class || o.uuid != f.UUID {
			continue
		}
		for _, c := range o.sources {
			if ok, err := path.Match(f.Name, c.name); ok && err == nil {
				c.forced = slices.DeleteFunc(c.forced, func(old Force) bool { return old.To.Unix() < r.last })
				c.forced = append(c.forced, f)
			}
		}
	}
}

// RemoveSeries takes an object with all its columns out of the rows, or only
// the columns named.
func (s *Server) RemoveSeries(class, uuid string, names ...string) {
	r := &s.rows
	r.mu.Lock()
	defer r.mu.Unlock()
	r.owners = slices.DeleteFunc(r.owners, func(o *owner) bool {
		if o.class != class || o.uuid != uuid {
			return false
		}
		o.sources = slices.DeleteFunc(o.sources, func(c *source) bool { return slices.Contains(names, c.name) })
		return len(names) == 0 || len(o.sources) == 0
	})
}

// StallRows makes xcp-rrdd stop sampling, or go on. What was missed is
// unknown.
func (s *Server) StallRows(on bool) {
	r := &s.rows
	r.mu.Lock()
	defer r.mu.Unlock()
	r.catchUp(s.clock())
	if r.stalled && !on && r.live {
		series := map[*source]float64{}
		for _, o := range r.owners {
			for _, c := range o.sources {
				series[c] = math.NaN()
			}
		}
		r.advance(s.clock().Unix()/pdpStep*pdpStep, series)
	}
	r.stalled = on
}

func (r *rows) rename(from, to string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, o := range r.owners {
		if o.uuid == from {
			o.uuid = to
		}
	}
}

// catchUp takes the points up to now, where there are series to take them
// from. A clock set back relabels the rows, as it does in rrdd: the newest
// has the new time, and nothing is dropped.
func (r *rows) catchUp(now time.Time) {
	if !r.live || r.stalled {
		return
	}
	t := now.Unix()
	if r.last == 0 {
		r.last = (t - r.history) / pdpStep * pdpStep
	}
	r.advance(t/pdpStep*pdpStep, nil)
	r.last = t / pdpStep * pdpStep
	r.updated = t
}

// maxEvaluations bounds the work of one leap of the clock: points further
// back than that are unknown.
const maxEvaluations = 20_000_000

// advance takes the points up to t, from given where a source is in it.
func (r *rows) advance(t int64, given map[*source]float64) {
	columns := 0
	for _, o := range r.owners {
		columns += len(o.sources)
	}
	if points := (t - r.last) / pdpStep; columns > 0 && points > maxEvaluations/int64(columns) {
		r.last = t - maxEvaluations/int64(columns)*pdpStep
		for _, o := range r.owners {
			for _, c := range o.sources {
				*c = source{name: c.name, minmax: c.minmax, series: c.series, forced: c.forced}
			}
		}
	}
	for next := r.last + pdpStep; next <= t; next += pdpStep {
		for _, o := range r.owners {
			for _, c := range o.sources {
				v, ok := given[c]
				if !ok {
					v = c.value(next)
				}
				c.push(next, v)
			}
		}
		r.last = next
	}
}
