package sim

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// Kinds of synthetic traces, one day each.
const (
	Diurnal = "diurnal" // by day more than by night
	Bursts  = "bursts"  // little all day, and 12 times 60 tasks at once
	Both    = "both"    // diurnal, and the same bursts
	Flash   = "flash"   // little all day, and once a crowd that stays for an hour
	Batches = "batches" // nothing all day, and every hour ten tasks at once; no part of the goal
)

// Kinds lists those that the goal is measured on.
func Kinds() []string { return []string{Diurnal, Bursts, Both, Flash} }

// Named lists all that Generate knows.
func Named() []string { return append(Kinds(), Batches) }

// shape is what a synthetic trace is made of.
type shape struct {
	work   float64 // pure work, machine hours; the trace is scaled to it
	base   float64 // mean load of the steady part, tasks at once
	swing  float64 // how much of it goes up and down with the day
	bursts int
	crowd  float64 // highest load of the crowd, tasks at once
	spread float64 // of batches: seconds within which one comes; 0: there are none
}

var shapes = map[string]shape{
	Diurnal: {work: 88.6, base: 88.6 / 24, swing: 0.8},
	Bursts:  {work: 40.8, base: 28.8 / 24, bursts: 12},
	Both:    {work: 100.5, base: 88.5 / 24, swing: 0.8, bursts: 12},
	Flash:   {work: 58.1, base: 28.8 / 24, crowd: 40},
	Batches: {work: 4, spread: 1},
}

const (
	day       = 24 * time.Hour
	meanTask  = 60.0 // seconds
	sigmaTask = 1.0  // of the logarithm
	burstSize = 60   // tasks
	burstTime = 60.0 // seconds within which they come
	batchSize = 10   // tasks
)

// Generate makes a synthetic trace. The same kind and seed always give the same
// one; all of a kind have the same pure work, to the second.
func Generate(kind string, seed uint64) (*Trace, error) {
	s, ok := shapes[kind]
	if !ok {
		return nil, fmt.Errorf("generate a trace: no kind %q: there are %v", kind, Named())
	}
	return s.generate(kind, seed), nil
}

func (s shape) generate(kind string, seed uint64) *Trace {
	random := rand.New(rand.NewPCG(seed, uint64(len(kind))<<32|uint64(kind[0])))
	var at []float64
	span := day.Seconds()
	top := s.base * (1 + s.swing)
	peak := (0.2 + 0.6*random.Float64()) * span // of the crowd
	if s.crowd > 0 {
		top += s.crowd
	}
	// Poisson arrivals of a rate that changes, by thinning.
	for t := random.ExpFloat64() * meanTask / top; top > 0 && t < span; t += random.ExpFloat64() * meanTask / top {
		load := s.base * (1 - s.swing*math.Cos(2*math.Pi*t/span))
		if s.crowd > 0 {
			load += s.crowd * crowd(t-peak)
		}
		if random.Float64()*top < load {
			at = append(at, t)
		}
	}
	for range s.bursts {
		begin := random.Float64() * (span - 3600)
		for range burstSize {
			at = append(at, begin+random.Float64()*burstTime)
		}
	}
	if s.spread > 0 {
		for hour := 0.0; hour < span; hour += 3600 {
			begin := hour + random.Float64()*2400
			for range batchSize {
				at = append(at, begin+random.Float64()*s.spread)
			}
		}
	}
	slices.Sort(at)
	t := &Trace{Name: kind, Span: day}
	runs, sum := make([]float64, len(at)), 0.0
	for i := range runs {
		runs[i] = math.Exp(sigmaTask*random.NormFloat64() - sigmaTask*sigmaTask/2)
		sum += runs[i]
	}
	for i, when := range at {
		t.Tasks = append(t.Tasks, Task{At: seconds(when), Run: seconds(runs[i] * s.work * 3600 / sum), Queue: "default"})
	}
	slices.SortStableFunc(t.Tasks, func(a, b Task) int { return cmp.Compare(a.At, b.At) })
	return t
}

// crowd is how much of a crowd is there so many seconds after it began to come:
// all within two minutes, for half an hour, and then it goes slowly.
func crowd(t float64) float64 {
	switch {
	case t < 0:
		return 0
	case t < 120:
		return t / 120
	case t < 1800:
		return 1
	}
	return math.Exp(-(t - 1800) / 900)
}
