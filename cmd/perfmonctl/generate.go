package main

import (
	"github.com/spf13/cobra"

	"perfmon/cmd/internal/manual"
)

// newGenerate is for those who make packages, so no help shows it.
func newGenerate() *cobra.Command {
	return &cobra.Command{
		Use:    "generate DIR",
		Short:  "write manual pages and completions into a directory",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			date, err := manual.Date()
			if err != nil {
				return err
			}
			if err := manual.Write(cmd.Root(), args[0], date, version); err != nil {
				return failed(err)
			}
			return nil
		},
	}
}
