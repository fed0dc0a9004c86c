//go:build !integration

package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"perfmon/cmd/internal/scripttest"
	"perfmon/cmd/internal/verbs/verbstest"
	"perfmon/docs/docstest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"rubber": main, "jobworker": jobWorker})
}

// TestScript runs the program itself, as testdata/script says, with the commands
// of package scripttest.
func TestScript(t *testing.T) {
	ancestor, err := filepath.Abs("../internal/rubberimport/testdata")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script", UpdateScripts: docstest.Updating(), RequireExplicitExec: true, RequireUniqueNames: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("ANCESTOR", ancestor)
			e.Setenv("GORACE", "atexit_sleep_ms=0") // the detector of races would end each program a second late
			e.Setenv("TZ", "UTC")
			return nil
		},
		Cmds: scripttest.Commands(),
	})
}

// TestRunningScript runs scripts beside a rubber each, which they start: its
// queue is of a server of this test, and its machines are processes that sleep.
// 12 tasks wait and 3 run, until there is a file called "over"; nobody works,
// which is not sure while there is one called "vague".
func TestRunningScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/running", UpdateScripts: docstest.Updating(), RequireExplicitExec: true, RequireUniqueNames: true,
		Setup: func(e *testscript.Env) error {
			own, err := os.MkdirTemp("", "rub") // short, for the address of a socket
			if err != nil {
				return err
			}
			e.Defer(func() { os.RemoveAll(own) })
			jobs := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				there := func(name string) bool {
					_, err := os.Stat(filepath.Join(e.WorkDir, name))
					return err == nil
				}
				if r.URL.Path == "/workers" {
					fmt.Fprintf(w, `{"complete": %v, "workers": []}`, !there("vague"))
					return
				}
				if there("over") {
					fmt.Fprint(w, `{"ready": 0, "unacked": 0}`)
					return
				}
				fmt.Fprint(w, `{"ready": 12, "unacked": 3, "oldest_seconds": 40}`)
			}))
			e.Defer(jobs.Close)
			e.Setenv("SOCKET", filepath.Join(own, "s"))
			e.Setenv("GORACE", "atexit_sleep_ms=0")
			e.Setenv("TZ", "UTC")
			return os.WriteFile(filepath.Join(e.WorkDir, "rubber.yaml"), fmt.Appendf(nil, `
owner: test
max_machines: 2
brokers:
  jobs: {kind: http, url: "%s/?queue={queue}", workers_url: "%s/workers"}
clouds:
  here:
    driver: process
    process: {dir: %s/machines, grace: 1s}
profiles:
  tiles: {queue: tiles, slots: 2, command: [sleep, "300"]}
alarms: {from: none}
engine: {dir: %s/engine, listen: "127.0.0.1:0"}
planner: {interval: 1s}
limits: {settle: 1s, ask: 1s}
api: {socket: %s/s}
web: {listen: none}
`, jobs.URL, jobs.URL, own, own, own), 0o600)
		},
		Cmds: scripttest.Commands(),
	})
}

// TestEveryVerbHasAScript: each verb is run as a program, each that prints data
// as JSON too, and each is seen to fail.
func TestEveryVerbHasAScript(t *testing.T) {
	var text strings.Builder
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
		text.WriteString(commands + "\n")
	}
	for _, cmd := range verbstest.Shown(newRoot())[1:] {
		verb := regexp.QuoteMeta(cmd.Name())
		has := func(what, pattern string) {
			t.Helper()
			if !regexp.MustCompile(`(?m)^` + pattern).MatchString(text.String()) {
				t.Errorf("%s: no script %s", cmd.Name(), what)
			}
		}
		ran := `(exec|exits [0-9]+|until '[^']*') rubber ` + verb
		has("runs it", ran+`( .*)?$`)
		has("has it fail", `exits [1-9][0-9]* rubber `+verb+`( .*)?$`)
		if cmd.Flags().Lookup("output") != nil {
			has("prints JSON", ran+` (.* )?--output json`)
		}
	}
}
