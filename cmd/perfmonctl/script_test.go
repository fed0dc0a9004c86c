package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"perfmon/cmd/internal/scripttest"
	"perfmon/docs/docstest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"perfmonctl": main})
}

// TestScript runs the program itself, as testdata/script says. Beside
// testscript's own commands there is
//
//	exits CODE PROGRAM ARGUMENT...
//
// which runs a program and compares its exit code.
func TestScript(t *testing.T) {
	fixtures, err := filepath.Abs("../../rrd/testdata/rrd_updates")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       docstest.Updating(),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("FIXTURES", fixtures)
			e.Setenv("GORACE", "atexit_sleep_ms=0") // the detector of races would end each program a second late
			return nil
		},
		Cmds: scripttest.Commands(),
	})
}

// TestDumpOfAllFixtures: each document that the decoder's tests know comes out
// as its expected lines, and with one checksum in either form.
func TestDumpOfAllFixtures(t *testing.T) {
	expected, err := filepath.Glob("../../rrd/testdata/rrd_updates/*/*.expected.tsv")
	if err != nil {
		t.Fatal(err)
	}
	documents := 0
	for _, path := range expected {
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		summary := ""
		for _, form := range []string{".xml", ".json"} {
			document := path[:len(path)-len(".expected.tsv")] + form
			if _, err := os.Stat(document); err != nil {
				continue // that version had no such form of it
			}
			documents++
			if got := output(t, "dump", document); got != string(want) {
				t.Errorf("dump %s is not %s", document, path)
			}
			got := output(t, "dump", "--quiet", document)
			if summary != "" && got != summary {
				t.Errorf("%s: %sand of the other form: %s", document, got, summary)
			}
			summary = got
		}
	}
	t.Logf("%d documents of %d scenarios", documents, len(expected))
	if documents < 60 {
		t.Errorf("%d documents, want at least 60", documents)
	}
}
