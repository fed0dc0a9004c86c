package main

import (
	"errors"
	"os"

	"github.com/spf13/cobra"

	"perfmon/cmd/internal/systemctl"
	"perfmon/cmd/internal/takeover"
)

func newTakeover() *cobra.Command {
	var undo, dryRun bool
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
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if os.Geteuid() != 0 && !dryRun {
				return failed(errors.New("takeover changes units and host plugins: run it as root, or look with --dry-run what it would do"))
			}
			o := takeover.Options{
				Root: "/", Manager: systemctl.Control{}, Program: takeover.DefaultProgram,
				Out: cmd.OutOrStdout(), DryRun: dryRun,
			}
			do := takeover.Take
			if undo {
				do = takeover.Undo
			}
			if err := do(cmd.Context(), o); err != nil {
				return failed(err)
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&undo, "undo", false, "put back what was there before")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "say what would be done, and do nothing")
	return cmd
}
