// Command perfmon is the host performance agent: it follows the rows of a
// toolstack, or of this host's /proc, and raises the alarms that operators
// have configured. It takes the place of the stock daemon of that name.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
)

// version is set by the linker.
var version = "unknown"

// Exit codes, the stock daemon's.
const (
	exitOK      = 0
	exitUsage   = 1
	exitFatal   = 2
	exitRunning = 3
)

// gcPercent trades processor time for memory: much less and a refresh takes
// half as much again, much more and the agent is a quarter larger. GOGC
// overrides it; docs/performance.md has the measurements, which
// `make bench ONLY='memory|refresh'` repeats with GOGC set.
const gcPercent = 40

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run is the whole program.
func run(args []string, stdout, stderr io.Writer) int {
	o, err := parseFlags(args, stdout)
	switch {
	case errors.Is(err, errHelp):
		return exitOK
	case err != nil:
		fmt.Fprintf(stderr, "perfmon: %v ('perfmon --help' lists the flags)\n", err)
		return exitUsage
	}
	if o.daemon && !isDaemonChild() {
		return detach(args, stderr)
	}
	if isDaemonChild() {
		_ = os.Chdir("/") // so that no file system is kept from being unmounted
	}
	err = runAgent(o, stdout, stderr)
	reportToParent(err)
	var running *alreadyRunningError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &running):
		fmt.Fprintf(stderr, "perfmon: %v\n", err)
		return exitRunning
	default:
		fmt.Fprintf(stderr, "perfmon: %v\n", err)
		return exitFatal
	}
}
