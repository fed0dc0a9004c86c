package openstack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/gophercloud/gophercloud/v2"

	"perfmon/scaling/rubber/cloud"
)

// refusal is what a service says instead of doing something.
type refusal struct {
	status  int
	request string // "POST /v2.1/servers"
	message string
}

func (r *refusal) Error() string {
	return fmt.Sprintf("%s: %d: %s", r.request, r.status, r.message)
}

// maxMessage is how much of a service's words is repeated.
const maxMessage = 300

// message is what a service says in an error's body:
//
//	{"forbidden": {"code": 403, "message": "Quota exceeded for instances: …"}}   Nova
//	{"error": {"code": 401, "message": "The request you have made …"}}           Keystone
//	{"NeutronError": {"type": "…", "message": "…", "detail": ""}}                Neutron
//	<html><head><title>404 Not Found</title></head>…                             Glance
func message(status int, body []byte) string {
	var said map[string]struct {
		Message string `json:"message"`
	}
	text := ""
	if json.Unmarshal(body, &said) == nil {
		for _, inner := range said {
			text = inner.Message
		}
	} else {
		text = html.UnescapeString(tags.ReplaceAllString(string(body), " "))
	}
	text = strings.Join(strings.Fields(text), " ")
	if text == "" {
		text = http.StatusText(status)
	}
	if len(text) > maxMessage {
		text = strings.ToValidUTF8(text[:maxMessage], "") + "…"
	}
	return text
}

var tags = regexp.MustCompile(`<[^>]*>`)

// lost is failed, for errors of a session: one that is not known any more is
// dropped, and the next call logs in anew.
func (c *Cloud) lost(s *session, op, name string, err error) error {
	secrets := s.secrets
	if s.compute != nil {
		secrets = append(append([]string{}, secrets...), s.compute.Token())
	}
	failed := c.failed(op, name, scrub(err, secrets))
	if cloud.KindOf(failed) == cloud.Auth && statusOf(err) != http.StatusForbidden {
		c.drop(s)
	}
	return failed
}

// failed classes an error.
func (c *Cloud) failed(op, name string, err error) error {
	if err == nil {
		return nil
	}
	var classed *cloud.Error
	if errors.As(err, &classed) {
		same := *classed
		if same.Op == "" {
			same.Op = op
		}
		if same.Name == "" {
			same.Name = name
		}
		return &same
	}
	e := &cloud.Error{Op: op, Name: name}
	var reauth *gophercloud.ErrUnableToReauthenticate
	if errors.As(err, &reauth) { // it was the login that failed
		return c.failed(op, name, reauth.ErrReauth)
	}
	var code gophercloud.ErrUnexpectedResponseCode
	if !errors.As(err, &code) {
		var address *net.OpError
		if errors.As(err, &address) && address.Op == "dial" {
			e.Hint = "is auth_url right, and the cloud within reach?"
		}
		e.Kind, e.Err = cloud.Transient, err
		return e
	}
	r := &refusal{status: code.Actual, request: code.Method, message: message(code.Actual, code.Body)}
	if u, err := url.Parse(code.URL); err == nil {
		r.request += " " + u.Path
	}
	e.Err = r
	e.Kind, e.Hint = c.kind(r)
	e.RetryAfter = retryAfter(code.ResponseHeader, time.Now())
	return e
}

