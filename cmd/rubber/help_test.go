//go:build !integration

package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/pflag"

	"perfmon/cmd/internal/manual/manualtest"
	"perfmon/docs/docstest"
)

// output is what a command prints when it goes well.
func output(t *testing.T, args ...string) string {
	t.Helper()
	var out, complaints bytes.Buffer
	if code := run(args, strings.NewReader(""), &out, &complaints); code != exitOK || complaints.Len() > 0 {
		t.Errorf("%q: exit code %d: %s", args, code, &complaints)
	}
	return out.String()
}

// TestHelp: it fits a terminal, and says what there is to say.
func TestHelp(t *testing.T) {
	for _, cmd := range shownVerbs(newRoot()) {
		help := output(t, append(strings.Fields(cmd.CommandPath())[1:], "--help")...)
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
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if f.Usage == "" {
				t.Errorf("%s --%s: what is it for?", cmd.CommandPath(), f.Name)
			}
		})
	}
}

// TestHelpInDocs: docs/rubber-verbs.md has the help of each verb.
func TestHelpInDocs(t *testing.T) {
	var page strings.Builder
	for i, cmd := range shownVerbs(newRoot()) {
		if i > 0 {
			fmt.Fprintf(&page, "\n### %s\n", strings.TrimPrefix(cmd.CommandPath(), "rubber "))
		}
		help := output(t, append(strings.Fields(cmd.CommandPath())[1:], "--help")...)
		fmt.Fprintf(&page, "\n```text\n%s```\n", help)
	}
	docstest.Text(t, "rubber-verbs.md", "help", strings.TrimPrefix(page.String(), "\n"))
}

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
	for _, name := range []string{"rubber.bash", "_rubber", "rubber.fish"} {
		if _, err := os.Stat(filepath.Join(one, name)); err != nil {
			t.Error(err)
		}
	}
	verbs := shownVerbs(newRoot())
	for _, cmd := range verbs {
		name := strings.ReplaceAll(cmd.CommandPath(), " ", "-")
		page := unpacked(t, filepath.Join(one, name+".1.gz"))
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if want := strings.ReplaceAll("--"+f.Name, "-", `\-`) + `\fR`; !f.Hidden && !strings.Contains(page, want) {
				t.Errorf("%s has no --%s", name, f.Name)
			}
		})
		manualtest.Lint(t, name, page)
	}
	if len(files) < len(verbs)+3 {
		t.Errorf("%d verbs and %d files", len(verbs), len(files))
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
