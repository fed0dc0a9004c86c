package xapitest

import "math"

const pdpStep = 5 // seconds of a primary data point

// shape is one size of archive: how many points make a row, and how many
// rows there are.
type shape struct{ pdps, rows int64 }

// shapes are the stock archives: ten minutes, two hours, a week, a year.
var shapes = [...]shape{{1, 120}, {12, 120}, {720, 168}, {17280, 366}}

func (s shape) step() int64 { return s.pdps * pdpStep }
func (s shape) span() int64 { return s.step() * s.rows }

// ring holds the newest rows of one archive of one data source, as float32,
// which is what rrdd keeps. It is allocated when the first row is closed.
type ring struct {
	values []float32
	pushed int64
}

func (r *ring) push(v float64, rows int64) {
	if r.values == nil {
		r.values = make([]float32, rows)
	}
	r.values[r.pushed%rows] = float32(v)
	r.pushed++
}

// peek is the i-th newest row. What has not been pushed is unknown.
func (r *ring) peek(i int64) float64 {
	n := int64(len(r.values))
	if i >= r.pushed || i >= n {
		return math.NaN()
	}
	return float64(r.values[(r.pushed-1-i)%n])
}

// Consolidation functions, in the order of a legend's blocks.
var cfNames = [...]string{"AVERAGE", "MIN", "MAX"}

// source is a data source with its archives: AVERAGE of every shape, and MIN
// and MAX of those coarser than a point if its RRD was made with them.
type source struct {
	name   string
	minmax bool
	series func(t int64) float64 // nil: unknown unless forced or given
	forced []Force
	open   [len(shapes)]openRow
	rings  [len(shapes)][len(cfNames)]ring
}

// openRow gathers the points of a row.
type openRow struct {
	sum, min, max float64
	known         int64
}

// push closes the point that ends at t, and the rows that end there.
func (s *source) push(t int64, v float64) {
	for k, sh := range shapes {
		o := &s.open[k]
		if !math.IsNaN(v) {
			if o.known == 0 {
				o.min, o.max = v, v
			}
			o.known++
			o.sum += v
			o.min, o.max = min(o.min, v), max(o.max, v)
		}
		if t%sh.step() != 0 {
			continue
		}
		s.rings[k][0].push(s.result(o, sh, o.sum/float64(o.known)), sh.rows)
		if s.minmax && k > 0 {
			s.rings[k][1].push(s.result(o, sh, o.min), sh.rows)
			s.rings[k][2].push(s.result(o, sh, o.max), sh.rows)
		}
		*o = openRow{}
	}
}

// result is v, unless too much of the row is unknown: half of it (xff 0.5),
// or all of it (xff 1) where the archives were made with MIN and MAX.
func (s *source) result(o *openRow, sh shape, v float64) float64 {
	unknown := sh.pdps - o.known
	if o.known == 0 || !s.minmax && 2*unknown > sh.pdps {
		return math.NaN()
	}
	return v
}

// value is what the source is at the point that ends at t.
func (s *source) value(t int64) float64 {
	for i := len(s.forced) - 1; i >= 0; i-- {
		if f := &s.forced[i]; t > f.From.Unix() && t <= f.To.Unix() {
			return f.Value
		}
	}
	if s.series == nil {
		return math.NaN()
	}
	return s.series(t)
}
