package main

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"perfmon/cmd/internal/verbs"
	"perfmon/monitor/api"
)

// versions is what perfmonctl version --output json prints.
type versions struct {
	Tool    string `json:"perfmonctl"`
	Go      string `json:"go"`
	Agent   string `json:"perfmon,omitempty"` // absent if it could not be asked
	API     string `json:"api,omitempty"`
	Started int64  `json:"started,omitempty"`
	Error   string `json:"error,omitempty"` // why it could not
}

func newVersion() *cobra.Command {
	a := &agentFlags{}
	var alone bool
	cmd := &cobra.Command{
		Use:   "version",
		Short: "the versions of perfmonctl and of the running agent",
		Long: `version prints the version of perfmonctl, and that of the agent that runs now,
which after an update is the old one until it is restarted.

` + agentHelp,
		Args: verbs.NoArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.check(); err != nil {
				return err
			}
			v := versions{Tool: version, Go: runtime.Version()}
			var failure error
			if !alone {
				failure = v.ask(cmd.Context(), a)
			}
			answer, err := asJSON(v)
			if err != nil {
				return verbs.Failed(err)
			}
			if err := a.print(cmd, answer, func(screen) string { return v.text(times{Now: time.Now()}) }); err != nil {
				return err
			}
			return failure
		},
	}
	cmd.Flags().BoolVar(&alone, "client", false, "only that of perfmonctl; the agent is not asked")
	a.add(cmd, "table")
	return cmd
}

// ask asks the agent. One that is older than /v1/status says at least who it
// is.
func (v *versions) ask(ctx context.Context, a *agentFlags) error {
	s, _, err := get[api.Status](ctx, a, "/v1/status", nil)
	if err != nil {
		v.Agent, v.Error = a.agent, err.Error()
		return err
	}
	v.Agent, v.API, v.Started = s.Version, s.API, s.Started
	return nil
}

func (v *versions) text(t times) string {
	var b strings.Builder
	fmt.Fprintf(&b, "perfmonctl %s\n", v.Tool)
	if v.Agent != "" {
		fmt.Fprintf(&b, "perfmon    %s", v.Agent)
		if v.Started != 0 {
			fmt.Fprintf(&b, ", running since %s", t.At(v.Started))
		}
		b.WriteString("\n")
	}
	if v.Agent != "" && v.Agent != v.Tool {
		b.WriteString("they differ: if perfmon was updated, restart it\n")
	}
	return b.String()
}
