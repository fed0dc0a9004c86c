package systemlog

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// journal puts a program in the journal's place.
func journal(t *testing.T, script string) {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("PATH", dir+":/usr/bin:/bin")
	if err := os.WriteFile(filepath.Join(dir, program), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
}

func TestNewest(t *testing.T) {
	journal(t, `echo "$@"`)
	got, err := Newest(t.Context(), 7)
	want := "--no-pager --quiet --output=short-iso --lines=7 --unit=perfmon-agent.service --unit=perfmon.service\n"
	if err != nil || string(got) != want {
		t.Errorf("%q, %v, want %q", got, err, want)
	}
}

func TestNewestFailures(t *testing.T) {
	journal(t, "echo 'No access' >&2; exit 3")
	if _, err := Newest(t.Context(), 7); err == nil || err.Error() != "journalctl: exit status 3: No access" {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Newest(ctx, 7); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want %v", err, context.Canceled)
	}
	t.Setenv("PATH", t.TempDir())
	if _, err := Newest(t.Context(), 7); !errors.Is(err, ErrNone) {
		t.Errorf("%v, want %v", err, ErrNone)
	}
}

func TestLimited(t *testing.T) {
	var l limited
	part := strings.Repeat("x", maxBytes/4+1)
	for range 5 {
		if n, err := l.Write([]byte(part)); n != len(part) || err != nil {
			t.Errorf("%d, %v", n, err)
		}
	}
	if l.Len() != maxBytes {
		t.Errorf("%d bytes, want %d", l.Len(), maxBytes)
	}
}
