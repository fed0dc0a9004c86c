package rrd

import "math"

var nan32 = float32(math.NaN())

// dataSource is one series with its rows and with what is under way.
//
// Consolidation is rrdtool's. Updates are gathered into primary data points
// (5 s), weighted with the seconds that they stand for; a point is unknown
// when more than half of it is. When one update closes several points, all
// of them are the mean over their whole time. Points are gathered into rows.
// Where xcp-rrdd departs from rrdtool it errs, and is not followed: there a
// row with no known point is 0, one whose unknown points come first is too
// low, and MIN and MAX of a row also see the point before it.
type dataSource struct {
	name   string
	absent int64 // seconds for which no update has named it

	sum   float64 // of value × seconds, over the known part of the open point
	known int64   // seconds
	rows  [len(archives)]openRow
	rings [len(archives)][]float32
}

// openRow is a row that has not got all its points.
type openRow struct {
	value   float64 // sum, least or greatest of the known points
	unknown int64   // points
}

// newDataSource makes one that is unknown up to the time last.
func newDataSource(name string, last int64) *dataSource {
	total := 0
	for _, a := range archives {
		total += a.rows
	}
	all := make([]float32, total)
	for i := range all {
		all[i] = nan32
	}
	s := &dataSource{name: name}
	for k, a := range archives {
		s.rings[k], all = all[:a.rows:a.rows], all[a.rows:]
	}
	s.reopen(last)
	return s
}

// reopen makes what is under way unknown up to the time t.
func (s *dataSource) reopen(t int64) {
	s.sum, s.known = 0, 0
	for k, a := range archives {
		s.rows[k].reset(a.cf)
		s.rows[k].unknown = t / pdpSeconds % a.pdps
	}
}

// take counts value for so many seconds of the open point.
func (s *dataSource) take(value float64, seconds int64) {
	if seconds > 0 && !math.IsNaN(value) {
		s.sum += value * float64(seconds)
		s.known += seconds
	}
}

// close ends the open point, which with those that follow it up to now is so
// many seconds long, and says what it is.
func (s *dataSource) close(seconds int64) float64 {
	point := math.NaN()
	if 2*s.known >= seconds {
		point = s.sum / float64(s.known)
	}
	s.sum, s.known = 0, 0
	return point
}

func (o *openRow) reset(cf CF) {
	o.unknown = 0
	switch cf {
	case Min:
		o.value = math.Inf(1)
	case Max:
		o.value = math.Inf(-1)
	default:
		o.value = 0
	}
}

// add counts the same point n times.
func (o *openRow) add(cf CF, point float64, n int64) {
	switch {
	case n <= 0:
	case math.IsNaN(point):
		o.unknown += n
	case cf == Min:
		o.value = min(o.value, point)
	case cf == Max:
		o.value = max(o.value, point)
	default:
		o.value += point * float64(n)
	}
}

// result is the value of the row, once all its points have been added.
func (o *openRow) result(a archive) float64 {
	switch {
	case o.unknown == a.pdps, float64(o.unknown) > a.xff*float64(a.pdps):
		return math.NaN()
	case a.cf == Average:
		return o.value / float64(a.pdps-o.unknown)
	}
	return o.value
}

// consolidate adds r.points to archive k of each data source, each of them
// elapsed times. Before them there were so many points since 1970, which
// makes the times of rows multiples of their step.
func (r *RRD) consolidate(k int, before, elapsed int64) {
	a := archives[k]
	missing := a.pdps - before%a.pdps // from the row under way
	rest, push := int64(0), 0
	if elapsed >= missing {
		rest = (elapsed - missing) % a.pdps
		// The row under way, then as many whole rows of the same point as
		// the ring can hold.
		push = 1 + int(min((elapsed-missing)/a.pdps, int64(a.rows)))
	}
	at := r.newest[k]
	for i, s := range r.sources {
		row, ring, point := &s.rows[k], s.rings[k], r.points[i]
		row.add(a.cf, point, min(missing, elapsed))
		if push == 0 {
			continue
		}
		value := float32(row.result(a))
		for n := range push {
			ring[(at+1+n)%a.rows] = value
			value = float32(point)
		}
		row.reset(a.cf)
		row.add(a.cf, point, rest)
	}
	r.newest[k] = (at + push) % a.rows
}
