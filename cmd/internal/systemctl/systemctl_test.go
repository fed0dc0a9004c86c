package systemctl

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// standIn writes a program that says its words, and fails if the first is
// "fail".
func standIn(t *testing.T, body string) Control {
	t.Helper()
	path := filepath.Join(t.TempDir(), "systemctl")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+body), 0o755); err != nil {
		t.Fatal(err)
	}
	return Control{Program: path}
}

func TestDo(t *testing.T) {
	c := standIn(t, `shift 2; echo "$@"; [ "$1" != fail ] || { echo it broke >&2; exit 5; }`)
	if said, err := c.Do(context.Background(), "start", AgentService); err != nil || said != "start perfmon-agent.service" {
		t.Errorf("got %q, %v", said, err)
	}
	said, err := c.Do(context.Background(), "fail", "x")
	if err == nil || !strings.Contains(err.Error(), "systemctl fail x: exit status 5: it broke") || said != "fail x" {
		t.Errorf("got %q, %v", said, err)
	}
}

func TestDoKeepsLittle(t *testing.T) {
	c := standIn(t, `head -c 100000 /dev/zero | tr '\0' x`)
	said, err := c.Do(context.Background())
	if err != nil || len(said) != maxOutput {
		t.Errorf("got %d bytes, %v", len(said), err)
	}
}

func TestProperty(t *testing.T) {
	c := standIn(t, `shift 2; [ "$*" = "show --property LoadState a.service" ] && echo LoadState=masked`)
	if got, err := c.Property(context.Background(), "a.service", "LoadState"); err != nil || got != "masked" {
		t.Errorf("got %q, %v", got, err)
	}
	if got, err := standIn(t, "echo what").Property(context.Background(), "a.service", "LoadState"); err == nil {
		t.Errorf("got %q of an answer without the property", got)
	}
}

func TestNoSystemctl(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, err := os.Stat("/usr/bin/systemctl"); err == nil {
		t.Skip("this host has one in the usual place")
	}
	if _, err := (Control{}).Do(context.Background(), "start"); !errors.Is(err, ErrMissing) {
		t.Errorf("got %v", err)
	}
}
