package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"perfmon/docs/docstest"
)

// TestDocs runs the examples of docs/testing.md. A block that is fenced as
//
//	```text NAME.test       (or xml NAME.xml)
//
// is a file, and each "$ perfmonctl ..." of a block fenced as console is run
// with the files before it; what follows is what it prints. With -update the
// page is rewritten.
func TestDocs(t *testing.T) {
	page, err := filepath.Abs("../../docs/testing.md")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := os.ReadFile("../../rrd/testdata/rrd_full/full_host_rrd.xml.gz")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	write := func(name string, content []byte) {
		t.Helper()
		if err := os.WriteFile(name, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("host_rrd.xml.gz", rows)
	zone := time.Local
	time.Local = time.UTC
	t.Cleanup(func() { time.Local = zone })

	var out strings.Builder
	commands := 0
	parts := strings.Split(string(text), "```")
	for i, part := range parts {
		if i > 0 {
			out.WriteString("```")
		}
		info, body, _ := strings.Cut(part, "\n")
		words := strings.Fields(info)
		switch {
		case i%2 == 0 || len(words) == 0: // outside
		case len(words) == 2 && (words[0] == "text" || words[0] == "xml"):
			write(words[1], []byte(body))
		case words[0] == "console":
			command, _, _ := strings.Cut(body, "\n")
			args, ok := strings.CutPrefix(command, "$ perfmonctl ")
			if !ok {
				t.Fatalf("not a command: %q", command)
			}
			var said bytes.Buffer
			run(strings.Fields(args), strings.NewReader(""), &said, &said)
			part = info + "\n" + command + "\n" + said.String()
			commands++
		}
		out.WriteString(part)
	}
	if commands < 3 {
		t.Errorf("%d commands, want at least 3", commands)
	}
	if out.String() == string(text) {
		return
	}
	if !docstest.Updating() {
		t.Errorf("the examples print something else (-update rewrites them):\n%s", out.String())
		return
	}
	write(page, []byte(out.String()))
}
