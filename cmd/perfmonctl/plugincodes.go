package main

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Exit codes with --exit-code: those of a monitoring plugin (Nagios, Icinga
// and their kind), whatever happens.
const (
	pluginFine     = 0
	pluginWarning  = 1
	pluginCritical = 2
	pluginUnknown  = 3 // also for wrong words, and an agent that cannot be asked
)

const pluginFlag = "exit-code"

// verdict is such an exit code.
type verdict int

func (v verdict) Error() string { return fmt.Sprintf("exit code %d", int(v)) }

// asError is nil for a verdict that all is fine.
func (v verdict) asError() error {
	if v == pluginFine {
		return nil
	}
	return v
}

func addPluginFlag(f *pflag.FlagSet, to *bool) {
	f.BoolVar(to, pluginFlag, false, "exit as a monitoring plugin does: 0 fine, 1 warning, 2 critical, 3 unknown")
}

// plugin says whether a plugin's exit codes are wanted, also by a command line
// that is wrong.
func plugin(cmd *cobra.Command, args []string) bool {
	f := cmd.Flags().Lookup(pluginFlag)
	return f != nil && (f.Value.String() == "true" || slices.Contains(args, "--"+pluginFlag))
}

// pluginError ends a plugin. Whoever runs one reads its standard output.
func pluginError(stdout io.Writer, err error) int {
	var v verdict
	if errors.As(err, &v) {
		return int(v)
	}
	fmt.Fprintf(stdout, "perfmonctl: %v\n", err)
	return pluginUnknown
}