// kind is what a refusal means, and what can be done.
func (c *Cloud) kind(r *refusal) (cloud.Kind, string) {
	said := strings.ToLower(r.message)
	overQuota := strings.Contains(said, "quota") || strings.Contains(said, "maximum number of")
	switch r.status {
	case http.StatusUnauthorized:
		return cloud.Auth, fmt.Sprintf("check user, secret and project of cloud %q in clouds.yaml", c.o.Cloud)
	case http.StatusForbidden:
		switch {
		case overQuota:
			return cloud.Quota, "raise the quota of the project (openstack quota set), or lower rubber's cap"
		case strings.Contains(said, "zero disk"):
			return cloud.Invalid, "a flavor without a disk needs a boot volume"
		}
		return cloud.Auth, "the user has no role that allows it"
	case http.StatusRequestEntityTooLarge:
		if overQuota || strings.Contains(said, "limit") {
			return cloud.Transient, "the cloud wants fewer requests"
		}
		return cloud.Invalid, "make the user data smaller"
	case http.StatusTooManyRequests, 498:
		return cloud.Transient, "the cloud wants fewer requests"
	case http.StatusNotFound, http.StatusGone:
		return cloud.NotFound, ""
	case http.StatusBadRequest:
		return cloud.Invalid, ""
	case http.StatusConflict:
		switch {
		case overQuota:
			return cloud.Quota, "raise the quota of the project (openstack quota set)"
		case strings.Contains(said, "multiple") || strings.Contains(said, "more than one"):
			return cloud.Invalid, "name it by its id"
		case strings.Contains(said, "locked"):
			return cloud.Invalid, "somebody has locked the server: openstack server unlock"
		case strings.Contains(said, "no more ip addresses") || strings.Contains(said, "no fixed ip"):
			return cloud.Capacity, "the network has no address left"
		}
		return cloud.Transient, ""
	}
	return cloud.Transient, ""
}

// statusOf is the status of an answer that was an error, 0 of other errors.
func statusOf(err error) int {
	var r *refusal
	if errors.As(err, &r) {
		return r.status
	}
	var code gophercloud.ErrUnexpectedResponseCode
	if errors.As(err, &code) {
		return code.Actual
	}
	return 0
}

// maxWait bounds what a cloud may ask us to wait.
const maxWait = time.Hour

// retryAfter is how long to wait, by the header of that name: seconds or a date.
func retryAfter(h http.Header, now time.Time) time.Duration {
	text := h.Get("Retry-After")
	if text == "" {
		return 0
	}
	var wait time.Duration
	if seconds, err := strconv.ParseUint(text, 10, 32); err == nil {
		wait = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(text); err == nil {
		wait = at.Sub(now)
	}
	return min(max(wait, 0), maxWait)
}

// maybeDone says whether a request that failed may have been carried out, or
// may still be.
func maybeDone(err error) bool {
	switch status := statusOf(err); {
	case status == http.StatusServiceUnavailable:
		return false
	case status != 0:
		return status >= 500
	}
	var reauth *gophercloud.ErrUnableToReauthenticate
	if errors.As(err, &reauth) {
		return false
	}
	var address *net.OpError
	return !errors.As(err, &address) || address.Op != "dial"
}

// scrubbed is an error whose text had a secret in it.
type scrubbed struct {
	text  string
	cause error
}

func (s *scrubbed) Error() string { return s.text }

// Is keeps what the error was, for those who ask for a context's end.
func (s *scrubbed) Is(target error) bool {
	return (target == context.Canceled || target == context.DeadlineExceeded) && errors.Is(s.cause, target)
}

// scrub takes secrets out of an error. Its status and kind stay.
func scrub(err error, secrets []string) error {
	if err == nil {
		return nil
	}
	clean := func(text string) string {
		for _, secret := range secrets {
			if len(secret) > 3 { // shorter ones are in every word
				text = strings.ReplaceAll(text, secret, "***")
			}
		}
		return text
	}
	var classed *cloud.Error
	if errors.As(err, &classed) {
		return err // our own words
	}
	var code gophercloud.ErrUnexpectedResponseCode
	if errors.As(err, &code) {
		code.Body, code.URL = []byte(clean(string(code.Body))), clean(code.URL)
		return code
	}
	var reauth *gophercloud.ErrUnableToReauthenticate
	if errors.As(err, &reauth) {
		return scrub(reauth.ErrReauth, secrets)
	}
	if text := err.Error(); clean(text) != text {
		return &scrubbed{text: clean(text), cause: err}
	}
	return err
}
