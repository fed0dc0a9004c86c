package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"perfmon/cmd/internal/manual/manualtest"
)

// TestGenerate: each verb that help shows has a page with its flags, and the
// same source makes the same bytes.
func TestGenerate(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "1700000000")
	one, two := t.TempDir(), t.TempDir()
	output(t, "generate", one)
	output(t, "generate", two)
	files, err := filepath.Glob(one + "/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		a, _ := os.ReadFile(path)
		b, err := os.ReadFile(filepath.Join(two, filepath.Base(path)))
		if err != nil || !bytes.Equal(a, b) || len(a) == 0 {
			t.Errorf("%s differs from one time to the next, or is empty: %v", filepath.Base(path), err)
		}
	}
	for _, name := range []string{"perfmonctl.bash", "_perfmonctl", "perfmonctl.fish"} {
		if _, err := os.Stat(filepath.Join(one, name)); err != nil {
			t.Error(err)
		}
	}
	verbs := 0
	var walk func(cmd *cobra.Command)
	walk = func(cmd *cobra.Command) {
		if !cmd.IsAvailableCommand() && cmd.HasParent() {
			return
		}
		verbs++
		name := strings.ReplaceAll(cmd.CommandPath(), " ", "-")
		if page := unpacked(t, filepath.Join(one, name+".1.gz")); !strings.HasPrefix(page, `.TH "`+strings.ToUpper(name)+`" 1 "2023-11-14" `) {
			t.Errorf("%s begins with %.80q", name, page)
		}
		for _, child := range cmd.Commands() {
			walk(child)
		}
	}
	walk(newRoot())
	tools := 0
	for _, cmd := range shownVerbs(newRoot()) {
		name := strings.ReplaceAll(cmd.CommandPath(), " ", "-")
		page := unpacked(t, filepath.Join(one, name+".1.gz"))
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if want := strings.ReplaceAll("--"+f.Name, "-", `\-`) + `\fR`; !f.Hidden && !strings.Contains(page, want) {
				t.Errorf("%s has no --%s", name, f.Name)
			}
		})
		tools = manualtest.Lint(t, name, page)
	}
	if tools == 0 {
		t.Log("neither mandoc nor groff is installed: what they say of the pages is not known")
	}
	if verbs < 5 || len(files) != verbs+3 {
		t.Errorf("%d verbs and %d files", verbs, len(files))
	}
	if page := unpacked(t, filepath.Join(one, "perfmonctl-takeover.1.gz")); !strings.Contains(page, `\fB\-\-undo\fR`) {
		t.Errorf("takeover's page has no --undo:\n%s", page)
	}
	if _, err := os.Stat(filepath.Join(one, "perfmonctl-generate.1.gz")); err == nil {
		t.Error("a hidden verb has a page")
	}
}

func unpacked(t *testing.T, path string) string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Error(err)
		return ""
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestGenerateErrors(t *testing.T) {
	for want, run1 := range map[string]struct{ epoch, dir string }{
		`want seconds since 1970, got "soon"`: {"soon", t.TempDir()},
		"make directory":                      {"1", "/dev/null/x"},
	} {
		t.Setenv("SOURCE_DATE_EPOCH", run1.epoch)
		var complaints bytes.Buffer
		if code := run([]string{"generate", run1.dir}, os.Stdin, io.Discard, &complaints); code == exitOK || !strings.Contains(complaints.String(), want) {
			t.Errorf("exit code %d, says %s", code, &complaints)
		}
	}
}
