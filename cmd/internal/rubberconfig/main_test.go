package rubberconfig

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"perfmon/cmd/internal/strictyaml"
)

func noEnv(string) string { return "" }

func write(t testing.TB, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// load reads a text as a file in a folder of its own.
func load(t testing.TB, text string) (*Config, error) {
	t.Helper()
	return Load(write(t, t.TempDir(), "rubber.yaml", text), noEnv)
}

func mustLoad(t testing.TB, text string) *Config {
	t.Helper()
	c, err := load(t, text)
	if err != nil {
		t.Fatalf("%s\n%v", text, err)
	}
	return c
}

// problems are what is said about a text, a line each.
func problems(t testing.TB, text string) string {
	t.Helper()
	c, err := load(t, text)
	if err == nil {
		return ""
	}
	var bad *strictyaml.Error
	if c != nil || !errors.As(err, &bad) {
		t.Fatalf("%q: %v, %v", text, c, err)
	}
	bad.Path = "f"
	return bad.Error()
}
