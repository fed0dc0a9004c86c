package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"perfmon/cmd/internal/settings"
	"perfmon/cmd/internal/verbs"
	"perfmon/monitor/config"
)

// maxTriggerFile bounds what is read of a file; the parser's own limit is
// below it, and says so with the place.
const maxTriggerFile = 4 << 20

func newCheck() *cobra.Command {
	var class, dir, output string
	var legacy bool
	cmd := &cobra.Command{
		Use:   "check [FILE...]",
		Short: "check trigger XML and the agent's settings",
		Long: `check reads trigger XML, the text of other-config:perfmon or of a file in the
triggers directory, and says with line and column what is wrong and how to mend
it. It is stricter than the agent, which goes on accepting what the stock daemon
accepted. "-" is standard input.

The class decides which names and defaults are known. It is taken from
--class, or from the file's name (vm.xml, host.xml, sr.xml). With such a name
the file is checked as one that objects inherit; with --class, as an object's
own XML. --class pool is for the pool's perfmon-defaults.

A file that ends in .yaml or .yml is settings of the agent: perfmon.yaml. Of a
secret that may not be read here, and of a variable that the environment does
not have here, check warns; to the agent they are errors.

Without a FILE, what is installed is checked: perfmon.yaml and triggers/*.xml
in the directory --dir.

Exit codes: 0 nothing wrong (there may be warnings), 1 wrong flags, 2 a file
could not be read, 3 errors were found.`,
		Example: `  perfmonctl check /etc/perfmon/triggers/host.xml
  xe vm-param-get uuid=UUID param-name=other-config param-key=perfmon |
    perfmonctl check --class vm -
  xe pool-param-get uuid=UUID param-name=other-config \
    param-key=perfmon-defaults | perfmonctl check --class pool -`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if class != "" && class != poolClass && !slices.Contains(classes, class) {
				return fmt.Errorf("--class %q: want vm, host, sr or pool", class)
			}
			if err := verbs.CheckOutput(output); err != nil {
				return err
			}
			if len(args) == 0 {
				var err error
				if args, err = installed(dir); err != nil {
					return err
				}
			}
			return checkFiles(cmd, args, class, output, config.Options{Legacy: legacy})
		},
	}
	cmd.Flags().StringVar(&class, "class", "", "`CLASS` of the object: vm, host or sr; or pool")
	cmd.Flags().StringVar(&dir, "dir", filepath.Dir(settings.DefaultPath), "`DIR` of the installed files")
	cmd.Flags().BoolVar(&legacy, "legacy", false, "check as for perfmon --legacy")
	verbs.AddOutput(cmd, &output)
	verbs.Offer(cmd, "class", append(classes[:len(classes):len(classes)], poolClass)...)
	return cmd
}

// installed are the files that an agent reads from a directory. None of them
// has to be there.
func installed(dir string) ([]string, error) {
	var paths []string
	names := []string{filepath.Base(settings.DefaultPath)}
	for _, class := range classes {
		names = append(names, filepath.Join("triggers", class+".xml"))
	}
	for _, name := range names {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			paths = append(paths, path)
		}
	}
	if len(paths) == 0 {
		return nil, verbs.Failed(fmt.Errorf("none of %s in %s: name a file, or a directory with --dir", strings.Join(names, ", "), dir))
	}
	return paths, nil
}

// finding is a problem of trigger XML or of settings.
type finding struct {
	text string // with its place

	File     string `json:"file"`
	Line     int    `json:"line,omitempty"` // from 1; absent where there is no such place
	Column   int    `json:"column,omitempty"`
	Severity string `json:"severity"`        // error or warning
	About    string `json:"about,omitempty"` // a variable, or a key of the settings
	Message  string `json:"message"`
	Fix      string `json:"fix,omitempty"`
}

// severity is the word for what a warning or an error is.
func severity(warning bool) string {
	if warning {
		return "warning"
	}
	return "error"
}

// checkFiles checks them all, also when one cannot be read.
func checkFiles(cmd *cobra.Command, paths []string, class, output string, o config.Options) error {
	code := verbs.ExitOK
	out := bufio.NewWriter(cmd.OutOrStdout())
	all := []finding{}
	for _, path := range paths {
		findings, err := checkFile(cmd, path, class, o)
		var coded *verbs.Error
		switch {
		case errors.As(err, &coded):
			verbs.Tell(cmd, err)
			code = coded.Code
			continue
		case err != nil:
			return err
		}
		for _, f := range findings {
			if f.Severity == severity(false) && code == verbs.ExitOK {
				code = verbs.ExitProblem
			}
		}
		if output == "json" {
			all = append(all, findings...)
			continue
		}
		for _, f := range findings {
			fmt.Fprintln(out, f.text)
		}
		if len(findings) == 0 {
			fmt.Fprintf(out, "%s: ok\n", nameOf(path))
		}
		if err := out.Flush(); err != nil {
			return verbs.Failed(fmt.Errorf("write output: %w", err))
		}
	}
	if output == "json" {
		if err := writeJSON(cmd.OutOrStdout(), struct {
			Findings []finding `json:"findings"`
		}{all}); err != nil {
			return err
		}
	}
	if code != verbs.ExitOK {
		return verbs.Ended(code)
	}
	return nil
}

func checkFile(cmd *cobra.Command, path, class string, o config.Options) (findings []finding, err error) {
	in, err := openInput(cmd, path)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	if ext := filepath.Ext(path); ext == ".yaml" || ext == ".yml" {
		return checkSettings(in, path)
	}
	text, err := io.ReadAll(io.LimitReader(in, maxTriggerFile))
	if err != nil {
		return nil, verbs.Failed(fmt.Errorf("%s: %w", nameOf(path), err))
	}
	return checkTriggers(path, class, string(text), o)
}

func checkSettings(in io.Reader, path string) (findings []finding, err error) {
	text, err := io.ReadAll(io.LimitReader(in, settings.MaxBytes+1))
	if err != nil {
		return nil, verbs.Failed(fmt.Errorf("%s: %w", path, err))
	}
	for _, p := range settings.Check(filepath.Dir(path), text, os.Getenv) {
		findings = append(findings, finding{p.Format(path), path, p.Line, p.Column, severity(p.Warning), p.Key, p.Msg, p.Fix})
	}
	return findings, nil
}
