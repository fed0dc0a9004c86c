// Package hostplugin is the agent's side of `xe host-call-plugin
// plugin=perfmon`: the toolstack starts a program with an XML-RPC call as its
// only argument, and reads an XML-RPC answer from its standard output.
//
// The functions and the shapes of their answers are those of the stock plugin,
// which XenCenter calls: "True" and "False", and "ERROR_111: Connection refused"
// when no agent runs. That last one makes XenCenter call start and try again.
package hostplugin

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
)

// Actions are what the plugin can have done.
type Actions struct {
	// Send gives a word to the agent's command socket. A syscall.Errno in the
	// error becomes the number in the answer.
	Send func(word string) error
	// Start, Stop and Restart change the state of the agent's units.
	Start, Stop, Restart func() error
	// Status is the state of the agent in one word, such as "active".
	Status func() (string, error)
}

// Run answers one request. It returns the exit code of the program: 0 whenever
// there is an answer, since the toolstack reads none of a program that failed.
func Run(request string, do Actions, stdout io.Writer) int {
	answer := handle(request, do)
	if _, err := io.WriteString(stdout, answer+"\n"); err != nil {
		return 1
	}
	return 0
}

func handle(request string, do Actions) string {
	function, err := parseCall(request)
	if err != nil {
		return failure("PERFMON_PLUGIN_BAD_REQUEST", err.Error())
	}
	switch function {
	case "refresh", "debug_mem":
		return success(sent(do.Send(function)))
	case "start":
		return done(do.Start())
	case "stop":
		return done(do.Stop())
	case "restart":
		return done(do.Restart())
	case "status":
		state, err := do.Status()
		if err != nil {
			return failure("PERFMON_PLUGIN_FAILED", err.Error())
		}
		return success(state)
	default:
		return failure("UNKNOWN_METHOD", function)
	}
}

// done is what the stock plugin says of a program that it has run: whether it
// went well, and not why it did not.
func done(err error) string {
	if err != nil {
		return success("False")
	}
	return success("True")
}

// sent is what the stock plugin says of a datagram, with the words of the C
// library for an error number:
//
//	True
//	ERROR_111: Connection refused
func sent(err error) string {
	var number syscall.Errno
	switch {
	case err == nil:
		return "True"
	case errors.As(err, &number):
	case errors.Is(err, os.ErrDeadlineExceeded):
		number = syscall.EAGAIN // the queue stayed full
	default:
		return "ERROR_1: unknown error"
	}
	words := number.Error()
	return fmt.Sprintf("ERROR_%d: %s", int(number), strings.ToUpper(words[:1])+words[1:])
}
