// Package verbstest has what is tested of each of our programs of verbs: that
// its help fits a terminal, stands in the documentation, and becomes manual
// pages.
package verbstest

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

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"perfmon/cmd/internal/manual"
	"perfmon/cmd/internal/manual/manualtest"
	"perfmon/cmd/internal/verbs"
	"perfmon/docs/docstest"
)

// Program is a program that is tested: Root makes it, Run runs the whole of it.
type Program struct {
	Root func() *cobra.Command
	Run  func(args []string, stdin io.Reader, stdout, stderr io.Writer) int
}

// Output is what it prints when all goes well.
func (p Program) Output(t *testing.T, args ...string) string {
	t.Helper()
	var out, complaints bytes.Buffer
	if code := p.Run(args, strings.NewReader(""), &out, &complaints); code != verbs.ExitOK || complaints.Len() > 0 {
		t.Errorf("%q: exit code %d: %s", args, code, &complaints)
	}
	return out.String()
}

// Shown are a command and all that its help shows, with what is below.
func Shown(cmd *cobra.Command) []*cobra.Command {
	if cmd.Hidden || cmd.Name() == "help" {
		return nil
	}
	list := []*cobra.Command{cmd}
	for _, below := range cmd.Commands() {
		list = append(list, Shown(below)...)
	}
	return list
}

// help is what --help prints.
func (p Program) help(t *testing.T, cmd *cobra.Command) string {
	t.Helper()
	return p.Output(t, append(words(cmd), "--help")...)
}

// words are those behind the program's name.
func words(cmd *cobra.Command) []string { return strings.Fields(cmd.CommandPath())[1:] }

// Help: it fits a terminal, and says what there is to say.
func (p Program) Help(t *testing.T) {
	for _, cmd := range Shown(p.Root()) {
		help := p.help(t, cmd)
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
		if again := p.Output(t, append([]string{"help"}, words(cmd)...)...); again != help {
			t.Errorf("help of %s differs from --help", cmd.CommandPath())
		}
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if f.Usage == "" {
				t.Errorf("%s --%s: what is it for?", cmd.CommandPath(), f.Name)
			}
		})
	}
	if got, want := p.Output(t, []string{}...), p.help(t, p.Root()); got != want {
		t.Errorf("without words it prints\n%s", got)
	}
}

// HelpInDocs: the section "help" of a page has the help of each verb.
func (p Program) HelpInDocs(t *testing.T, page string) {
	var text strings.Builder
	for i, cmd := range Shown(p.Root()) {
		if i > 0 {
			fmt.Fprintf(&text, "\n### %s\n", strings.Join(words(cmd), " "))
		}
		fmt.Fprintf(&text, "\n```text\n%s```\n", p.help(t, cmd))
	}
	docstest.Text(t, page, "help", strings.TrimPrefix(text.String(), "\n"))
}

// Generate: each verb that help shows, and no other, has a page with its flags,
// each shell a script, and the same source makes the same bytes.
func (p Program) Generate(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "1700000000")
	one, two := t.TempDir(), t.TempDir()
	p.Output(t, "generate", one)
	p.Output(t, "generate", two)
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
	program := p.Root().Name()
	scripts := []string{program + ".bash", "_" + program, program + ".fish"}
	for _, name := range scripts {
		if _, err := os.Stat(filepath.Join(one, name)); err != nil {
			t.Error(err)
		}
	}
	tools, all := 0, Shown(p.Root())
	for _, cmd := range all {
		name := strings.ReplaceAll(cmd.CommandPath(), " ", "-")
		page := unpacked(t, filepath.Join(one, name+".1.gz"))
		if !strings.HasPrefix(page, `.TH "`+strings.ToUpper(name)+`" 1 "2023-11-14" `) {
			t.Errorf("%s begins with %.80q", name, page)
		}
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
	if len(all) < 5 || len(files) != len(all)+len(scripts) {
		t.Errorf("%d verbs and %d files", len(all), len(files))
	}
}

// GenerateErrors: what is wrong with the time and the directory is said.
func (p Program) GenerateErrors(t *testing.T) {
	for want, given := range map[string]struct{ epoch, dir string }{
		`want seconds since 1970, got "soon"`: {"soon", t.TempDir()},
		"make directory":                      {"1", "/dev/null/x"},
	} {
		t.Setenv("SOURCE_DATE_EPOCH", given.epoch)
		var complaints bytes.Buffer
		if code := p.Run([]string{"generate", given.dir}, strings.NewReader(""), io.Discard, &complaints); code == verbs.ExitOK || !strings.Contains(complaints.String(), want) {
			t.Errorf("exit code %d, says %s", code, &complaints)
		}
	}
}

// Completions: what is printed for a shell is a script of that shell.
func (p Program) Completions(t *testing.T) {
	for _, shell := range manual.Shells() {
		script := p.Output(t, "completion", shell)
		if !strings.Contains(script, p.Root().Name()) {
			t.Errorf("%s: %q", shell, script)
		}
		manualtest.Script(t, shell, script)
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
