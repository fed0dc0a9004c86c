package structure

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

// root is the project, seen from the folder that go test runs us in.
const root = "../.."

var update = flag.Bool("update", false, "rewrite what the bad trees in testdata are expected to give")

// checks are all the checks of a tree, by name.
var checks = []struct {
	name string
	run  func(root string, files []*file) ([]string, error)
}{
	{"imports", func(_ string, files []*file) ([]string, error) { return checkImports(files), nil }},
	{"programs", func(_ string, files []*file) ([]string, error) { return checkPrograms(files), nil }},
	{"prints", func(_ string, files []*file) ([]string, error) { return checkPrints(files), nil }},
	{"comments", func(_ string, files []*file) ([]string, error) { return checkComments(files), nil }},
	{"length", func(_ string, files []*file) ([]string, error) { return checkLength(files, mayBeLong), nil }},
	{"leftovers", func(_ string, files []*file) ([]string, error) { return checkLeftovers(files), nil }},
	{"top", func(root string, _ []*file) ([]string, error) { return checkTop(root) }},
}

// TestProject runs every check over the project.
func TestProject(t *testing.T) {
	files, err := readTree(root)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(files, func(f *file) bool { return f.path == "rrd/rrd.go" }) {
		t.Fatalf("%s does not look like the project: no rrd/rrd.go among %d files", root, len(files))
	}
	t.Logf("%d files", len(files))
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) {
			problems, err := c.run(root, files)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range problems {
				t.Error(p)
			}
		})
	}
}

// TestBadTrees runs each check over a tree that breaks its rule in every way
// it can be broken, and keeps to it in the ways that look like a breach. The
// file "want" of the archive has the findings.
func TestBadTrees(t *testing.T) {
	for _, c := range checks {
		if c.name == "length" {
			continue // a tree of long files is better made: TestLength
		}
		t.Run(c.name, func(t *testing.T) {
			name := filepath.Join("testdata", c.name+".txtar")
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			var want *txtar.File
			for i, f := range archive.Files {
				if f.Name == "want" {
					want = &archive.Files[i]
					continue
				}
				write(t, dir, f.Name, f.Data)
			}
			if want == nil {
				t.Fatalf("%s has no file \"want\"", name)
			}
			files, err := readTree(dir)
			if err != nil {
				t.Fatal(err)
			}
			problems, err := c.run(dir, files)
			if err != nil {
				t.Fatal(err)
			}
			if len(problems) == 0 {
				t.Error("the check found nothing")
			}
			got := strings.Join(problems, "\n") + "\n"
			if *update {
				want.Data = []byte(got)
				if err := os.WriteFile(name, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(want.Data), got); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

func write(t *testing.T, dir, name string, data []byte) {
	t.Helper()
	name = filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestLength(t *testing.T) {
	dir := t.TempDir()
	lines := func(n int) []byte { return []byte("package rrd\n" + strings.Repeat("\n", n-1)) }
	write(t, dir, "rrd/full.go", lines(maxLines))
	write(t, dir, "rrd/over.go", lines(maxLines+1))
	write(t, dir, "rrd/excused.go", lines(maxLines+1))
	write(t, dir, "rrd/over_test.go", lines(maxLines+1))
	write(t, dir, "docs/over.md", lines(maxLines+1))
	files, err := readTree(dir)
	if err != nil {
		t.Fatal(err)
	}
	got := checkLength(files, map[string]string{"rrd/excused.go": "a table", "rrd/full.go": "it was longer"})
	want := []string{
		"rrd/over.go: 401 lines, more than 400: split it by idea, or give the reason in mayBeLong of .ci/structure/rules.go",
		"rrd/full.go: it is in mayBeLong of .ci/structure/rules.go but is not long: take it out",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

func TestMatches(t *testing.T) {
	f := func(pattern, path string, want bool) {
		t.Helper()
		if got := matches(pattern, path); got != want {
			t.Errorf("matches(%q, %q) = %t", pattern, path, got)
		}
	}
	f("rrd", "rrd", true)
	f("rrd", "rrd/rrdtest", false)
	f("rrd", "rrdx", false)
	f("cmd/...", "cmd", true)
	f("cmd/...", "cmd/perfmonctl/top", true)
	f("cmd/...", "cmdx/perfmon", false)
	f("alarm/sink/*", "alarm/sink/nats", true)
	f("alarm/sink/*", "alarm/sink", false)
	f("alarm/sink/*", "alarm/sink/nats/deep", false)
	f("...", "anything/at/all", true)
}
