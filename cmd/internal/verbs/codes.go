package verbs

import (
	"errors"

	"perfmon/cmd/internal/localapi"
)

// Exit codes.
const (
	ExitOK      = 0
	ExitUsage   = 1 // wrong words on the command line
	ExitFailed  = 2 // the work could not be done
	ExitProblem = 3 // it was done, and found something wrong

	ExitInterrupted = 130 // as of a program that the signal ends
)

// Error is an error with an exit code of its own. Those without one are of wrong
// words.
type Error struct {
	Code int
	Err  error
}

func (e *Error) Error() string { return e.Err.Error() }

// Unwrap is the error itself.
func (e *Error) Unwrap() error { return e.Err }

var errTold = errors.New("") // all has been told already

// ErrInterrupted is the end of work that its user has broken off, who need not
// be told.
var ErrInterrupted = Ended(ExitInterrupted)

// Ended is an end with an exit code, of which all has been told.
func Ended(code int) error { return &Error{code, errTold} }

// Failed is an error of work that could not be done.
func Failed(err error) error { return &Error{ExitFailed, err} }

// Refused is an error of what is wrong, or may not be.
func Refused(err error) error { return &Error{ExitProblem, err} }

// Coded gives an error an exit code, if it has none: work that could not be
// done.
func Coded(err error) error {
	var coded *Error
	if err == nil || errors.As(err, &coded) {
		return err
	}
	return Failed(err)
}

// Asked gives an error of asking one of our servers its exit code.
func Asked(err error) error {
	switch {
	case err == nil:
		return nil
	case localapi.IsRefused(err):
		return Refused(err)
	}
	return Failed(err)
}
