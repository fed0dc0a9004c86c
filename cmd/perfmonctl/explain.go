package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"perfmon/cmd/internal/verbs"
	"perfmon/monitor/api"
)

func newExplain() *cobra.Command {
	a := &agentFlags{}
	cmd := &cobra.Command{
		Use:   "explain OBJECT [VARIABLE]",
		Short: "why an alarm came, or did not come, and what comes next",
		Long: `explain asks the running agent about a variable of an object: its rule and where
that comes from, the data sources that it reads, its state, its last rows, what
it will say next and when, what holds that back, and what each sink was told.
Without a VARIABLE it lists all that the object has.

` + objectHelp + `

` + agentHelp,
		Example: `  perfmonctl explain host
  perfmonctl explain vm:web-01 cpu_usage`,
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case len(args) == 0:
				return errors.New("no OBJECT is named: want host, or an object's uuid or name")
			case len(args) > 2:
				return fmt.Errorf("unexpected argument %q: one OBJECT and one VARIABLE at a time", args[2])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := a.check(); err != nil {
				return err
			}
			if len(args) == 1 {
				return a.explainAll(cmd, args[0])
			}
			return a.explain(cmd, args[0], args[1])
		},
	}
	a.add(cmd, "table")
	cmd.ValidArgsFunction = arguments(a, objectWords, variableWords)
	return cmd
}

// explain explains one variable.
func (a *agentFlags) explain(cmd *cobra.Command, object, variable string) error {
	query := url.Values{"object": {object}, "variable": {variable}}
	var x api.Explained
	answer, err := a.ask(cmd.Context(), http.MethodGet, "/v1/explain", query, nil, &x)
	if err != nil {
		return err
	}
	if x.Explanation == nil {
		return verbs.Failed(errors.New("the agent is not of this version: its answer is empty: " + sameVersion))
	}
	return a.print(cmd, answer, func(screen) string {
		e := &explainer{Explained: &x, times: times{Now: time.Now()}}
		return e.text()
	})
}

// explainAll lists an object's variables.
func (a *agentFlags) explainAll(cmd *cobra.Command, object string) error {
	var all api.ExplainedAll
	answer, err := a.ask(cmd.Context(), http.MethodGet, "/v1/explain", url.Values{"object": {object}}, nil, &all)
	if err != nil {
		return err
	}
	return a.print(cmd, answer, func(on screen) string { return variablesText(&all, times{Now: time.Now()}, on) })
}

// print prints an answer in the wanted format.
func (a *agentFlags) print(cmd *cobra.Command, answer []byte, table func(screen) string) error {
	return verbs.Print(cmd, a.output, answer, table)
}
