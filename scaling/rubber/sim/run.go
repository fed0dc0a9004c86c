package sim

import (
	"context"
	"fmt"
	"slices"
	"time"

	"perfmon/scaling/rubber/plan"
)

// Options are what is simulated. The zero value of each field is its default.
type Options struct {
	Traces   []*Trace      // given: these; none: synthetic ones of Kinds and Seeds
	Kinds    []string      // all
	Seeds    []uint64      // 1 to 5
	Boot     time.Duration // from request to first task; 120 s
	Start    time.Duration // what a start costs in machine time, besides; 3 min
	Cap      int           // machines at once; 50
	Slots    int           // tasks that one machine runs at once; 1
	Settings plan.Settings // of the planner; plan.DefaultSettings
	Names    []string      // of policies to be run; all of Policies
	Curve    bool          // have how demand and machines went over time, of the first trace of each kind
}

// Policies are the names of what can be run.
const (
	Rubber      = "rubber"
	AncestorLow = "ancestor 0.1"
	AncestorMid = "ancestor 0.2"
	AncestorOne = "ancestor 1"
	KEDA        = "KEDA + HPA"
	KEDARandom  = "KEDA + HPA, any victim"
	Optimum     = "optimum"
)

// Policies that are run where they are named, and stand in no table: the
// ancestor, had it counted what runs beside what waits. Its broker could not tell.
const (
	AncestorLowAll = "ancestor 0.1, running too"
	AncestorMidAll = "ancestor 0.2, running too"
	AncestorOneAll = "ancestor 1, running too"
)

// Policies lists those of every table, in its order.
func Policies() []string {
	return []string{AncestorLow, AncestorMid, AncestorOne, KEDARandom, KEDA, Rubber, Optimum}
}

func (o Options) withDefaults() Options {
	if len(o.Kinds) == 0 {
		o.Kinds = Kinds()
	}
	if len(o.Seeds) == 0 {
		o.Seeds = []uint64{1, 2, 3, 4, 5}
	}
	if o.Boot <= 0 {
		o.Boot = 120 * time.Second
	}
	if o.Start <= 0 {
		o.Start = 3 * time.Minute
	}
	if o.Cap <= 0 {
		o.Cap = 50
	}
	if o.Slots <= 0 {
		o.Slots = 1
	}
	if o.Settings == (plan.Settings{}) {
		o.Settings = plan.DefaultSettings()
	}
	if len(o.Names) == 0 {
		o.Names = Policies()
	}
	return o
}

// Result is what one policy did with one trace.
type Result struct {
	Policy  string
	Trace   string
	Seed    uint64 // 0 of a trace that was given
	Tasks   int
	Work    float64 // machine hours of pure work, for one slot
	Hours   float64 // machine hours paid for
	Mean    float64 // wait in seconds
	P95     float64
	Longest float64
	Starts  int
	Killed  int
	Cost    float64 // Hours and what starts cost, in machine hours
	Curve   []Point `json:",omitempty"`
}

// Point is how it stood at one time.
type Point struct {
	At       time.Duration
	Demand   int // tasks that wait or run
	Machines int // that are paid for
	Waiting  int
}

