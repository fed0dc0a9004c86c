package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// toy is a module whose test knows about one of its two functions only.
var toy = map[string]string{
	"go.mod": "module toy\n\ngo 1.26\n",
	"toy/toy.go": `package toy

func Sum(n int) int {
	s := 0
	for i := 1; i <= n; i++ {
		s += i
	}
	return s
}

func Untested(a int) int {
	return a
}
`,
	"toy/toy_test.go": `package toy

import "testing"

func TestSum(t *testing.T) {
	if got := Sum(3); got != 6 {
		t.Errorf("Sum(3) = %d", got)
	}
}
`,
}

func makeToy(t *testing.T) runner {
	t.Helper()
	root := t.TempDir()
	for name, text := range toy {
		name = filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return runner{root: root, timeout: 5 * time.Second}
}

func mutate(old, new string) mutation {
	return mutation{file: "toy/toy.go", old: old, new: new, packages: []string{"./toy"}}
}

func TestTry(t *testing.T) {
	r := makeToy(t)
	f := func(old, new string, want outcome, detail string) {
		t.Helper()
		v := r.try(context.Background(), mutate(old, new))
		if v.outcome != want || !strings.Contains(v.detail, detail) {
			t.Errorf("%s => %s: %s (%s), want %s (%s)", old, new, v.outcome, v.detail, want, detail)
		}
	}
	f("s += i", "s -= i", red, "TestSum")
	f("s += i", "panic(s)", red, "TestSum")
	f("s := 0", "var s int", survived, "no test failed") // the same program
	f("return a", "return -a", survived, "no test failed")
	f("s += i", "s += j", broken, "does not build")
	f("return a", "return a == a", broken, "does not build")
	f("s *= i", "s += i", broken, "no line is")
	f("}", "};", broken, "stands in lines")
	f("s += i", "s += i", broken, "by itself")

	text, err := os.ReadFile(filepath.Join(r.root, "toy/toy.go"))
	if err != nil {
		t.Fatal(err)
	}
	if string(text) != toy["toy/toy.go"] {
		t.Errorf("the tree was changed:\n%s", text)
	}
}

// A mutant that never ends is noticed too.
func TestEndless(t *testing.T) {
	r := makeToy(t)
	r.timeout = time.Second
	if v := r.try(context.Background(), mutate("for i := 1; i <= n; i++ {", "for i := 1; i <= n; i += 0 {")); v.outcome != red {
		t.Errorf("%s (%s)", v.outcome, v.detail)
	}
}

func TestHunt(t *testing.T) {
	r := makeToy(t)
	f := func(want string, mutations ...mutation) {
		t.Helper()
		var out bytes.Buffer
		err := hunt(context.Background(), &out, r, mutations, 2)
		got := "all red"
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, want) {
			t.Errorf("got %q, want %q\n%s", got, want, &out)
		}
		if n := strings.Count(out.String(), "=>"); err == nil && n != len(mutations) {
			t.Errorf("%d lines for %d mutants:\n%s", n, len(mutations), &out)
		}
	}
	good, alive, wrong := mutate("s += i", "s -= i"), mutate("return a", "return -a"), mutate("s += i", "nonsense")
	f("all red", good, good, good)
	f("1 survived", good, alive)
	f("1 broken", good, wrong)
	f("no mutations")

	if err := os.WriteFile(filepath.Join(r.root, "toy/toy.go"), []byte("package toy\n\nfunc Sum(n int) int { return 0 }\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	f("fail without any mutant", good)
}

// The list belongs to the code as it is: a mutation whose line is gone has to
// be noticed by the ordinary tests, not only by the long run.
func TestList(t *testing.T) {
	if len(list) < 20 {
		t.Errorf("%d mutations, want at least 20", len(list))
	}
	seen := map[string]bool{}
	for _, m := range list {
		text, err := os.ReadFile(filepath.Join("../..", m.file))
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := m.apply(string(text)); err != nil {
			t.Error(err)
		}
		if len(m.packages) == 0 {
			t.Errorf("%s: %q has no packages to test", m.file, m.old)
		}
		if key := m.file + m.old + " => " + m.new; seen[key] {
			t.Errorf("twice: %s", key)
		} else {
			seen[key] = true
		}
	}
}
