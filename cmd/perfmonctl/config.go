package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"

	"perfmon/monitor"
)

func newConfig() *cobra.Command {
	a := &agentFlags{}
	var effective bool
	cmd := &cobra.Command{
		Use:   "config --effective OBJECT",
		Short: "the configuration in force for an object",
		Long: `config --effective asks the running agent which variables are in force for an
object, its own and those that it inherits, and prints them as one XML document
with comments that say where each comes from, what it hides, and what is
switched off by whom. As the object's own trigger XML it would mean the same.

` + objectHelp + `

` + agentHelp,
		Example: `  perfmonctl config --effective vm:web-01`,
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case len(args) == 0:
				return errors.New("no OBJECT is named: want host, or an object's uuid or name")
			case len(args) > 1:
				return fmt.Errorf("unexpected argument %q: one OBJECT at a time", args[1])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := a.check(); err != nil {
				return err
			}
			if !effective {
				return errors.New("which configuration? Want --effective, the one that is in force")
			}
			var e monitor.EffectiveConfig
			answer, err := a.ask(cmd.Context(), http.MethodGet, "/v1/effective", url.Values{"object": {args[0]}}, nil, &e)
			if err != nil {
				return err
			}
			return a.print(cmd, answer, func(screen) string { return e.XML })
		},
	}
	cmd.Flags().BoolVar(&effective, "effective", false, "what is in force, inherited variables included")
	a.add(cmd, "xml")
	cmd.ValidArgsFunction = arguments(a, objectWords)
	return cmd
}
