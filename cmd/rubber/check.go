package main

import (
	"fmt"
	"io"
	"log/slog"
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
column and the way out, and whether the files that it names are there. It asks
nobody: whether an image or a queue exists is what 'rubber plan --config FILE'
finds out.

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
			dir, err := filepath.Abs(filepath.Dir(path))
			if err != nil {
				return verbs.Failed(err)
			}
			bad := 0
			for _, p := range rubberconfig.Check(dir, text, os.Getenv) {
				fmt.Fprintln(cmd.ErrOrStderr(), p.Format(path))
				if !p.Warning {
					bad++
				}
			}
			if bad > 0 {
				return verbs.Ended(verbs.ExitProblem)
			}
			if err := couldServe(path, cmd.ErrOrStderr()); err != nil {
				return err
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

// couldServe puts together what serve would, which finds the files that are
// missing and what drivers do not take. Who checks may be somebody else than
// rubber: what may not be read has been warned of, and a variable of the
// environment that is not set here is.
func couldServe(path string, stderr io.Writer) error {
	c, err := rubberconfig.Load(path, os.Getenv)
	if err != nil {
		return nil // a secret that only rubber may read
	}
	for i := range c.Profiles {
		p := &c.Profiles[i]
		var there []string
		for _, name := range p.EnvFrom {
			if _, ok := os.LookupEnv(name); ok {
				there = append(there, name)
				continue
			}
			fmt.Fprintf(stderr, "%s: warning: profiles.%s.env_from: %s is not set here; rubber does not start without it: set it in its unit\n", path, p.Name, name)
		}
		p.EnvFrom = there
	}
	p, err := newParts(c, true, slog.New(slog.DiscardHandler))
	if err != nil {
		fmt.Fprintf(stderr, "%s: error: %v\n", path, err)
		return verbs.Ended(verbs.ExitProblem)
	}
	p.close()
	return nil
}
