//go:build integration || system

package packages

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

// Versions that the tests build. The second is the newer one for both kinds of
// package.
const (
	olderVersion = "0.0.1"
	newerVersion = "0.0.2+3.gabc"
)

// rubberPackage is the package beside the agent's.
const rubberPackage = "perfmon-rubber"

// build makes the packages of one version from the working tree, or from a
// copy of it, for this machine's architecture, and returns their directory.
func build(t *testing.T, tree, version string, extra ...string) string {
	t.Helper()
	out := t.TempDir()
	cmd := exec.Command(filepath.Join(tree, ".ci/package.sh"))
	cmd.Dir = tree
	cmd.Env = append(os.Environ(), "OUT="+out, "PACKAGE_VERSION="+version, "ARCHITECTURES="+runtime.GOARCH,
		"COMPRESSION=gzip", "SOURCE_DATE_EPOCH=1700000000")
	cmd.Env = append(cmd.Env, extra...)
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build the packages: %v\n%s", err, said)
	}
	return out
}

// one is the only file of the agent's package with that ending.
func one(t *testing.T, dir, ending string) string {
	t.Helper()
	return oneOf(t, dir, "perfmon-agent", ending)
}

// oneOf is the only file of a package with that ending.
func oneOf(t *testing.T, dir, name, ending string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, name+"*"+ending))
	if err != nil || len(found) != 1 {
		t.Fatalf("files that end in %s: %q, %v", ending, found, err)
	}
	return found[0]
}

// repository is where the working tree is.
func repository(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}
