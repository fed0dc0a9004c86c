package xapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"syscall"
)

var (
	// ErrNullRef means that the toolstack reported success but returned
	// OpaqueRef:NULL: it could not keep what it was given.
	ErrNullRef = errors.New("the toolstack returned OpaqueRef:NULL")
	// ErrStalled means that an answer stopped: no byte came in time.
	ErrStalled = errors.New("no byte arrived in time")
	// ErrTooLarge means that a request or a reply is over its size limit.
	ErrTooLarge = errors.New("over the size limit")
	// ErrInvalidArgument means that something was not sent, since the
	// toolstack cannot accept it.
	ErrInvalidArgument = errors.New("invalid argument")
)

// Error is a failure that the toolstack reported for a call.
type Error struct {
	Code   string   // such as "UUID_INVALID"
	Params []string // such as the class and the uuid; never a session
}

func (e *Error) Error() string {
	if len(e.Params) == 0 {
		return "toolstack answered " + e.Code
	}
	return fmt.Sprintf("toolstack answered %s %q", e.Code, e.Params)
}

// IsCode says whether err is, or wraps, an Error with one of the codes.
func IsCode(err error, codes ...string) bool {
	var e *Error
	return errors.As(err, &e) && slices.Contains(codes, e.Code)
}

// HTTPStatusError is an HTTP answer whose status is not 200.
type HTTPStatusError struct {
	Endpoint string // who answered what, such as "xcp-rrdd /rrd_updates"
	Code     int
	Excerpt  string // the beginning of the body
}

func (e *HTTPStatusError) Error() string {
	return fmt.Sprintf("%s answered HTTP %d with %q", e.Endpoint, e.Code, e.Excerpt)
}

// ReplyError is a reply that could not be read: not JSON, cut short, too
// large, or not shaped as a reply.
type ReplyError struct {
	Offset  int64  // bytes read when it was noticed
	Excerpt string // the beginning of the reply
	Err     error
}

func (e *ReplyError) Error() string {
	return fmt.Sprintf("read reply at byte %d: %v; it begins with %q", e.Offset, e.Err, e.Excerpt)
}

func (e *ReplyError) Unwrap() error { return e.Err }

// argumentCodes are the refusals that repeat for the same arguments.
var argumentCodes = []string{
	"UUID_INVALID",
	"HANDLE_INVALID",
	"INVALID_VALUE",
	"VALUE_NOT_SUPPORTED",
	"FIELD_TYPE_ERROR",
	"MESSAGE_METHOD_UNKNOWN",
	"MESSAGE_PARAMETER_COUNT_MISMATCH",
}

// Retriable says whether the same call may succeed later. It is false for
// nil, for a caller that gave up, for arguments that the toolstack refused
// or that were not sent, and for a closed client. Anything else is the
// session's, the network's or the toolstack's trouble, and passes:
// HOST_STILL_BOOTING, a refused connection, a deadline, a reply that could
// not be read, any code not known to be about the arguments.
func Retriable(err error) bool {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, ErrClosed) ||
		errors.Is(err, ErrInvalidArgument) || IsCode(err, argumentCodes...) {
		return false
	}
	var status *HTTPStatusError
	if errors.As(err, &status) {
		switch status.Code {
		case http.StatusBadRequest, http.StatusRequestEntityTooLarge:
			return false
		}
	}
	return true
}

// Kind is a short word for what went wrong, the same for the same trouble,
// so that users can log once per change of state: a code of the toolstack,
// "http 404", "absent" (no socket), "refused", "denied" (not root), "stalled",
// "deadline", "canceled", "closed", "null reference", "argument", "bad reply", "network".
// It is "" for nil.
func Kind(err error) string {
	var (
		failure *Error
		status  *HTTPStatusError
		reply   *ReplyError
	)
	switch {
	case err == nil:
		return ""
	case errors.As(err, &failure):
		return failure.Code
	case errors.As(err, &status):
		return fmt.Sprintf("http %d", status.Code)
	case errors.Is(err, ErrClosed):
		return "closed"
	case errors.Is(err, ErrNullRef):
		return "null reference"
	case errors.Is(err, ErrInvalidArgument):
		return "argument"
	case errors.Is(err, context.Canceled):
		return "canceled"
	case errors.Is(err, ErrStalled):
		return "stalled"
	case errors.Is(err, context.DeadlineExceeded):
		return "deadline"
	case errors.As(err, &reply):
		return "bad reply"
	case errors.Is(err, syscall.ENOENT):
		return "absent"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refused"
	case errors.Is(err, fs.ErrPermission):
		return "denied"
	}
	return "network"
}

// withoutURL takes the address off an error of net/http: it is long, and what
// was asked of whom is said anyway.
func withoutURL(err error) error {
	var e *url.Error
	if errors.As(err, &e) {
		return e.Err
	}
	return err
}

// excerptBytes is how much of a bad answer goes into an error.
const excerptBytes = 200

func newStatusError(endpoint string, resp *http.Response) *HTTPStatusError {
	head, _ := io.ReadAll(io.LimitReader(resp.Body, excerptBytes)) // less of an excerpt is no harm
	return &HTTPStatusError{Endpoint: endpoint, Code: resp.StatusCode, Excerpt: redact(string(head))}
}

var refPattern = regexp.MustCompile(`OpaqueRef:[0-9A-Za-z_-]+`)

// redact hides references: one of them may be a session.
func redact(s string) string {
	return refPattern.ReplaceAllString(s, "OpaqueRef:(hidden)")
}

// withoutSession hides the session in the parameters of a toolstack's error.
func withoutSession(err error, session string) error {
	var e *Error
	if !errors.As(err, &e) {
		return err
	}
	for i, p := range e.Params {
		if e.Code == "SESSION_INVALID" || session != "" && strings.Contains(p, session) {
			e.Params[i] = "(session)"
		}
	}
	return err
}

func nullRef(ref string) bool { return ref == "" || ref == "OpaqueRef:NULL" }
