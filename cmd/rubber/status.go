package main

import (
	"fmt"
	"net/url"
	"strconv"

	"github.com/spf13/cobra"

	"perfmon/cmd/internal/console"
	"perfmon/cmd/internal/plugincode"
	"perfmon/cmd/internal/verbs"
	"perfmon/scaling/rubber/api"
)

// mostListed is how many machines a status has at most.
const mostListed = 5000

func newStatus() *cobra.Command {
	a := &asking{}
	var codes, machines bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "how queues, machines, clouds and brokers stand",
		Long: `status asks the running rubber how it does: for each profile what waits and
how many machines there are and shall be, the machines that give trouble, and
whether clouds, brokers, the alarms and the engine can be asked.

With --exit-code it is a monitoring plugin: 0 fine; 1 it works, but it is
paused, no machine can be had, a machine takes too long, or somebody cannot be
asked; 2 what a queue holds is not known, or it cannot act; 3 nobody knows: it
starts, or cannot be asked. An instance that stands by is fine.

` + askHelp,
		Example: `  rubber status
  rubber status --machines         # every machine, not only those in trouble
  rubber status --output json`,
		Args: verbs.NoArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := verbs.CheckOutput(a.output); err != nil {
				return err
			}
			var query url.Values
			if machines {
				query = url.Values{"machines": {strconv.Itoa(mostListed)}}
			}
			s, answer, err := get[api.Status](cmd.Context(), a, "/v1/status", query)
			if err != nil {
				return err
			}
			err = a.print(cmd, answer, func(on console.Screen) string { return statusText(&s, machines, on) })
			if err == nil && codes {
				return verdictOf(&s).AsError()
			}
			return err
		},
	}
	plugincode.Add(cmd.Flags(), &codes)
	cmd.Flags().BoolVar(&machines, "machines", false, fmt.Sprintf("list machines that give no trouble as well, %d at most", mostListed))
	a.add(cmd)
	return cmd
}

// verdictOf is what a monitoring plugin makes of a status.
func verdictOf(s *api.Status) plugincode.Verdict {
	switch {
	case s.Role == "starting":
		return plugincode.Unknown
	case s.Role == "standby":
		return plugincode.Fine
	case s.Problem != "", len(s.Unread) > 0, len(s.Rivals) > 0:
		return plugincode.Critical
	}
	worst := plugincode.Verdict(plugincode.Fine)
	if s.Paused || len(s.Brakes) > 0 || len(s.Strange) > 0 || s.Engine != nil && !s.Engine.OK {
		worst = plugincode.Warning
	}
	for i := range s.Profiles {
		p := &s.Profiles[i]
		if p.Waits == nil {
			return plugincode.Critical
		}
		if p.Blocked != "" {
			worst = plugincode.Warning
		}
	}
	for i := range s.Machines {
		if s.Machines[i].Overdue {
			worst = plugincode.Warning
		}
	}
	for _, list := range [][]api.Source{s.Clouds, s.Brokers} {
		for _, source := range list {
			if !source.OK {
				worst = plugincode.Warning
			}
		}
	}
	for _, h := range s.Hearing {
		if !h.Connected {
			worst = plugincode.Warning
		}
	}
	return worst
}
