package main

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"perfmon/cmd/internal/takeover"
)

// TestTakeoverAsJSON: the steps until it was broken off, and why. The work
// itself is done in a guest.
func TestTakeoverAsJSON(t *testing.T) {
	var out bytes.Buffer
	broken := errors.New("start perfmon-agent.service: refused")
	err := takenAsJSON(&out, takeover.Options{}, taken{Undo: true}, func(o takeover.Options) error {
		fmt.Fprintf(o.Out, "stop perfmon.service\nkeep it from being started: done already\n")
		return broken
	})
	want := `{
  "undo": true,
  "dry_run": false,
  "steps": [
    "stop perfmon.service",
    "keep it from being started: done already"
  ],
  "error": "start perfmon-agent.service: refused"
}
`
	if !errors.Is(err, broken) || out.String() != want {
		t.Errorf("%v, %s", err, &out)
	}
	out.Reset()
	if err := takenAsJSON(&out, takeover.Options{}, taken{DryRun: true}, func(takeover.Options) error { return nil }); err != nil ||
		out.String() != "{\n  \"undo\": false,\n  \"dry_run\": true,\n  \"steps\": []\n}\n" {
		t.Errorf("%v, %s", err, &out)
	}
}
