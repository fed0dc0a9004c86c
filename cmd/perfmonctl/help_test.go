package main

import (
	"bytes"
	"strings"
	"testing"

	"perfmon/cmd/internal/verbs"
	"perfmon/cmd/internal/verbs/verbstest"
)

// program is what is tested.
var program = verbstest.Program{Root: newRoot, Run: run}

// output is what a command prints when it goes well.
func output(t *testing.T, args ...string) string {
	t.Helper()
	return program.Output(t, args...)
}

func TestHelp(t *testing.T)           { program.Help(t) }
func TestHelpInDocs(t *testing.T)     { program.HelpInDocs(t, "perfmonctl.md") }
func TestGenerate(t *testing.T)       { program.Generate(t) }
func TestGenerateErrors(t *testing.T) { program.GenerateErrors(t) }
func TestCompletions(t *testing.T)    { program.Completions(t) }

// TestOutputFlags: those that print data take --output json, and complete
// it.
func TestOutputFlags(t *testing.T) {
	without := map[string]bool{"completion": true, "silence": true, "": true}
	for _, cmd := range verbstest.Shown(newRoot()) {
		name := strings.TrimPrefix(strings.TrimPrefix(cmd.CommandPath(), "perfmonctl"), " ")
		if has := cmd.Flags().Lookup("output") != nil; has == without[name] {
			t.Errorf("%s: has --output: %v", name, has)
		}
	}
}

func TestVersionFlag(t *testing.T) {
	if got, want := output(t, "--version"), "perfmonctl unknown\n"; got != want {
		t.Errorf("perfmonctl --version: %q, want %q", got, want)
	}
}

// TestUnknownVerb: the error names the one that was meant.
func TestUnknownVerb(t *testing.T) {
	var out, complaints bytes.Buffer
	code := run([]string{"alarm"}, strings.NewReader(""), &out, &complaints)
	if code != verbs.ExitUsage || !strings.Contains(complaints.String(), "alarms") || out.Len() > 0 {
		t.Errorf("exit code %d: %s%s", code, &complaints, &out)
	}
}
