package sim

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// Report is what was simulated, and what came of it.
type Report struct {
	Options Options `json:"-"`
	Results []Result
}

// Mean is the mean over seeds of what a policy did with traces of a name; the
// number of traces is in Seed.
func (r *Report) Mean(trace, policy string) (Result, bool) {
	sum := Result{Policy: policy, Trace: trace}
	n := 0.0
	for _, x := range r.Results {
		if x.Trace != trace || x.Policy != policy {
			continue
		}
		n++
		sum.Tasks += x.Tasks
		sum.Work += x.Work
		sum.Hours += x.Hours
		sum.Mean += x.Mean
		sum.P95 += x.P95
		sum.Longest = max(sum.Longest, x.Longest)
		sum.Starts += x.Starts
		sum.Killed += x.Killed
		sum.Cost += x.Cost
		if x.Curve != nil {
			sum.Curve = x.Curve
		}
	}
	if n == 0 {
		return sum, false
	}
	sum.Seed = uint64(n)
	sum.Tasks, sum.Starts, sum.Killed = int(float64(sum.Tasks)/n), int(float64(sum.Starts)/n+0.5), int(float64(sum.Killed)/n+0.5)
	sum.Work, sum.Hours, sum.Mean, sum.P95, sum.Cost = sum.Work/n, sum.Hours/n, sum.Mean/n, sum.P95/n, sum.Cost/n
	return sum, true
}

// Traces are the names of traces, in the order of results.
func (r *Report) Traces() []string {
	var names []string
	for _, x := range r.Results {
		if len(names) == 0 || names[len(names)-1] != x.Trace {
			names = append(names, x.Trace)
		}
	}
	return names
}

func runs(n uint64) string {
	if n == 1 {
		return "1 run"
	}
	return fmt.Sprintf("means of %d runs", n)
}

// Table writes means over seeds, a table a trace.
func (r *Report) Table(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, trace := range r.Traces() {
		head := false
		for _, policy := range r.Options.Names {
			x, ok := r.Mean(trace, policy)
			if !ok {
				continue
			}
			if !head { // the first line has no cells, and makes none wider
				fmt.Fprintf(w, "\n  %s (%d tasks, %.1f machine hours of work, %s)\n", trace, x.Tasks, x.Work, runs(x.Seed))
				fmt.Fprintf(w, "policy\tVM-h\twait s\tp95 s\tmax s\tstarts\tkilled\tcost h\t\n")
				head = true
			}
			fmt.Fprintf(w, "%s\t%.1f\t%.1f\t%.0f\t%.0f\t%d\t%d\t%.1f\t\n", policy, x.Hours, x.Mean, x.P95, x.Longest, x.Starts, x.Killed, x.Cost)
		}
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("write the table: %w", err)
	}
	return nil
}
