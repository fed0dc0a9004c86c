package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
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
		Use:   "check FILE...",
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
  xe vm-param-get uuid=UUID param-name=other-config param-key=perfmon |
    perfmonctl check --class vm -`,
		Args: files(0),
		RunE: func(cmd *cobra.Command, args []string) error {
			if class != "" && !slices.Contains(classes, class) {
				return fmt.Errorf("--class %q: want vm, host or sr", class)
			}
			return checkFiles(cmd, args, class, config.Options{Legacy: legacy})
		},
	}
	cmd.Flags().StringVar(&class, "class", "", "`CLASS` of the object: vm, host or sr")
	cmd.Flags().BoolVar(&legacy, "legacy", false, "check as for perfmon --legacy")
	return cmd
}

var classes = []string{config.ClassVM, config.ClassHost, config.ClassSR}

// checkFiles checks them all, also when one cannot be read.
func checkFiles(cmd *cobra.Command, paths []string, class string, o config.Options) error {
	code := exitOK
	out := bufio.NewWriter(cmd.OutOrStdout())
	for _, path := range paths {
		problems, err := checkFile(cmd, path, class, o)
		var coded *codeError
		switch {
		case errors.As(err, &coded):
			tell(cmd.ErrOrStderr(), err)
			code = coded.code
			continue
		case err != nil:
			return err
		}
		for _, p := range problems {
			fmt.Fprintln(out, p.Format(nameOf(path)))
			if p.Severity != config.Warning && code == exitOK {
				code = exitProblem
			}
		}
		if len(problems) == 0 {
			fmt.Fprintf(out, "%s: ok\n", nameOf(path))
		}
		if err := out.Flush(); err != nil {
			return failed(fmt.Errorf("write output: %w", err))
		}
	}
	if code != exitOK {
		return &codeError{code, errTold}
	}
	return nil
}

func checkFile(cmd *cobra.Command, path, class string, o config.Options) ([]config.Problem, error) {
	in, err := openInput(cmd, path)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	if class == "" {
		if class, err = classOf(path); err != nil {
			return nil, err
		}
	}
	text, err := io.ReadAll(io.LimitReader(in, maxTriggerFile))
	if err != nil {
		return nil, failed(fmt.Errorf("%s: %w", nameOf(path), err))
	}
	return config.Check(class, string(text), o), nil
}

// classOf guesses the class from a file's name.
func classOf(path string) (string, error) {
	if path == "-" {
		return "", errors.New("standard input has no name to take the class from: want --class vm, host or sr")
	}
	class := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	if !slices.Contains(classes, class) {
		return "", fmt.Errorf("%s: the name does not say of which class it is: want --class vm, host or sr", path)
	}
	return class, nil
}
