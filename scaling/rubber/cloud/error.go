package cloud

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Kind is the class of an error. What rubber does next depends on it and on
// nothing else.
type Kind int

// Kinds of errors.
const (
	Transient Kind = iota // away, overloaded, or not understood: try again, later each time
	Quota                 // we may not have more: ask for none for a while
	Capacity              // there is no room: elsewhere, or later
	Invalid               // the request is wrong and stays wrong until somebody changes it
	Auth                  // we are not known, or may not do this
	NotFound              // the machine is not there (any more)
)

// String is the kind in lower case, as in metrics and logs.
func (k Kind) String() string {
	names := [...]string{"transient", "quota", "capacity", "invalid", "auth", "not_found"}
	if k < 0 || int(k) >= len(names) {
		return "transient"
	}
	return names[k]
}

// Kinds lists all of them, in the order of their numbers.
func Kinds() []Kind { return []Kind{Transient, Quota, Capacity, Invalid, Auth, NotFound} }

// Error is what went wrong in a cloud.
type Error struct {
	Kind       Kind
	Op         string        // what was tried: "create", "list", …
	Name       string        // what it was about: a machine, an image, a network; may be empty
	Hint       string        // the way out, in one sentence; may be empty
	RetryAfter time.Duration // how long the cloud asks us to wait; 0: it does not say
	Err        error         // never has a secret in it
}

// Error is one line: what, about what, why, and the way out. Transient is not
// said beside a cause, since it says no more to a person.
func (e *Error) Error() string {
	text := e.Op
	if e.Name != "" {
		text += fmt.Sprintf(" %q", e.Name)
	}
	if e.Kind != Transient || e.Err == nil {
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

// Why is the error for a person who has been told what was tried and about what:
// the cause alone, and what it is about where that is none of these names. The
// way out is apart, in Hint.
func (e *Error) Why(names ...string) string {
	text := strings.ReplaceAll(e.Kind.String(), "_", " ")
	if e.Err != nil {
		text = strings.TrimSuffix(e.Err.Error(), ".")
	}
	if e.Name != "" && !slices.Contains(names, e.Name) {
		text = fmt.Sprintf("%s %q: %s", e.Op, e.Name, text)
	}
	return text
}

// Within is the error of the whole of which this was a step: what was tried,
// about what, and the step with its cause.
func (e *Error) Within(op, name string) *Error {
	whole := *e
	whole.Op, whole.Name = op, name
	if e.Name != "" && e.Name != name {
		whole.Err = fmt.Errorf("%s %q: %w", e.Op, e.Name, e.Err)
	} else {
		whole.Err = fmt.Errorf("%s: %w", e.Op, e.Err)
	}
	return &whole
}

// Unwrap is the cause.
func (e *Error) Unwrap() error { return e.Err }

// KindOf is the class of any error: Transient of one that no driver has
// classed, such as a context that has ended.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) && !errors.Is(err, context.Canceled) {
		return e.Kind
	}
	return Transient
}
