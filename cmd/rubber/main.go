// Command rubber keeps as many workers as the work needs, where the hosts can
// bear them. It watches job queues, the workers that serve them and the agents'
// alarms, and starts, drains and deletes worker machines.
package main

import (
	"io"
	"os"

	"perfmon/cmd/internal/verbs"
)

// version is set by the linker.
var version = "unknown"

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// run is the whole program.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return verbs.Run(newRoot(), args, stdin, stdout, stderr)
}
