package main

import (
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

func addPluginFlag(f *pflag.FlagSet, to *bool) { plugincode.Add(f, to) }
