package xapi

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
	"testing"
)

func TestRetriable(t *testing.T) {
	f := func(err error, want bool) {
		t.Helper()
		if got := Retriable(fmt.Errorf("do it: %w", err)); got != want {
			t.Errorf("Retriable(%v) = %v", err, got)
		}
	}
	f(&Error{Code: "HOST_STILL_BOOTING"}, true)
	f(&Error{Code: "SESSION_INVALID"}, true)
	f(&Error{Code: "INTERNAL_ERROR"}, true)
	f(&Error{Code: "A_CODE_OF_TOMORROW"}, true)
	f(&Error{Code: "UUID_INVALID"}, false)
	f(&Error{Code: "HANDLE_INVALID"}, false)
	f(&Error{Code: "INVALID_VALUE"}, false)
	f(&Error{Code: "MESSAGE_PARAMETER_COUNT_MISMATCH"}, false)
	f(&HTTPStatusError{Code: 401}, true)
	f(&HTTPStatusError{Code: 403}, true)
	f(&HTTPStatusError{Code: 404}, true)
	f(&HTTPStatusError{Code: 500}, true)
	f(&HTTPStatusError{Code: 503}, true)
	f(&HTTPStatusError{Code: 400}, false)
	f(&HTTPStatusError{Code: 413}, false)
	f(&ReplyError{Err: errors.New("x")}, true)
	f(ErrNullRef, true)
	f(ErrStalled, true)
	f(ErrInvalidArgument, false)
	f(ErrClosed, false)
	f(context.DeadlineExceeded, true)
	f(context.Canceled, false)
	if Retriable(nil) {
		t.Error("Retriable(nil)")
	}
}

func TestIsCode(t *testing.T) {
	err := fmt.Errorf("do it: %w", &Error{Code: "UUID_INVALID", Params: []string{"VM", "u"}})
	if !IsCode(err, "HANDLE_INVALID", "UUID_INVALID") || IsCode(err, "HANDLE_INVALID") || IsCode(err) || IsCode(nil, "UUID_INVALID") {
		t.Error("IsCode")
	}
}

func TestKind(t *testing.T) {
	for want, err := range map[string]error{
		"":               nil,
		"EVENTS_LOST":    &Error{Code: "EVENTS_LOST"},
		"http 404":       &HTTPStatusError{Code: 404},
		"closed":         ErrClosed,
		"null reference": ErrNullRef,
		"argument":       ErrInvalidArgument,
		"canceled":       context.Canceled,
		"stalled":        ErrStalled,
		"deadline":       &ReplyError{Err: context.DeadlineExceeded},
		"bad reply":      &ReplyError{Err: errors.New("x")},
		"network":        errors.New("x"),
		"denied":         &net.OpError{Op: "dial", Err: syscall.EACCES},
	} {
		if err != nil {
			err = fmt.Errorf("do it: %w", err)
		}
		if got := Kind(err); got != want {
			t.Errorf("Kind(%v) = %q, want %q", err, got, want)
		}
	}
}
