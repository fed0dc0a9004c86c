package main

import (
	"bytes"
	"strings"
	"testing"

	"perfmon/cmd/internal/manual/manualtest"
)

// TestManual: the page has each flag that --help has.
func TestManual(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "1700000000")
	var page, help, complaints bytes.Buffer
	if code := run([]string{"--manual"}, &page, &complaints); code != exitOK {
		t.Fatalf("exit code %d: %s", code, &complaints)
	}
	if !strings.HasPrefix(page.String(), `.TH "PERFMON" 8 "2023-11-14" `) {
		t.Errorf("begins with %.60q", page.String())
	}
	manualtest.Lint(t, "perfmon", page.String())
	run([]string{"--help"}, &help, &complaints)
	flags := helpFlags(help.String())
	if len(flags) < 10 {
		t.Fatalf("%d flags in --help", len(flags))
	}
	for name := range flags {
		if want := strings.ReplaceAll(name, "-", `\-`); !strings.Contains(page.String(), want+`\fR`) {
			t.Errorf("%s is not on the page", name)
		}
	}
}

func TestManualWithAWrongDate(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "soon")
	var complaints bytes.Buffer
	if code := run([]string{"--manual"}, &bytes.Buffer{}, &complaints); code != exitUsage || !strings.Contains(complaints.String(), `got "soon"`) {
		t.Errorf("exit code %d, says %s", code, &complaints)
	}
}
