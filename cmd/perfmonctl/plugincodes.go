package main

import (
	"io"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"perfmon/cmd/internal/plugincode"
)

// Exit codes with --exit-code: those of a monitoring plugin, whatever happens.
const (
	pluginFine     = plugincode.Fine
	pluginWarning  = plugincode.Warning
	pluginCritical = plugincode.Critical
	pluginUnknown  = plugincode.Unknown // also for wrong words, and an agent that cannot be asked
)

type verdict = plugincode.Verdict

func addPluginFlag(f *pflag.FlagSet, to *bool)      { plugincode.Add(f, to) }
func plugin(cmd *cobra.Command, args []string) bool { return plugincode.Wanted(cmd, args) }
func pluginError(stdout io.Writer, err error) int   { return plugincode.End(stdout, "perfmonctl", err) }
