package sim

import (
	"fmt"
	"io"
	"math"
	"text/tabwriter"
)

// What is to be reached on every trace, with one setting for all.
const (
	GoalHours  = 0.9 // machine hours, as a part of KEDA + HPA's
	GoalWait   = 1.0 // mean wait, and p95, as a part of KEDA + HPA's
	GoalCost   = 2.0 // cost, as a part of the optimum's
	GoalStarts = 0.5 // starts, as a part of the ancestor's at ratio 1
)

// Score is how rubber stands beside the others on one trace.
type Score struct {
	Trace  string
	Seed   uint64 // 0: the mean of all
	Killed int
	Hours  float64 // all as parts, see the Goal constants
	Mean   float64
	P95    float64
	Cost   float64
	Starts float64
}

// Margin is by how much the goal that is the furthest away is missed, as a part
// of it: 0.03 is 3 %, and below 0 it is reached. KilledTasks miss it altogether.
func (s Score) Margin() float64 {
	if s.Killed > 0 {
		return math.Inf(1)
	}
	return max(s.Hours/GoalHours, s.Mean/GoalWait, s.P95/GoalWait, s.Cost/GoalCost, s.Starts/GoalStarts) - 1
}

// Reached is whether all of the goal is.
func (s Score) Reached() bool { return s.Margin() <= 0 }

// Scores compares, for each trace its seeds one by one, then the mean of them.
// Those are left out where one of the policies needed was not run.
func (r *Report) Scores() []Score {
	var list []Score
	for _, trace := range r.Traces() {
		runs := map[uint64]map[string]Result{}
		var seeds []uint64
		for _, x := range r.Results {
			if x.Trace != trace {
				continue
			}
			if runs[x.Seed] == nil {
				runs[x.Seed] = map[string]Result{}
				seeds = append(seeds, x.Seed)
			}
			runs[x.Seed][x.Policy] = x
		}
		for _, seed := range seeds {
			if s, ok := score(trace, seed, func(p string) (Result, bool) { x, ok := runs[seed][p]; return x, ok }); ok && len(seeds) > 1 {
				list = append(list, s)
			}
		}
		if s, ok := score(trace, 0, func(p string) (Result, bool) { return r.Mean(trace, p) }); ok {
			list = append(list, s)
		}
	}
	return list
}

func score(trace string, seed uint64, of func(policy string) (Result, bool)) (Score, bool) {
	ours, ok1 := of(Rubber)
	keda, ok2 := of(KEDA)
	old, ok3 := of(AncestorOne)
	best, ok4 := of(Optimum)
	return Score{
		Trace: trace, Seed: seed, Killed: ours.Killed,
		Hours: part(ours.Hours, keda.Hours), Mean: part(ours.Mean, keda.Mean), P95: part(ours.P95, keda.P95),
		Cost: part(ours.Cost, best.Cost), Starts: part(float64(ours.Starts), float64(old.Starts)),
	}, ok1 && ok2 && ok3 && ok4
}

// part is a / b; nothing is as much as nothing.
func part(a, b float64) float64 {
	if a == b {
		return 1
	}
	return a / b
}

// GoalTable writes how rubber stands beside the goal.
func (r *Report) GoalTable(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "trace\tseed\tVM-h\twait\tp95\tcost\tstarts\tkilled\tgoal\t\n")
	fmt.Fprintf(w, "beside\t\tKEDA\tKEDA\tKEDA\toptimum\tancestor 1\t\t\t\n")
	fmt.Fprintf(w, "goal\t\t≤ %.2f\t≤ %.2f\t≤ %.2f\t≤ %.2f\t≤ %.2f\t0\t\t\n", GoalHours, GoalWait, GoalWait, GoalCost, GoalStarts)
	for _, s := range r.Scores() {
		seed := "mean"
		if s.Seed > 0 {
			seed = fmt.Sprint(s.Seed)
		}
		verdict := "reached"
		if s.Trace == Batches {
			verdict = "no part of it"
		} else if !s.Reached() {
			verdict = fmt.Sprintf("missed by %.1f %%", 100*s.Margin())
		}
		fmt.Fprintf(w, "%s\t%s\t%.3f\t%.3f\t%.3f\t%.3f\t%.3f\t%d\t%s\t\n", s.Trace, seed, s.Hours, s.Mean, s.P95, s.Cost, s.Starts, s.Killed, verdict)
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("write the goal: %w", err)
	}
	return nil
}
