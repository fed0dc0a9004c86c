package main

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"perfmon/alarm"
	"perfmon/cmd/internal/verbs"
	"perfmon/monitor/api"
)

// states are those of a variable.
var states = []string{
	alarm.Inactive.String(), alarm.Pending.String(), alarm.Firing.String(), alarm.Clearing.String(), alarm.NoData.String(),
}

func newAlarms() *cobra.Command {
	a := &agentFlags{}
	var only []string
	var watch, codes bool
	cmd := &cobra.Command{
		Use:   "alarms [OBJECT]",
		Short: "what is not fine now, the worst first",
		Long: `alarms lists the variables that fire, have no data, or are about to fire
(pending), of all objects of this host or of one. --watch goes on with each
alarm that is raised, repeated or cleared, until it is interrupted; a restart of
the agent is waited for, and what was missed meanwhile is shown. With --output
json that is one line for each, and no list before.

With --exit-code it is a monitoring plugin: 2 an alarm is critical, 1 a warning,
3 a variable has no data or the agent cannot be asked, 0 otherwise. What a
silence, maintenance or contention holds back does not count.

` + objectHelp + `

` + agentHelp,
		Example: `  perfmonctl alarms
  perfmonctl alarms vm:web-01 --watch
  perfmonctl alarms --state firing,clearing --exit-code`,
		Args: atMost(1, "one OBJECT at a time"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := a.check(); err != nil {
				return err
			}
			query := url.Values{}
			for _, state := range only {
				if !slices.Contains(states, state) {
					return fmt.Errorf("--state %q: want some of %s", state, strings.Join(states, ", "))
				}
			}
			if len(only) > 0 {
				query.Set("state", strings.Join(only, ","))
			}
			if watch && (codes || len(only) > 0) {
				return errors.New("--watch shows what changes: it has neither --exit-code nor --state")
			}
			if len(args) == 1 {
				query.Set("object", args[0])
			}
			if watch {
				w := &watcher{agentFlags: a, cmd: cmd, query: query}
				return w.run()
			}
			list, answer, err := get[api.Variables](cmd.Context(), a, "/v1/alarms", query)
			if err != nil {
				return err
			}
			err = a.print(cmd, answer, func(on screen) string { return alarmsText(&list, times{Now: time.Now()}, on) })
			if err == nil && codes {
				return alarmsVerdict(&list).AsError()
			}
			return err
		},
		ValidArgsFunction: arguments(a, objectWords),
	}
	f := cmd.Flags()
	f.StringSliceVar(&only, "state", nil, "only those in the `STATES`, of inactive, pending, firing, clearing, nodata")
	f.BoolVar(&watch, "watch", false, "go on with what changes")
	addPluginFlag(f, &codes)
	verbs.Offer(cmd, "state", states...)
	a.add(cmd, "table")
	return cmd
}

// alarmsVerdict is what a monitoring plugin makes of a list.
func alarmsVerdict(list *api.Variables) verdict {
	worst := verdict(pluginFine)
	for i := range list.Variables {
		v := &list.Variables[i]
		switch fires := v.State == alarm.Firing.String() || v.State == alarm.Clearing.String(); {
		case v.Muted != "":
		case fires && v.Severity != alarm.Warning:
			return pluginCritical
		case fires:
			worst = pluginWarning
		case v.State == alarm.NoData.String() && worst == pluginFine:
			worst = pluginUnknown
		}
	}
	return worst
}
