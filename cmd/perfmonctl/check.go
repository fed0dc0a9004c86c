package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"perfmon/monitor/config"
)

// maxTriggerFile bounds what is read of a file; the parser's own limit is
// below it, and says so with the place.
const maxTriggerFile = 4 << 20

func newCheck() *cobra.Command {
	var class string
	var legacy bool
	cmd := &cobra.Command{
		Use:   "check FILE…",
		Short: "check trigger XML",
		Long: `check reads trigger XML, the text of other-config:perfmon or of a file in the
triggers directory, and says with line and column what is wrong and how to mend
it. It is stricter than the agent, which goes on accepting what the stock daemon
accepted. "-" is standard input.

The class decides which names and defaults are known. It is taken from
--class, or from the file's name (vm.xml, host.xml, sr.xml).

Exit codes: 0 nothing wrong (there may be warnings), 1 wrong flags, 2 a file
could not be read, 3 errors were found.`,
		Example: `  perfmonctl check /etc/perfmon/triggers/host.xml
  xe vm-param-get uuid=UUID param-name=other-config param-key=perfmon | perfmonctl check --class vm -`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			found := false
			for _, path := range args {
				problems, err := checkFile(cmd, path, class, legacy)
				if err != nil {
					return err
				}
				for _, p := range problems {
					fmt.Fprintln(cmd.OutOrStdout(), p.Format(nameOf(path)))
					found = found || p.Severity != config.Warning
				}
				if len(problems) == 0 {
					fmt.Fprintf(cmd.OutOrStdout(), "%s: ok\n", nameOf(path))
				}
			}
			if found {
				return &codeError{exitProblem, errTold}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&class, "class", "", "class of the object: vm, host or sr")
	cmd.Flags().BoolVar(&legacy, "legacy", false, "check as for perfmon --legacy")
	return cmd
}

func checkFile(cmd *cobra.Command, path, class string, legacy bool) ([]config.Problem, error) {
	switch class {
	case "":
		var err error
		if class, err = classOf(path); err != nil {
			return nil, err
		}
	case config.ClassVM, config.ClassHost, config.ClassSR:
	default:
		return nil, fmt.Errorf("--class %q: want vm, host or sr", class)
	}
	in, err := openInput(cmd, path)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	text, err := io.ReadAll(io.LimitReader(in, maxTriggerFile))
	if err != nil {
		return nil, failed(fmt.Errorf("read %s: %w", nameOf(path), err))
	}
	return config.Check(class, string(text), config.Options{Legacy: legacy}), nil
}

// classOf guesses the class from a file's name.
func classOf(path string) (string, error) {
	base := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	for _, class := range []string{config.ClassVM, config.ClassHost, config.ClassSR} {
		if base == class {
			return class, nil
		}
	}
	return "", fmt.Errorf("%s: of which class is it? Say --class vm, host or sr", nameOf(path))
}

func nameOf(path string) string {
	if path == "-" {
		return "stdin"
	}
	return path
}