// Run simulates every policy on every trace. Progress, if not nil, is called
// before each run; the error is ctx's, or about the options.
func Run(ctx context.Context, o Options, progress func(done, all int, what string)) (*Report, error) {
	o = o.withDefaults()
	known := append(Policies(), AncestorLowAll, AncestorMidAll, AncestorOneAll)
	for _, n := range o.Names {
		if !slices.Contains(known, n) {
			return nil, fmt.Errorf("simulate: no policy %q: there are %q", n, known)
		}
	}
	if o.Settings.Interval <= 0 {
		return nil, fmt.Errorf("simulate: an interval of %s is none", o.Settings.Interval)
	}
	type job struct {
		trace func() (*Trace, error)
		what  string
		seed  uint64
		first bool
	}
	var jobs []job
	for _, t := range o.Traces {
		jobs = append(jobs, job{func() (*Trace, error) { return t, nil }, t.Name, 0, true})
	}
	if len(o.Traces) == 0 {
		for _, kind := range o.Kinds {
			for i, seed := range o.Seeds {
				jobs = append(jobs, job{func() (*Trace, error) { return Generate(kind, seed) }, fmt.Sprintf("%s, seed %d", kind, seed), seed, i == 0})
			}
		}
	}
	r := &Report{Options: o}
	for i, j := range jobs {
		t, err := j.trace()
		if err != nil {
			return nil, fmt.Errorf("simulate: %w", err)
		}
		for k, name := range o.Names {
			if err := ctx.Err(); err != nil {
				return nil, fmt.Errorf("simulate: %w", err)
			}
			if progress != nil {
				progress(i*len(o.Names)+k, len(jobs)*len(o.Names), name+" on "+j.what)
			}
			result := one(ctx, t, &o, name, o.Curve && j.first)
			result.Seed = j.seed
			r.Results = append(r.Results, result)
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("simulate: %w", err)
	}
	return r, nil
}

func newPolicy(name string, o *Options) policy {
	switch name {
	case AncestorLow, AncestorLowAll:
		return &ancestor{ratio: 0.1, threshold: 3, interval: 120 * time.Second, running: name == AncestorLowAll}
	case AncestorMid, AncestorMidAll:
		return &ancestor{ratio: 0.2, threshold: 3, interval: 120 * time.Second, running: name == AncestorMidAll}
	case AncestorOne, AncestorOneAll:
		return &ancestor{ratio: 1, threshold: 0, interval: 2 * time.Second, running: name == AncestorOneAll}
	case KEDA:
		return &hpa{}
	case KEDARandom:
		return &hpa{busy: true, random: 1}
	}
	return &planner{settings: o.Settings}
}

// one runs one policy on one trace.
func one(ctx context.Context, t *Trace, o *Options, name string, curve bool) Result {
	result := Result{Policy: name, Trace: t.Name, Tasks: len(t.Tasks), Work: t.Work().Hours()}
	if name == Optimum {
		for _, q := range t.Queues() {
			var tasks []Task
			for _, task := range t.Tasks {
				if task.Queue == q {
					tasks = append(tasks, task)
				}
			}
			paid, starts := optimum(tasks, o.Slots, o.Start)
			result.Hours += paid.Hours()
			result.Starts += starts
		}
		result.Cost = result.Hours + float64(result.Starts)*o.Start.Hours()
		return result
	}
	w := newWorld(t, o)
	p := newPolicy(name, o)
	drive(ctx, w, p, curve, &result)
	w.measure(&result)
	result.Cost = result.Hours + float64(result.Starts)*o.Start.Hours()
	return result
}

// drive lets time pass until every task is done and the span of the trace is over.
func drive(ctx context.Context, w *world, p policy, curve bool, result *Result) {
	end := max(w.trace.Span, lastArrival(w.trace)) + maxTail
	sample := max(w.trace.Span/720, time.Second)
	var nextSample time.Duration
	for tick := time.Duration(0); (w.left > 0 || tick < w.trace.Span) && tick < end && ctx.Err() == nil; tick += p.every() {
		w.until(tick)
		p.step(w)
		if curve && tick >= nextSample {
			nextSample += sample
			result.Curve = append(result.Curve, w.point())
		}
	}
	if w.now < w.trace.Span {
		w.until(w.trace.Span)
	}
	for q := range w.alive {
		for _, m := range w.alive[q] {
			w.paid += w.now - m.asked
		}
	}
}

// maxTail is how long after the end a policy may take to be done.
const maxTail = 7 * 24 * time.Hour

func lastArrival(t *Trace) time.Duration {
	if len(t.Tasks) == 0 {
		return 0
	}
	return t.Tasks[len(t.Tasks)-1].At
}

func (w *world) point() Point {
	p := Point{At: w.now, Machines: w.total}
	for q := range w.wait {
		running, _, _ := w.running(q)
		p.Waiting += len(w.wait[q])
		p.Demand += len(w.wait[q]) + running
	}
	return p
}

// measure fills in waits. A task that never began waited until the end.
func (w *world) measure(r *Result) {
	r.Hours, r.Starts, r.Killed = w.paid.Hours(), w.starts, w.killed
	if len(w.start) == 0 {
		return
	}
	waits := make([]float64, len(w.start))
	for i, s := range w.start {
		if s < 0 {
			s = w.now
		}
		waits[i] = max(0, (s - w.trace.Tasks[i].At).Seconds())
		r.Mean += waits[i] / float64(len(waits))
	}
	slices.Sort(waits)
	r.P95 = waits[(len(waits)*95+99)/100-1]
	r.Longest = waits[len(waits)-1]
}
