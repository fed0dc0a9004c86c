package main

import (
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"perfmon/cmd/internal/console"
	"perfmon/cmd/internal/verbs"
	"perfmon/scaling/rubber/api"
)

// versions is what rubber version --output json prints.
type versions struct {
	Tool    string     `json:"rubber"`
	Go      string     `json:"go"`
	Running string     `json:"running,omitempty"` // absent if it could not be asked
	API     string     `json:"api,omitempty"`
	Since   *time.Time `json:"since,omitempty"` // of its role
	Error   string     `json:"error,omitempty"` // why it could not
}

func newVersion() *cobra.Command {
	a := &asking{}
	var alone bool
	cmd := &cobra.Command{
		Use:   "version",
		Short: "the versions of this program and of the rubber that runs",
		Long: `version prints the version of this program, and that of the rubber that runs
now, which after an update is the old one until it is restarted.

` + askHelp,
		Args: verbs.NoArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := verbs.CheckOutput(a.output); err != nil {
				return err
			}
			v := versions{Tool: version, Go: runtime.Version()}
			var failure error
			if !alone {
				var s api.Status
				if s, _, failure = get[api.Status](cmd.Context(), a, "/v1/status", nil); failure != nil {
					v.Error = failure.Error()
				} else {
					v.Running, v.API, v.Since = s.Version, s.API, &s.Since
				}
			}
			answer, err := console.JSON(v)
			if err != nil {
				return verbs.Failed(err)
			}
			if err := a.print(cmd, answer, func(console.Screen) string { return v.text() }); err != nil {
				return err
			}
			return failure
		},
	}
	cmd.Flags().BoolVar(&alone, "client", false, "only that of this program; nobody is asked")
	a.add(cmd)
	return cmd
}

func (v *versions) text() string {
	text := "rubber        " + v.Tool + "\n"
	if v.Running != "" {
		text += "rubber serve  " + v.Running + "\n"
	}
	if v.Running != "" && v.Running != v.Tool {
		text += "they differ: if rubber was updated, restart rubber.service\n"
	}
	return text
}
