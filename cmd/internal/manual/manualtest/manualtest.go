// Package manualtest has manual pages looked at by the programs that show
// them, and completions by the shells that run them.
package manualtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Lint has a page checked by those of mandoc and groff that are installed,
// which find nothing wrong with a good one. It returns how many those were.
func Lint(t testing.TB, name, page string) (tools int) {
	t.Helper()
	for _, command := range [][]string{
		{"mandoc", "-T", "lint"},
		{"groff", "-man", "-ww", "-z", "-Tutf8"},
	} {
		path, err := exec.LookPath(command[0])
		if err != nil {
			continue
		}
		tools++
		cmd := exec.Command(path, command[1:]...)
		cmd.Stdin = strings.NewReader(page)
		if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("%s: %s: %v\n%s", name, command[0], err, out)
		}
	}
	return tools
}

// Script has a shell read a completion without running it, if it is installed.
func Script(t testing.TB, shell, script string) {
	t.Helper()
	path, err := exec.LookPath(shell)
	if err != nil {
		t.Logf("%s is not installed: its script is not tried", shell)
		return
	}
	file := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(file, []byte(script), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(path, "-n", file).CombinedOutput(); err != nil {
		t.Errorf("%s -n: %v\n%s", shell, err, out)
	}
}
