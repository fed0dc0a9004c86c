package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"perfmon/cmd/internal/verbs"
)

// atMost wants no more than so many arguments.
func atMost(n int, why string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) > n {
			return fmt.Errorf("unexpected argument %q: %s", args[n], why)
		}
		return nil
	}
}

// aVerb wants one of the verbs of a command, and has been given none of them.
func aVerb(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return fmt.Errorf("unknown command %q for %q%s", args[0], cmd.CommandPath(), verbs.DidYouMean(cmd, args[0]))
}
