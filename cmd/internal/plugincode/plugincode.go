// Package plugincode has the exit codes of a monitoring plugin (Nagios, Icinga
// and their kind), for verbs that are asked for them.
package plugincode

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Verdict is such an exit code. It is an error, so that a verb can return it.
type Verdict int

// The verdicts.
const (
	Fine     = 0
	Warning  = 1
	Critical = 2
	Unknown  = 3 // also for wrong words, and who cannot be asked
)

// Flag asks for them.
const Flag = "exit-code"

func (v Verdict) Error() string { return fmt.Sprintf("exit code %d", int(v)) }

// AsError is nil for a verdict that all is fine.
func (v Verdict) AsError() error {
	if v == Fine {
		return nil
	}
	return v
}

// Add adds the flag to a verb's.
func Add(f *pflag.FlagSet, to *bool) {
	f.BoolVar(to, Flag, false, "exit as a monitoring plugin does: 0 fine, 1 warning, 2 critical, 3 unknown")
}

// Wanted says whether a plugin's exit codes are wanted, also by a command line
// that is wrong.
func Wanted(cmd *cobra.Command, args []string) bool {
	f := cmd.Flags().Lookup(Flag)
	return f != nil && (f.Value.String() == "true" || slices.Contains(args, "--"+Flag))
}

// End ends a plugin of a program with an error. Whoever runs one reads its
// standard output.
func End(stdout io.Writer, program string, err error) (code int) {
	var v Verdict
	if errors.As(err, &v) {
		return int(v)
	}
	fmt.Fprintf(stdout, "%s: %v\n", program, err)
	return Unknown
}
