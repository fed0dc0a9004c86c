package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"perfmon/cmd/internal/console"
	"perfmon/cmd/internal/verbs"
	"perfmon/scaling/rubber/sim"
)

// maxSeeds is how many times a synthetic trace can be asked for.
const maxSeeds = 100

// simulation is what rubber simulate is asked for.
type simulation struct {
	sim.Options
	traces []string // names of synthetic ones, and files
	seeds  int
	svg    string
	config string
	output string
}

func newSimulate() *cobra.Command {
	var s simulation
	cmd := &cobra.Command{
		Use:   "simulate",
		Short: "try the planner on a day of work, beside others",
		Long: `simulate runs the planner over a trace of tasks in fast motion, beside the
daemon that rubber descends from, KEDA with the HorizontalPodAutoscaler, and
the cheapest plan there is for somebody who knows the future. It needs no
broker and no cloud. It prints machine hours, waits, starts and killed tasks
of each, and how rubber stands beside its goal.

A trace is one of these, which are made of a seed:
` + strings.Join(sim.Named(), ", ") + ` (which is no part of the goal);
or a file in CSV, a line a task, with the time at which it came and for how long
it ran, both in seconds, and the queue, which may be left out:

  time,duration,queue
  1732283000.25,61.7,tiles
  1732283001.00,12.4,tiles

Exit codes: 0 done, 1 wrong words, 2 a file could not be read or written,
130 it was broken off with Ctrl-C. That a goal is missed is no error.`,
		Example: `  rubber simulate                           # five days of each kind
  rubber simulate --trace tasks.csv --boot 90s --max-machines 20
  rubber simulate --trace flash --seeds 1 --svg chart.svg
  rubber simulate --config rubber.yaml   # with its planner's numbers`,
		Args: verbs.NoArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := s.check(); err != nil {
				return err
			}
			ctx, stop := verbs.Interruptible()
			defer stop()
			return s.run(ctx, cmd)
		},
	}
	f := cmd.Flags()
	f.StringArrayVar(&s.traces, "trace", nil, "`TRACE` by its name, or a file in CSV; may be given more than once (default all that the goal is measured on)")
	f.IntVar(&s.seeds, "seeds", 5, "how many days of each trace that has a name: with seeds 1 to `N`")
	f.DurationVar(&s.Boot, "boot", 120*time.Second, "`TIME` from the request for a machine to its first task")
	f.DurationVar(&s.Start, "start-cost", 3*time.Minute, "what a start costs, as `TIME` of a machine")
	f.IntVar(&s.Cap, "max-machines", 50, "`N` machines at once, at most")
	f.IntVar(&s.Slots, "slots", 1, "`N` tasks that a machine runs at once")
	f.StringVar(&s.svg, "svg", "", "write a chart into this `FILE`")
	f.StringVar(&s.config, "config", "", "`FILE` with a configuration whose planner's numbers are used")
	verbs.AddOutput(cmd, &s.output)
	_ = cmd.RegisterFlagCompletionFunc("trace", func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return sim.Named(), cobra.ShellCompDirectiveDefault
	})
	return cmd
}

func (s *simulation) check() error {
	if err := verbs.CheckOutput(s.output); err != nil {
		return err
	}
	switch {
	case s.seeds < 1 || s.seeds > maxSeeds:
		return fmt.Errorf("--seeds %d: want 1 to %d", s.seeds, maxSeeds)
	case s.Cap < 1 || s.Cap > 100_000:
		return fmt.Errorf("--max-machines %d: want 1 to 100000", s.Cap)
	case s.Slots < 1 || s.Slots > 10_000:
		return fmt.Errorf("--slots %d: want 1 to 10000", s.Slots)
	case s.Boot < time.Second || s.Boot > 24*time.Hour:
		return fmt.Errorf("--boot %v: want 1s to 24h", s.Boot)
	case s.Start < time.Second || s.Start > 24*time.Hour:
		return fmt.Errorf("--start-cost %v: want 1s to 24h", s.Start)
	}
	return nil
}

// read takes the traces and the planner's numbers from their files.
func (s *simulation) read(cmd *cobra.Command) error {
	for i := range s.seeds {
		s.Seeds = append(s.Seeds, uint64(i+1))
	}
	for _, name := range s.traces {
		if slices.Contains(sim.Named(), name) {
			s.Kinds = append(s.Kinds, name)
			continue
		}
		t, err := readTrace(name)
		if err != nil {
			return err
		}
		s.Traces = append(s.Traces, t)
	}
	if s.config != "" {
		c, err := (&serveFlags{config: s.config}).load(cmd.ErrOrStderr())
		if err != nil {
			return err
		}
		s.Settings = c.Planner
		if !cmd.Flags().Changed("max-machines") {
			s.Cap = c.Cap
		}
	}
	return nil
}

