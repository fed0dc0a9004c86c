package localapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"

	"perfmon/cmd/internal/console"
)

// AwayError says that the server could not be asked, and what to do.
type AwayError struct {
	Text  error
	Cause error
}

func (e *AwayError) Error() string { return e.Text.Error() }

// Unwrap is the cause.
func (e *AwayError) Unwrap() error { return e.Cause }

// IsAway says whether an error is of a server that could not be asked.
func IsAway(err error) bool {
	var away *AwayError
	return errors.As(err, &away)
}

// RefusedError is an answer that refuses: what was asked for is wrong, or there
// is no such thing.
type RefusedError struct{ Text string }

func (e *RefusedError) Error() string { return e.Text }

// IsRefused says whether an error is such an answer.
func IsRefused(err error) bool {
	var refused *RefusedError
	return errors.As(err, &refused)
}

// closedEarly is what net/http says, by an error that it keeps to itself, of a
// connection that was closed before the request was written.
const closedEarly = "server closed idle connection"

// Unreachable says why the server has not answered, and what can be done.
func (c *Client) Unreachable(err error) error { return &AwayError{c.whyAway(err), err} }

func (c *Client) whyAway(err error) error {
	var timeout net.Error
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no socket %s: is %s running? If it has its socket elsewhere, name it with %s", c.Socket, c.Server, c.Flag)
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("nobody listens on %s: is %s running? Its last run did not end well; its log should say why", c.Socket, c.Server)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%s: permission denied: %s", c.Socket, c.Denied)
	case errors.Is(err, syscall.ENOTSOCK), errors.Is(err, syscall.EPROTOTYPE):
		return fmt.Errorf("%s is not %s's socket: name it with %s", c.Socket, c.Role, c.Flag)
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%s does not answer on %s within %v: its log should say why", c.Server, c.Socket, c.Timeout)
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), strings.Contains(err.Error(), closedEarly):
		if os.Geteuid() != 0 {
			return fmt.Errorf("%s has hung up: it answers root and its own user alone: %s", c.Server, c.Denied)
		}
		return fmt.Errorf("%s has hung up: it may have ended just now; ask again", c.Server)
	}
	return fmt.Errorf("ask %s: %w", c.Server, err)
}

// refusal is an answer that says that something is wrong.
func (c *Client) refusal(resp *http.Response, answer []byte) error {
	var r refusal
	server := c.serverOf(resp)
	bad := json.Unmarshal(answer, &r) != nil
	text := r.Message
	if text == "" {
		text = r.Error
	}
	if bad || text == "" {
		return fmt.Errorf("%s is not of this version: it answers %q with %s: %s", server, resp.Request.URL.Path, resp.Status, c.SameVersion)
	}
	if resp.StatusCode == http.StatusNotFound && r.knowsPaths() {
		return fmt.Errorf("%s does not know %s, and this is %s %s: if %s was updated, restart it; or %s",
			server, resp.Request.URL.Path, c.Tool, c.Version, c.Server, c.SameVersion)
	}
	if r.Fix != "" {
		text += ": " + r.Fix
	}
	for i, known := range r.Known {
		if i == maxSuggestions {
			text += fmt.Sprintf("\n  and %d more", len(r.Known)-i)
			break
		}
		text += "\n  " + known
	}
	text = console.Printable(text)
	if resp.StatusCode >= 500 {
		return errors.New(text)
	}
	return &RefusedError{text}
}

// serverOf is the server as its answer names it.
func (c *Client) serverOf(resp *http.Response) string {
	if version := resp.Header.Get(c.Header); version != "" {
		return console.Printable(c.Server + " " + version)
	}
	if server := resp.Header.Get("Server"); server != "" {
		return console.Printable(server)
	}
	return c.Role
}
