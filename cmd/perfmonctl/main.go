// Command perfmonctl is the operator's tool beside perfmon: it checks, tries and
// changes trigger XML, shows what an answer of a toolstack says, and asks the
// agent why an alarm came and what holds it back.
package main

import (
	"io"
	"os"

	"perfmon/cmd/internal/verbs"
)

// version is set by the linker.
var version = "unknown"

func main() {
	if isPlugin(os.Args[0]) {
		os.Exit(runPlugin(os.Args[1:], os.Stdout))
	}
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is the whole program under its own name.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return verbs.Run(newRoot(), args, stdin, stdout, stderr)
}
