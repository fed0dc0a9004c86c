package main

import (
	"time"

	"github.com/spf13/cobra"

	"perfmon/cmd/internal/verbs"
	"perfmon/monitor/api"
)

func newStatus() *cobra.Command {
	a := &agentFlags{}
	var codes bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "how the agent itself does, and how many alarms there are",
		Long: `status asks the running agent how it does: whether rows come, what it watches,
how many alarms there are, and whether each sink takes what it is told.

With --exit-code it is a monitoring plugin: 0 fine; 1 rows come, but a sink
takes nothing, trigger XML is wrong or the disk of the agent's state does not
work; 2 no rows come; 3 nobody knows: the agent is starting, or cannot be
asked. Alarms do not count: ask perfmonctl alarms --exit-code.

` + agentHelp,
		Example: `  perfmonctl status
  perfmonctl status --output json`,
		Args: verbs.NoArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.check(); err != nil {
				return err
			}
			s, answer, err := get[api.Status](cmd.Context(), a, "/v1/status", nil)
			if err != nil {
				return err
			}
			err = a.print(cmd, answer, func(screen) string { return statusText(&s, times{Now: time.Now()}) })
			if err == nil && codes {
				return statusVerdict(&s).AsError()
			}
			return err
		},
	}
	addPluginFlag(cmd.Flags(), &codes)
	a.add(cmd, "table")
	return cmd
}

// statusVerdict is what a monitoring plugin makes of it.
func statusVerdict(s *api.Status) verdict {
	switch {
	case s.State == api.StateTrouble:
		return pluginCritical
	case s.State != api.StateRunning:
		return pluginUnknown
	case s.Journal.Degraded, s.Counts.ConfigErrors > 0:
		return pluginWarning
	}
	for i := range s.Sinks {
		if !heard(&s.Sinks[i]) {
			return pluginWarning
		}
	}
	return pluginFine
}

// heard says whether a sink takes what it is told, as far as is known.
func heard(s *api.Sink) bool { return !s.Away && !late(s) && (s.Heartbeat == nil || *s.Heartbeat) }

// lateAfter is how long an event may wait, in seconds, before its sink is late.
const lateAfter = 60

func late(s *api.Sink) bool { return s.Queued > 0 && s.Oldest >= lateAfter }
