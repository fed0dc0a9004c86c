package main

import (
	"strings"
	"testing"
)

func TestIsPlugin(t *testing.T) {
	for program, want := range map[string]bool{
		"/etc/xapi.d/plugins/perfmon": true,
		"perfmon":                     true,
		"/usr/bin/perfmonctl":         false,
		"perfmonctl":                  false,
		"":                            false,
	} {
		if got := isPlugin(program); got != want {
			t.Errorf("%q: got %v", program, got)
		}
	}
}

// TestPluginAnswers: whatever it is started with, the toolstack gets an answer
// that it can read.
func TestPluginAnswers(t *testing.T) {
	for _, args := range [][]string{nil, {"--help"}, {"a", "b"}, {"<methodCall><methodName>boom</methodName></methodCall>"}} {
		var out strings.Builder
		code := runPlugin(args, &out)
		if code != 0 || !strings.Contains(out.String(), "<value><string>Failure</string></value>") {
			t.Errorf("%q: exit code %d, says %s", args, code, out.String())
		}
	}
}
