package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"perfmon/cmd/internal/verbs"
	"perfmon/monitor/replay"
)

// maxTestFile bounds what is read of a file; the parser's own limit is below
// it, and says so.
const maxTestFile = 4 << 20

func newTest() *cobra.Command {
	t := &tester{}
	var pattern string
	cmd := &cobra.Command{
		Use:   "test FILE...",
		Short: "run tests of trigger XML: series in, alarms out",
		Long: `test runs files of cases. A case has trigger XML, the values that data sources
have in each row, and the alarms that are to come of them, with their times. It
is run by the agent's own code with clocks of its own, so it takes no time. A
directory stands for the files in it that end in .test; "-" is standard input.

  class: vm
  triggers:
    <config>
      <variable>
        <name value="cpu_usage"/>
        <alarm_trigger_level value="0.9"/>
        <alarm_trigger_period value="300"/>
      </variable>
    </config>

  case: does a minute of quiet end the alarm?
    series:
      cpu0: 0.2 0.95x6 0.2
    expect:
      5m  raised   cpu_usage 0.95
      8m  cleared  cpu_usage 0.2

docs/testing.md has every word of the language. Of a case that fails, what came
stands beside what was expected, with the state at that time.

Exit codes: 0 all came as expected, 1 wrong flags, 2 a file could not be read
or makes no sense, 3 some did not.`,
		Example: `  perfmonctl test my-rules.test
  perfmonctl test -v --run 'clear' /etc/perfmon/tests`,
		Args: files(0),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := verbs.CheckOutput(t.output); err != nil {
				return err
			}
			if pattern != "" {
				var err error
				if t.only, err = regexp.Compile(pattern); err != nil {
					return fmt.Errorf("--run %q: %w", pattern, err)
				}
			}
			return t.files(cmd, args)
		},
	}
	cmd.Flags().BoolVarP(&t.verbose, "verbose", "v", false, "print every case, and all that was said in it")
	cmd.Flags().StringVar(&pattern, "run", "", "run the cases whose name has a match of `REGEX`")
	verbs.AddOutput(cmd, &t.output)
	return cmd
}

// tester runs cases and counts them.
type tester struct {
	only    *regexp.Regexp // nil: all
	verbose bool
	output  string

	cases, failures, ran int // ran: files
	tried                []tried
}

// tried is what came of a case, in JSON.
type tried struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Case   string `json:"case"`
	OK     bool   `json:"ok"`
	Report string `json:"report"` // what was expected beside what came, as for a person
}

func (t *tester) files(cmd *cobra.Command, args []string) error {
	code := verbs.ExitOK
	for _, arg := range args {
		paths, err := testFiles(arg)
		for _, path := range paths {
			if err != nil {
				break
			}
			err = t.file(cmd, path)
			if bad := (*replay.SyntaxError)(nil); errors.As(err, &bad) {
				verbs.Tell(cmd, err)
				code, err = verbs.ExitFailed, nil
			}
		}
		var coded *verbs.Error
		if errors.As(err, &coded) && !errors.Is(err, errWrite) {
			verbs.Tell(cmd, err)
			code, err = coded.Code, nil
		}
		if err != nil {
			return err
		}
	}
	if err := t.summary(cmd.OutOrStdout()); err != nil {
		return err
	}
	if code == verbs.ExitOK && t.failures > 0 {
		code = verbs.ExitProblem
	}
	if code != verbs.ExitOK {
		return verbs.Ended(code)
	}
	return nil
}

// testFiles lists the files that an argument names.
func testFiles(arg string) ([]string, error) {
	info, err := os.Stat(arg)
	if arg == "-" || err != nil || !info.IsDir() {
		return []string{arg}, nil // whoever opens it says what is wrong
	}
	paths, err := filepath.Glob(filepath.Join(arg, "*.test"))
	if err != nil || len(paths) == 0 {
		return nil, verbs.Failed(fmt.Errorf("%s: no file in it ends in .test", arg))
	}
	return paths, nil
}

// file runs the cases of one file.
func (t *tester) file(cmd *cobra.Command, path string) error {
	in, err := openInput(cmd, path)
	if err != nil {
		return err
	}
	defer in.Close()
	text, err := io.ReadAll(io.LimitReader(in, maxTestFile))
	if err != nil {
		return verbs.Failed(fmt.Errorf("%s: %w", nameOf(path), err))
	}
	cases, err := replay.Parse(nameOf(path), text, func(name string) ([]byte, error) {
		if !filepath.IsAbs(name) && path != "-" {
			name = filepath.Join(filepath.Dir(path), name)
		}
		return readTriggers(name)
	})
	if err != nil {
		return err
	}
	if t.only != nil {
		cases = slices.DeleteFunc(cases, func(c *replay.Case) bool { return !t.only.MatchString(c.Name) })
	}
	if len(cases) == 0 {
		return nil
	}
	return t.run(cmd, path, cases)
}

func (t *tester) run(cmd *cobra.Command, path string, cases []*replay.Case) error {
	out := cmd.OutOrStdout()
	bad := 0
	for _, c := range cases {
		r, err := c.Run(cmd.Context())
		if err != nil {
			return verbs.Failed(err)
		}
		if !r.OK() {
			bad++
		}
		if t.output == "json" {
			var report strings.Builder
			if err := r.Write(&report, t.verbose); err != nil {
				return verbs.Failed(err)
			}
			t.tried = append(t.tried, tried{nameOf(path), c.Pos.Line, c.Name, r.OK(), report.String()})
			continue
		}
		if t.verbose || !r.OK() {
			if err := r.Write(out, t.verbose); err != nil {
				return verbs.Failed(errors.Join(errWrite, err))
			}
		}
	}
	t.ran++
	t.cases += len(cases)
	t.failures += bad
	if t.verbose || bad > 0 || t.output == "json" {
		return nil
	}
	if _, err := fmt.Fprintf(out, "ok    %s: %s\n", nameOf(path), count(len(cases), "case")); err != nil {
		return verbs.Failed(fmt.Errorf("%w output: %w", errWrite, err))
	}
	return nil
}

// errWrite is in what says that the output cannot be written.
var errWrite = errors.New("write")

func (t *tester) summary(out io.Writer) error {
	if t.output == "json" {
		return writeJSON(out, struct {
			Cases  int     `json:"cases"`
			Failed int     `json:"failed"`
			Tried  []tried `json:"tried"`
		}{t.cases, t.failures, append([]tried{}, t.tried...)})
	}
	text := fmt.Sprintf("%s in %s: all came as expected", count(t.cases, "case"), count(t.ran, "file"))
	switch {
	case t.cases == 0 && t.only != nil:
		text = fmt.Sprintf("no case has a name that matches %q", t.only)
	case t.cases == 0:
		text = "no cases"
	case t.failures > 0:
		text = fmt.Sprintf("%s in %s: %d did not come as expected", count(t.cases, "case"), count(t.ran, "file"), t.failures)
	}
	if _, err := fmt.Fprintln(out, text); err != nil {
		return verbs.Failed(fmt.Errorf("%w output: %w", errWrite, err))
	}
	return nil
}

// count is a number with what it counts.
func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// readTriggers reads a file of trigger XML.
func readTriggers(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxTriggerFile))
	if err != nil {
		return nil, fmt.Errorf("read trigger file: %w", err)
	}
	return text, nil
}
