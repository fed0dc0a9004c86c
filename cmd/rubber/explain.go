package main

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"perfmon/cmd/internal/console"
	"perfmon/cmd/internal/verbs"
	"perfmon/scaling/rubber/api"
)

func newExplain() *cobra.Command {
	a := &asking{}
	cmd := &cobra.Command{
		Use:   "explain PROFILE",
		Short: "why a profile has as many machines as it has",
		Long: `explain says in sentences why the running rubber has, or has not, more or
fewer machines of a profile: the demand, each bound, what the last plan did
and why, and what stands in the way.

` + askHelp,
		Example: `  rubber explain thumbnails`,
		Args:    oneArgument("profile"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := verbs.CheckOutput(a.output); err != nil {
				return err
			}
			e, answer, err := get[api.Explanation](cmd.Context(), a, "/v1/explain/"+args[0], url.Values{})
			if err != nil {
				return err
			}
			return a.print(cmd, answer, func(on console.Screen) string { return explainText(&e, on) })
		},
		ValidArgsFunction: a.profiles,
	}
	a.add(cmd)
	return cmd
}

func explainText(e *api.Explanation, on console.Screen) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", console.Paint(console.Strong, e.Profile))
	for _, line := range e.Lines {
		b.WriteString(console.Wrap("  ", "    ", strings.Join(strings.Fields(line), " "), on.Width) + "\n")
	}
	return b.String()
}
