// Command rubber keeps as many workers as the work needs, where the hosts can
// bear them. It watches job queues, the workers that serve them and the agents'
// alarms, and starts, drains and deletes worker machines.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"perfmon/cmd/internal/plugincode"
)

// version is set by the linker.
var version = "unknown"

// Exit codes.
const (
	exitOK      = 0
	exitUsage   = 1 // wrong words on the command line
	exitFailed  = 2 // the work could not be done
	exitProblem = 3 // it was done, and found something wrong

	exitInterrupted = 130 // as of a program that the signal ends
)

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// codeError is an error with an exit code of its own. errTold in it has been
// told already.
type codeError struct {
	code int
	err  error
}

func (e *codeError) Error() string { return e.err.Error() }
func (e *codeError) Unwrap() error { return e.err }

var errTold = errors.New("")

// errInterrupted is the end of work that its user has broken off, who need not
// be told.
var errInterrupted = &codeError{exitInterrupted, errTold}

func failed(err error) error { return &codeError{exitFailed, err} }

// tell says what has gone wrong.
func tell(stderr io.Writer, err error) { fmt.Fprintf(stderr, "rubber: %v\n", err) }

// run is the whole program.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	cmd, err := root.ExecuteC()
	if err == nil {
		return exitOK
	}
	if plugincode.Wanted(cmd, args) {
		return plugincode.End(stdout, "rubber", err)
	}
	var coded *codeError
	if errors.As(err, &coded) {
		if coded.err != errTold {
			tell(stderr, err)
		}
		return coded.code
	}
	fmt.Fprintf(stderr, "rubber: %v ('%s --help' says more)\n", err, cmd.CommandPath())
	return exitUsage
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:           "rubber",
		Short:         "as many workers as the work needs, where the hosts can bear them",
		Long:          rootHelp,
		Version:       version,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          aVerb,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SuggestionsMinimumDistance = 2
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetUsageTemplate(usageTemplate(root)) // verbs inherit it
	root.SetVersionTemplate("rubber {{.Version}}\n")
	addVerbs(root)
	return root
}
