package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

// writeJSON writes a value.
func writeJSON(out io.Writer, v any) error {
	text, err := asJSON(v)
	if err != nil {
		return failed(err)
	}
	return write(out, string(text))
}

// addOutput adds the flag of a verb that asks no agent.
func addOutput(cmd *cobra.Command, to *string) {
	cmd.Flags().StringVar(to, "output", "table", "`FORMAT` of the output: table or json")
	offer(cmd, "output", "table", "json")
}

// checkOutput refuses what is no format.
func checkOutput(format string) error {
	if format != "table" && format != "json" {
		return fmt.Errorf("--output %q: want table or json", format)
	}
	return nil
}
