package replay

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCases runs the project's own cases: what a trigger does, one file a
// theme, one question a case.
func TestCases(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.test")
	if err != nil {
		t.Fatal(err)
	}
	total, names := 0, map[string]string{}
	for _, path := range paths {
		for _, c := range parseFile(t, path) {
			total++
			if other, ok := names[c.Name]; ok {
				t.Errorf("%s: the question was asked before: %s", c.Pos, other)
			}
			names[c.Name] = c.Pos.String()
			if !strings.HasSuffix(c.Name, "?") {
				t.Errorf("%s: %q is not a question", c.Pos, c.Name)
			}
			t.Run(filepath.Base(path)+"/"+c.Name, func(t *testing.T) {
				t.Parallel()
				r, err := c.Run(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if !r.OK() {
					var b strings.Builder
					if err := r.Write(&b, false); err != nil {
						t.Fatal(err)
					}
					t.Errorf("\n%s", b.String())
				}
			})
		}
	}
	t.Logf("%d cases in %d files", total, len(paths))
	if total < 60 {
		t.Errorf("%d cases, want at least 60", total)
	}
}

func parseFile(t *testing.T, path string) []*Case {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	cases, err := Parse(path, text, func(name string) ([]byte, error) { return os.ReadFile(filepath.Join(filepath.Dir(path), name)) })
	if err != nil {
		t.Fatal(err)
	}
	return cases
}
