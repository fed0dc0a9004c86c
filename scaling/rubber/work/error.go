package work

import (
	"errors"
	"fmt"
)

// Kind is the class of an error.
type Kind int

// Kinds of errors.
const (
	Away     Kind = iota // who should answer cannot be reached, or not in time: try again, later each time
	Auth                 // we are not known, or may not do this: somebody has to change something
	Garbled              // the answer cannot be understood
	NoWorker             // nobody of that name is known
	Silent               // the worker has not answered in time; what was asked may still happen
	Refused              // the worker answers that it cannot
	Twins                // two processes have the name, and a command reaches any one of them
	Invalid              // the question is wrong and stays wrong until somebody changes it
)

// String is the kind in lower case, as in metrics and logs.
func (k Kind) String() string {
	names := [...]string{"away", "auth", "garbled", "no_worker", "silent", "refused", "twins", "invalid"}
	if k < 0 || int(k) >= len(names) {
		return "away"
	}
	return names[k]
}

// Kinds lists all of them, in the order of their numbers.
func Kinds() []Kind { return []Kind{Away, Auth, Garbled, NoWorker, Silent, Refused, Twins, Invalid} }

// Error is what went wrong between us and a broker or a worker.
type Error struct {
	Kind Kind
	Op   string // what was tried: "look at queue", "cancel consumer", …
	Name string // what it was about: a queue, a worker; may be empty
	Hint string // the way out, in one sentence; may be empty
	Err  error  // never has a secret in it
}

// Error is one line: what, about what, why, and the way out. Away is not said
// beside a cause, since it says no more to a person.
func (e *Error) Error() string {
	text := e.Op
	if e.Name != "" {
		text += fmt.Sprintf(" %q", e.Name)
	}
	if e.Kind != Away || e.Err == nil {
		text += ": " + e.Kind.String()
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	if e.Hint != "" {
		text += " (" + e.Hint + ")"
	}
	return text
}

// Unwrap is the cause.
func (e *Error) Unwrap() error { return e.Err }

// KindOf is the class of any error: Away of one that nobody has classed, such
// as a context that has ended.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Away
}
