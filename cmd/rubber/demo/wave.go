package demo

import (
	"math"
	"math/rand/v2"
	"time"
)

// Wave is how jobs come: none for a while, then more and more and fewer again,
// over and over.
type Wave struct {
	Period  time.Duration // from one crest to the next
	Highest float64       // jobs a second at the crest
	Mean    time.Duration // that a job runs
	Chance  *rand.Rand    // owned by the wave
}

// Rate is the jobs a second that come at a time since the beginning. A third
// of each period has none, so that machines are seen to go.
func (w *Wave) Rate(at time.Duration) float64 {
	phase := math.Mod(float64(at)/float64(w.Period), 1)
	if phase >= 2.0/3 {
		return 0
	}
	return w.Highest * math.Pow(math.Sin(phase*1.5*math.Pi), 2)
}

// Next draws the jobs of a short time: how long each of them runs.
func (w *Wave) Next(at, short time.Duration) []time.Duration {
	var jobs []time.Duration
	for range w.count(w.Rate(at) * short.Seconds()) {
		// Exponential, within a tenth and three times the mean: a demonstration
		// does not wait for one long job.
		run := time.Duration(w.Chance.ExpFloat64() * float64(w.Mean))
		jobs = append(jobs, min(max(run, w.Mean/10), 3*w.Mean))
	}
	return jobs
}

// count draws from a Poisson distribution with a small mean, by Knuth's
// product of uniforms (The Art of Computer Programming 2, 3.4.1).
func (w *Wave) count(mean float64) int {
	limit, n := math.Exp(-mean), 0
	for p := w.Chance.Float64(); p > limit; p *= w.Chance.Float64() {
		n++
	}
	return n
}
