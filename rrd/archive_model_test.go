package rrd

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// model keeps every primary data point and makes a row only when asked, from
// its points alone.
type model struct {
	last   int64
	sum    float64
	known  int64
	first  int64             // point
	points map[int64]float64 // by number since 1970; absent is unknown
}

func (m *model) update(t int64, v float64) {
	interval := t - m.last
	if interval > 300 {
		v = math.NaN()
	}
	take := func(seconds int64) {
		if !math.IsNaN(v) {
			m.sum += v * float64(seconds)
			m.known += seconds
		}
	}
	if from, to := m.last/5, t/5; from == to {
		take(interval)
	} else {
		take(to*5 - m.last)
		if interval <= 300 && float64(m.known) >= 2.5*float64(to-from) {
			for i := from; i < to; i++ {
				m.points[i] = m.sum / float64(m.known)
			}
		}
		m.sum, m.known = 0, 0
		take(t - to*5)
	}
	m.last = t
}

// row is the row of so many points that ends at the time t.
func (m *model) row(cf CF, t, pdps int64) float64 {
	sum, least, greatest, n := 0.0, math.Inf(1), math.Inf(-1), 0.0
	for i := max(t/5-pdps, m.first); i < t/5; i++ {
		if p, ok := m.points[i]; ok {
			sum, least, greatest, n = sum+p, min(least, p), max(greatest, p), n+1
		}
	}
	switch {
	case n == 0:
		return math.NaN()
	case cf == Min:
		return least
	case cf == Max:
		return greatest
	}
	return sum / n
}

func TestAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		start := base + rapid.Int64Range(0, 200_000).Draw(t, "start")
		r := NewRRD(ClassHost, "h")
		m := model{last: start, first: start / 5, points: map[int64]float64{}}
		one(r, start, 0)
		step := rapid.OneOf(rapid.Just(int64(5)), rapid.Int64Range(1, 12), rapid.Int64Range(1, 400), rapid.Int64Range(1, 9000))
		for range rapid.IntRange(1, 300).Draw(t, "updates") {
			v := math.NaN()
			if rapid.IntRange(0, 4).Draw(t, "known") > 0 {
				v = float64(rapid.IntRange(-1000, 1000).Draw(t, "value"))
			}
			next := m.last + step.Draw(t, "step")
			m.update(next, v)
			one(r, next, v)
		}
		for k, a := range archives {
			for i := range a.rows {
				at := m.last/a.step()*a.step() - int64(i)*a.step()
				got := r.sources[0].rings[k][(r.newest[k]-i+a.rows)%a.rows]
				want := math.NaN()
				if at > start {
					want = m.row(a.cf, at, a.pdps)
				}
				near := math.Abs(float64(got)-want) <= 1e-6*max(1, math.Abs(want))
				if !near && !(isNaN32(got) && math.IsNaN(want)) {
					t.Fatalf("%s of %d s at %d: %v, want %v", a.cf, a.step(), at, got, want)
				}
			}
		}
	})
}
