package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"perfmon/cmd/internal/verbs/verbstest"
)

// TestEveryVerbHasAScript: each verb is run as a program by a script, those
// that ask the agent beside a real one, those that ask the toolstack beside a
// simulated one; each that prints data as JSON too; and each is seen to fail.
func TestEveryVerbHasAScript(t *testing.T) {
	text := map[string]string{} // by folder
	paths, err := filepath.Glob("testdata/*/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatal(paths, err)
	}
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		commands, _, _ := strings.Cut(string(b), "\n-- ")
		text[filepath.Base(filepath.Dir(path))] += commands + "\n"
	}
	for _, cmd := range verbstest.Shown(newRoot()) {
		name := strings.TrimPrefix(cmd.CommandPath(), "perfmonctl ")
		if cmd.HasSubCommands() || name == "takeover" { // which the tests in a guest with systemd run
			continue
		}
		where := text["script"]
		switch {
		case asks(cmd) && name != "set" && name != "unset":
			where = text["agent"] + text["pool"]
		case cmd.Flags().Lookup("xapi-socket") != nil && name != "replay": // TestReplayOfAToolstack has that
			where = text["toolstack"]
		}
		has := func(what, pattern string) {
			t.Helper()
			if !regexp.MustCompile(`(?m)^(exec|exits [0-9]+|until '[^']*')( sh -c ')? ?perfmonctl ` + pattern).MatchString(where) {
				t.Errorf("%s: no script %s", name, what)
			}
		}
		verb := regexp.QuoteMeta(name)
		has("runs it", verb+`( .*)?$`)
		if cmd.Flags().Lookup("output") != nil {
			has("prints JSON", verb+` (.* )?--output json`)
		}
		if !regexp.MustCompile(`(?m)^exits [1-9][0-9]* perfmonctl ` + verb + `( .*)?$`).MatchString(where + text["script"]) {
			t.Errorf("%s: no script has it fail", name)
		}
	}
}
