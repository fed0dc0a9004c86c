package main

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"perfmon/cmd/internal/console"
	"perfmon/cmd/internal/verbs"
	"perfmon/scaling/rubber/api"
)

// planned is what rubber plan --output json prints.
type planned struct {
	API    string    `json:"api"`
	Role   string    `json:"role"`
	Paused bool      `json:"paused"`
	Plan   *api.Plan `json:"plan"`
	// Why each profile is held as it is, of those that are.
	Holds map[string][]string `json:"holds"`
	// Of --config alone.
	Checks  []check      `json:"checks,omitempty"`
	Clouds  []api.Source `json:"clouds,omitempty"`
	Brokers []api.Source `json:"brokers,omitempty"`
	Notes   []string     `json:"notes,omitempty"`
}

func newPlan() *cobra.Command {
	a := &asking{}
	var f serveFlags
	var wait time.Duration
	cmd := &cobra.Command{
		Use:   "plan",
		Short: "what would be done now, and the reason for each line of it",
		Long: `plan has the running rubber look at everything and plan at once, and prints
the plan. Unless rubber is paused or plans only, it carries the plan out.

Of the columns, NEED is what the work asks for, LIMIT how much of that the
profile gets of the cap now, and WANT what is aimed at.

With --config it asks no running rubber: it reads that configuration, looks
and plans once itself, and changes nothing. It checks that machines could be
made of each profile, as far as its cloud can say so without making one. It
knows no records, so machines that a running rubber has are shown as strange,
and it hears neither alarms of an embedded engine nor a webhook.

Exit codes: 0 done, 1 wrong words, 2 rubber could not be asked or the file not
be read, 3 the configuration is wrong: also if a check failed, or nobody knows
what a queue holds.`,
		Example: `  rubber plan
  rubber plan --config /etc/rubber/rubber.yaml     # a dry run`,
		Args: verbs.NoArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := verbs.CheckOutput(a.output); err != nil {
				return err
			}
			if !cmd.Flags().Changed("config") {
				if cmd.Flags().Changed("wait") {
					return errors.New("--wait is for a dry run: want --config as well")
				}
				return planNow(cmd, a)
			}
			if wait <= 0 {
				return errors.New("--wait: want a time, such as 20s")
			}
			ctx, stop := verbs.Interruptible()
			defer stop()
			return planOnce(ctx, cmd, f, wait, a.output)
		},
	}
	a.add(cmd)
	cmd.Flags().StringVar(&f.config, "config", "", "`FILE` with a configuration: look and plan once, and change nothing")
	cmd.Flags().BoolVar(&f.debug, "debug", false, "with --config: show the log")
	cmd.Flags().DurationVar(&wait, "wait", 20*time.Second, "with --config: how long to wait for those who are asked, at most")
	return cmd
}

// planNow has the running rubber plan.
func planNow(cmd *cobra.Command, a *asking) error {
	s, _, err := a.post(cmd.Context(), "/v1/plan", "")
	if err != nil {
		return err
	}
	plans, _, err := get[api.Plans](cmd.Context(), a, "/v1/plans", url.Values{"n": {"1"}})
	if err != nil {
		return err
	}
	out := planned{API: api.Version1, Role: s.Role, Paused: s.Paused}
	if n := len(plans.Plans); n > 0 {
		out.Plan = &plans.Plans[n-1]
	}
	out.holds(s)
	return out.print(cmd, a.output)
}

// holds takes what a plan says of those for which it does nothing.
func (p *planned) holds(s *api.Status) {
	p.Holds = map[string][]string{}
	for i := range s.Profiles {
		for _, reason := range s.Profiles[i].Reasons {
			if text, ok := strings.CutPrefix(reason, "hold"); ok {
				p.Holds[s.Profiles[i].Name] = append(p.Holds[s.Profiles[i].Name], strings.TrimLeft(text, ": "))
			}
		}
	}
}

func (p *planned) print(cmd *cobra.Command, format string) error {
	answer, err := console.JSON(p)
	if err != nil {
		return verbs.Failed(err)
	}
	return verbs.Print(cmd, format, answer, p.text)
}

// planOnce looks and plans in this process.
func planOnce(ctx context.Context, cmd *cobra.Command, f serveFlags, wait time.Duration, format string) error {
	out, err := lookOnce(ctx, f, wait, cmd.ErrOrStderr())
	if ctx.Err() != nil {
		return verbs.ErrInterrupted
	}
	if err != nil {
		return err
	}
	if err := out.print(cmd, format); err != nil {
		return err
	}
	if out.wrong() {
		return verbs.Ended(verbs.ExitProblem)
	}
	return nil
}

// wrong says whether something has to be mended.
func (p *planned) wrong() bool {
	for _, c := range p.Checks {
		if c.Error != "" {
			return true
		}
	}
	if p.Plan == nil {
		return true
	}
	for _, t := range p.Plan.Targets {
		if t.Waits == nil {
			return true
		}
	}
	return false
}
