package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"perfmon/cmd/internal/rubberconfig"
	"perfmon/cmd/internal/verbs"
)

func newCheck() *cobra.Command {
	var show bool
	cmd := &cobra.Command{
		Use:   "check [FILE]",
		Short: "say what is wrong with a configuration",
		Long: `check reads a configuration and says all that is wrong with it, with line and
column and the way out. It asks nobody: whether an image or a queue exists is
what 'rubber plan --config FILE' finds out.

Exit codes: 0 it can be used, 2 it cannot be read, 3 it is wrong.`,
		Example: `  rubber check
  rubber check --effective rubber.yaml   # every key with the value in force`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			path := rubberconfig.DefaultPath
			if len(args) > 0 {
				path = args[0]
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return verbs.Failed(err)
			}
			bad := 0
			for _, p := range rubberconfig.Check(filepath.Dir(path), text, os.Getenv) {
				fmt.Fprintln(cmd.ErrOrStderr(), p.Format(path))
				if !p.Warning {
					bad++
				}
			}
			if bad > 0 {
				return verbs.Ended(verbs.ExitProblem)
			}
			if show {
				c, err := rubberconfig.Load(path, os.Getenv)
				if err != nil {
					return badConfig(err, cmd.ErrOrStderr())
				}
				_, err = fmt.Fprint(cmd.OutOrStdout(), c.Effective())
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s: good\n", path)
			return nil
		},
	}
	cmd.Flags().BoolVar(&show, "effective", false, "print every key with the value in force; of secrets where they are")
	return cmd
}