func readTrace(path string) (*sim.Trace, error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, verbs.Failed(fmt.Errorf("--trace %q: there is no such file, and the traces with a name are %s", path, strings.Join(sim.Named(), ", ")))
	}
	if err != nil {
		return nil, verbs.Failed(err)
	}
	defer f.Close()
	t, err := sim.ReadCSV(f, filepath.Base(path))
	if err != nil {
		return nil, verbs.Failed(fmt.Errorf("%s: %w", path, err))
	}
	return t, nil
}

func (s *simulation) run(ctx context.Context, cmd *cobra.Command) error {
	if err := s.read(cmd); err != nil {
		return err
	}
	report, err := s.simulate(ctx, cmd)
	if ctx.Err() != nil {
		return verbs.ErrInterrupted
	}
	if err != nil {
		return verbs.Failed(err)
	}
	if s.svg != "" {
		var chart bytes.Buffer
		if err = report.SVG(&chart); err == nil {
			err = os.WriteFile(s.svg, chart.Bytes(), 0o644)
		}
		if err != nil {
			return verbs.Failed(err)
		}
	}
	answer, err := console.JSON(simulatedOf(report))
	if err != nil {
		return verbs.Failed(err)
	}
	return verbs.Print(cmd, s.output, answer, func(console.Screen) string { return reportText(report) })
}

// simulate runs what is asked for: files and traces with a name are two runs of
// the simulator, and one report.
func (s *simulation) simulate(ctx context.Context, cmd *cobra.Command) (*sim.Report, error) {
	tell := console.NewProgress(cmd.ErrOrStderr())
	defer tell.Done()
	say := func(done, all int, what string) { tell.Say(what, done, all) }
	o := s.Options
	o.Curve = s.svg != ""
	if len(o.Traces) == 0 || len(o.Kinds) == 0 {
		return sim.Run(ctx, o, say)
	}
	named := o
	named.Traces = nil
	report, err := sim.Run(ctx, o, say)
	if err != nil {
		return nil, err
	}
	more, err := sim.Run(ctx, named, say)
	if err != nil {
		return nil, err
	}
	report.Results = append(report.Results, more.Results...)
	return report, nil
}

func reportText(r *sim.Report) string {
	var b bytes.Buffer
	// Neither can fail: a buffer takes all.
	_ = r.Table(&b)
	b.WriteString("\n")
	_ = r.GoalTable(&b)
	return strings.TrimLeft(b.String(), "\n")
}

// simulated is what rubber simulate --output json prints. Times are seconds.
type simulated struct {
	Results []simResult `json:"results"`
	Scores  []simScore  `json:"scores"`
}

type simResult struct {
	Policy   string  `json:"policy"`
	Trace    string  `json:"trace"`
	Seed     uint64  `json:"seed,omitempty"`
	Tasks    int     `json:"tasks"`
	Work     float64 `json:"work_hours"`
	Hours    float64 `json:"vm_hours"`
	Mean     float64 `json:"wait_mean_s"`
	P95      float64 `json:"wait_p95_s"`
	Longest  float64 `json:"wait_longest_s"`
	Starts   int     `json:"starts"`
	Killed   int     `json:"killed"`
	CostHour float64 `json:"cost_vm_hours"`
}

// simScore is rubber beside the others; null where there is nothing to divide
// by.
type simScore struct {
	Trace   string   `json:"trace"`
	Seed    uint64   `json:"seed,omitempty"` // absent: the mean of all
	Killed  int      `json:"killed"`
	Hours   *float64 `json:"vm_hours_of_keda"`
	Mean    *float64 `json:"wait_mean_of_keda"`
	P95     *float64 `json:"wait_p95_of_keda"`
	Cost    *float64 `json:"cost_of_optimum"`
	Starts  *float64 `json:"starts_of_ancestor"`
	Reached bool     `json:"reached"`
}

func simulatedOf(r *sim.Report) simulated {
	out := simulated{Results: []simResult{}, Scores: []simScore{}}
	for _, x := range r.Results {
		out.Results = append(out.Results, simResult{x.Policy, x.Trace, x.Seed, x.Tasks, x.Work, x.Hours, x.Mean, x.P95, x.Longest, x.Starts, x.Killed, x.Cost})
	}
	finite := func(v float64) *float64 {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil
		}
		return &v
	}
	for _, x := range r.Scores() {
		out.Scores = append(out.Scores, simScore{x.Trace, x.Seed, x.Killed, finite(x.Hours), finite(x.Mean), finite(x.P95), finite(x.Cost), finite(x.Starts), x.Reached()})
	}
	return out
}
