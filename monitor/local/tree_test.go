package local

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"perfmon/rrd"
)

// tree is a host to measure: copies of testdata that a test may change.
type tree struct {
	t    testing.TB
	root string
}

func newTree(t testing.TB, snapshot string) tree {
	t.Helper()
	tr := tree{t, t.TempDir()}
	if err := os.CopyFS(filepath.Join(tr.root, "sys"), os.DirFS("testdata/sys")); err != nil {
		t.Fatal(err)
	}
	tr.become(snapshot)
	return tr
}

// become replaces /proc by another snapshot.
func (tr tree) become(snapshot string) {
	tr.t.Helper()
	if err := os.RemoveAll(tr.proc()); err != nil {
		tr.t.Fatal(err)
	}
	if err := os.CopyFS(tr.proc(), os.DirFS(filepath.Join("testdata", snapshot))); err != nil {
		tr.t.Fatal(err)
	}
}

func (tr tree) proc() string { return filepath.Join(tr.root, "proc") }
func (tr tree) sys() string  { return filepath.Join(tr.root, "sys") }

// write puts a file below the root.
func (tr tree) write(name, content string) {
	tr.t.Helper()
	path := filepath.Join(tr.root, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		tr.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		tr.t.Fatal(err)
	}
}

// edit replaces old by new in a file, where it must be.
func (tr tree) edit(name, old, new string) {
	tr.t.Helper()
	data, err := os.ReadFile(filepath.Join(tr.root, name))
	if err != nil || !strings.Contains(string(data), old) {
		tr.t.Fatalf("%s: no %q in it, %v", name, old, err)
	}
	tr.write(name, strings.Replace(string(data), old, new, 1))
}

func (tr tree) remove(name string) {
	tr.t.Helper()
	if err := os.RemoveAll(filepath.Join(tr.root, name)); err != nil {
		tr.t.Fatal(err)
	}
}

// take samples the tree at so many seconds and fails on any error.
func (tr tree) take(s *sampler, seconds float64) []rrd.Sample {
	tr.t.Helper()
	samples, failed := tr.try(s, seconds)
	if failed != "" {
		tr.t.Fatalf("at %v s: %s", seconds, failed)
	}
	return samples
}

// try also returns what could not be read, as "group: error" lines.
func (tr tree) try(s *sampler, seconds float64) ([]rrd.Sample, string) {
	samples, groups := s.sample(tr.t.Context(), time.Duration(seconds*float64(time.Second)))
	var failed strings.Builder
	for _, g := range groups {
		if g.err != nil {
			fmt.Fprintf(&failed, "%s: %v\n", g.group, g.err)
		}
	}
	return append([]rrd.Sample(nil), samples...), failed.String()
}

// value returns one of the samples; absent is a failure.
func value(t testing.TB, samples []rrd.Sample, name string) float64 {
	t.Helper()
	for _, s := range samples {
		if s.Name == name {
			return s.Value
		}
	}
	t.Errorf("no sample of %s", name)
	return math.NaN()
}

func has(samples []rrd.Sample, name string) bool {
	for _, s := range samples {
		if s.Name == name {
			return true
		}
	}
	return false
}
