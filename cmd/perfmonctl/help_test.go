package main

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"perfmon/docs/docstest"
)

// shownVerbs are perfmonctl and all that its help shows, with what is below.
func shownVerbs(cmd *cobra.Command) []*cobra.Command {
	if cmd.Hidden || cmd.Name() == "help" {
		return nil
	}
	list := []*cobra.Command{cmd}
	for _, below := range cmd.Commands() {
		list = append(list, shownVerbs(below)...)
	}
	return list
}

// helpOf is what --help prints.
func helpOf(t *testing.T, cmd *cobra.Command) string {
	t.Helper()
	return output(t, append(strings.Fields(cmd.CommandPath())[1:], "--help")...)
}

// TestHelpInDocs: docs/perfmonctl.md has the help of each verb.
func TestHelpInDocs(t *testing.T) {
	var page strings.Builder
	for i, cmd := range shownVerbs(newRoot()) {
		if i > 0 {
			fmt.Fprintf(&page, "\n### %s\n", strings.TrimPrefix(cmd.CommandPath(), "perfmonctl "))
		}
		fmt.Fprintf(&page, "\n```text\n%s```\n", helpOf(t, cmd))
	}
	docstest.Text(t, "perfmonctl.md", "help", strings.TrimPrefix(page.String(), "\n"))
}

// TestHelp: it fits a terminal, and says what there is to say.
func TestHelp(t *testing.T) {
	for _, cmd := range shownVerbs(newRoot()) {
		help := helpOf(t, cmd)
		for line := range strings.Lines(help) {
			if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 80 {
				t.Errorf("%s: a line of %d columns: %s", cmd.CommandPath(), n, line)
			}
		}
		if cmd.Short == "" || cmd.Long == "" {
			t.Errorf("%s: what is it for?", cmd.CommandPath())
		}
		for line := range strings.Lines(cmd.Example) {
			if !strings.HasPrefix(line, "  ") {
				t.Errorf("%s: an example that is not set in: %q", cmd.CommandPath(), line)
			}
		}
		if again := output(t, append([]string{"help"}, strings.Fields(cmd.CommandPath())[1:]...)...); again != help {
			t.Errorf("perfmonctl help %s differs from --help", cmd.CommandPath())
		}
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if f.Usage == "" {
				t.Errorf("%s --%s: what is it for?", cmd.CommandPath(), f.Name)
			}
		})
	}
}

// TestOutputFlags: those that print data take --output json, and complete
// it.
func TestOutputFlags(t *testing.T) {
	without := map[string]bool{"completion": true, "silence": true, "": true}
	for _, cmd := range shownVerbs(newRoot()) {
		name := strings.TrimPrefix(strings.TrimPrefix(cmd.CommandPath(), "perfmonctl"), " ")
		if has := cmd.Flags().Lookup("output") != nil; has == without[name] {
			t.Errorf("%s: has --output: %v", name, has)
		}
	}
}

// TestWithoutWords: perfmonctl alone is its help.
func TestWithoutWords(t *testing.T) {
	if got, want := output(t, []string{}...), output(t, "--help"); got != want {
		t.Errorf("perfmonctl prints\n%s", got)
	}
	if got, want := output(t, "--version"), "perfmonctl unknown\n"; got != want {
		t.Errorf("perfmonctl --version: %q, want %q", got, want)
	}
}

// TestUnknownVerb: the error names the one that was meant.
func TestUnknownVerb(t *testing.T) {
	var out, complaints bytes.Buffer
	code := run([]string{"alarm"}, strings.NewReader(""), &out, &complaints)
	if code != exitUsage || !strings.Contains(complaints.String(), "alarms") || out.Len() > 0 {
		t.Errorf("exit code %d: %s%s", code, &complaints, &out)
	}
}
