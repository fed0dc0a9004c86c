package verbs

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"perfmon/cmd/internal/console"
)

// AddOutput adds the flag of a verb that prints data, for people in a table.
func AddOutput(cmd *cobra.Command, to *string) { AddFormat(cmd, to, "table") }

// AddFormat is AddOutput where the format for people has another name.
func AddFormat(cmd *cobra.Command, to *string, plain string) {
	cmd.Flags().StringVar(to, "output", plain, "`FORMAT` of the output: "+plain+" or json")
	Offer(cmd, "output", plain, "json")
}

// CheckOutput refuses what is no format.
func CheckOutput(format string) error { return CheckFormat(format, "table") }

// CheckFormat is CheckOutput where the format for people has another name. It
// can be called a table everywhere.
func CheckFormat(format, plain string) error {
	if format != plain && format != "table" && format != "json" {
		return fmt.Errorf("--output %q: want %s or json", format, plain)
	}
	return nil
}

// Offer completes a flag with fixed words.
func Offer(cmd *cobra.Command, flag string, fixed ...string) {
	// The error is of a flag that there is not, or has its words already.
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(fixed, cobra.ShellCompDirectiveNoFileComp))
}

// Print prints an answer as it is in JSON, otherwise what plain makes of it.
func Print(cmd *cobra.Command, format string, answer []byte, plain func(console.Screen) string) error {
	out := cmd.OutOrStdout()
	if format == "json" {
		return Write(out, string(answer))
	}
	on := console.ScreenOf(out)
	return Write(out, on.Finish(plain(on)))
}

// Write writes output.
func Write(out io.Writer, text string) error {
	if err := console.Write(out, text); err != nil {
		return Failed(err)
	}
	return nil
}

// NoArguments wants none.
func NoArguments(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("unexpected argument %q: %s takes none", args[0], cmd.Name())
	}
	return nil
}
