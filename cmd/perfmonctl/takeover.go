package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"perfmon/cmd/internal/systemctl"
	"perfmon/cmd/internal/takeover"
	"perfmon/cmd/internal/verbs"
)

// taken is what perfmonctl takeover --output json prints. A takeover that was
// broken off has the steps before, and why.
type taken struct {
	Undo   bool     `json:"undo"`
	DryRun bool     `json:"dry_run"`
	Steps  []string `json:"steps"`
	Error  string   `json:"error,omitempty"`
}

// takenAsJSON does the work, and prints its steps when it is over.
func takenAsJSON(out io.Writer, o takeover.Options, report taken, do func(takeover.Options) error) error {
	var lines bytes.Buffer
	o.Out = &lines
	done := do(o)
	report.Steps = []string{}
	for line := range strings.Lines(lines.String()) {
		report.Steps = append(report.Steps, strings.TrimRight(line, "\n"))
	}
	if done != nil {
		report.Error = done.Error()
	}
	if err := writeJSON(out, report); err != nil || done == nil {
		return err
	}
	return verbs.Failed(done)
}

func newTakeover() *cobra.Command {
	var undo, dryRun bool
	var output string
	cmd := &cobra.Command{
		Use:   "takeover",
		Short: "put the agent in the place of the stock daemon, or back",
		Long: `takeover stops the stock daemon's unit and keeps it from being started, puts our
host plugin in the place of the stock one (for xe host-call-plugin and
XenCenter), and starts the agent. What was there before is kept in
` + takeover.StateDir + `, and --undo puts every byte of it back. Broken off
anywhere, it can be run again, or undone.`,
		Example: `  perfmonctl takeover --dry-run
  perfmonctl takeover
  perfmonctl takeover --undo`,
		Args: verbs.NoArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := verbs.CheckOutput(output); err != nil {
				return err
			}
			if os.Geteuid() != 0 && !dryRun {
				return verbs.Failed(errors.New("takeover changes units and host plugins: run it as root, or look with --dry-run what it would do"))
			}
			o := takeover.Options{
				Root: "/", Manager: systemctl.Control{}, Program: takeover.DefaultProgram,
				Out: cmd.OutOrStdout(), DryRun: dryRun,
			}
			do := takeover.Take
			if undo {
				do = takeover.Undo
			}
			if output == "json" {
				return takenAsJSON(cmd.OutOrStdout(), o, taken{Undo: undo, DryRun: dryRun}, func(o takeover.Options) error { return do(cmd.Context(), o) })
			}
			if err := do(cmd.Context(), o); err != nil {
				return verbs.Failed(err)
			}
			return nil
		},
	}
	verbs.AddOutput(cmd, &output)
	cmd.Flags().BoolVar(&undo, "undo", false, "put back what was there before")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "say what would be done, and do nothing")
	return cmd
}
