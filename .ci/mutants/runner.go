package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"time"
)

// outcome is what became of a mutant.
type outcome string

const (
	red      outcome = "red"      // a test noticed
	survived outcome = "SURVIVED" // no test noticed
	broken   outcome = "BROKEN"   // it does not build, or cannot be made: proves nothing
)

// verdict is an outcome with what there is to say about it.
type verdict struct {
	outcome outcome
	line    int
	detail  string
}

// runner runs the tests of the module at root.
type runner struct {
	root    string
	timeout time.Duration
}

// baseline demands that the tests pass before anything is changed; otherwise
// red says nothing.
func (r runner) baseline(ctx context.Context, mutations []mutation) error {
	var packages []string
	for _, m := range mutations {
		packages = append(packages, m.packages...)
	}
	slices.Sort(packages)
	if out, err := r.test(ctx, slices.Compact(packages)); err != nil {
		return fmt.Errorf("the tests fail without any mutant: %w\n%s", err, out)
	}
	return nil
}

// try makes one mutant and runs the tests that should notice.
func (r runner) try(ctx context.Context, m mutation) verdict {
	dir, err := os.MkdirTemp("", "mutant")
	if err != nil {
		return verdict{broken, 0, err.Error()}
	}
	defer os.RemoveAll(dir)
	overlay, line, err := r.overlay(dir, m)
	if err != nil {
		return verdict{broken, 0, err.Error()}
	}
	// A mutant that does not even build, or that vet refuses, is no proof of
	// a test. Building the tests without running any finds both.
	if out, err := r.test(ctx, m.packages, "-overlay", overlay, "-run", "^$"); err != nil {
		return verdict{broken, line, fmt.Sprintf("does not build: %v\n%s", err, out)}
	}
	out, err := r.test(ctx, m.packages, "-overlay", overlay, "-failfast")
	if err == nil {
		return verdict{survived, line, "no test failed"}
	}
	if ctx.Err() != nil {
		return verdict{broken, line, "interrupted"}
	}
	return verdict{red, line, firstFailure(out)}
}

// overlay writes the mutated file and the map that puts it in the place of
// the real one.
func (r runner) overlay(dir string, m mutation) (name string, line int, err error) {
	original, err := filepath.Abs(filepath.Join(r.root, filepath.FromSlash(m.file)))
	if err != nil {
		return "", 0, err
	}
	text, err := os.ReadFile(original)
	if err != nil {
		return "", 0, err
	}
	mutated, line, err := m.apply(string(text))
	if err != nil {
		return "", 0, err
	}
	mutant := filepath.Join(dir, "mutant.go")
	if err := os.WriteFile(mutant, []byte(mutated), 0o600); err != nil {
		return "", 0, err
	}
	replace, err := json.Marshal(map[string]map[string]string{"Replace": {original: mutant}})
	if err != nil {
		return "", 0, err
	}
	name = filepath.Join(dir, "overlay.json")
	return name, line, os.WriteFile(name, replace, 0o600)
}

// test runs the tests of packages and returns what they printed. Nothing
// outlives it: the go command kills a test that runs over the time limit.
func (r runner) test(ctx context.Context, packages []string, flags ...string) ([]byte, error) {
	args := append([]string{"test", "-timeout", r.timeout.String()}, flags...)
	cmd := exec.CommandContext(ctx, "go", append(args, packages...)...)
	cmd.Dir = r.root
	// Interrupted, the go command ends its children before itself.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	return cmd.CombinedOutput()
}

var failures = regexp.MustCompile(`(?m)^\s*--- FAIL: (\S+)|^(panic: .*)`)

// firstFailure names what turned red, for the table.
func firstFailure(out []byte) string {
	m := failures.FindSubmatch(out)
	switch {
	case m == nil:
		return "failed"
	case m[1] != nil:
		return string(m[1])
	}
	return string(m[2])
}
