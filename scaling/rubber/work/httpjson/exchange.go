package httpjson

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"perfmon/scaling/rubber/work"
	"perfmon/scaling/rubber/work/internal/pause"
)

// maxWords is how many bytes of a server's own words an error repeats.
const maxWords = 300

// server is who is asked.
type server struct {
	o         Options
	client    *http.Client
	transport *http.Transport
}

func newServer(o Options) *server {
	s := &server{o: o, transport: &http.Transport{
		Proxy: http.ProxyFromEnvironment, TLSClientConfig: o.TLS.Clone(), ForceAttemptHTTP2: true,
		MaxConnsPerHost: 8, MaxIdleConnsPerHost: 8, IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: maxBody,
	}}
	s.client = &http.Client{
		Transport:     s.transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // it would take the secret along
	}
	return s
}

// question is one request and what is said when it fails.
type question struct {
	op, name string // of errors
	address  string
	command  []byte // sent with POST; nil: GET
	limit    int    // bytes of an answer
	nowhere  string // hint to a 404 of a GET
}

// ask sends a question. Errors are *work.Error; retryAfter is how long the
// server asks to be left alone, 0 if it does not.
func (s *server) ask(ctx context.Context, q question) (body []byte, retryAfter time.Duration, err error) {
	failed := func(kind work.Kind, hint string, err error) ([]byte, time.Duration, error) {
		return nil, retryAfter, &work.Error{Kind: kind, Op: q.op, Name: q.name, Err: fmt.Errorf("%s: %w", s.o, err), Hint: hint}
	}
	ctx, cancel := context.WithTimeout(ctx, s.o.Timeout)
	defer cancel()
	method, sent := http.MethodGet, io.Reader(http.NoBody)
	if q.command != nil {
		method, sent = http.MethodPost, bytes.NewReader(q.command)
	}
	req, err := http.NewRequestWithContext(ctx, method, q.address, sent)
	if err != nil {
		return failed(work.Invalid, "", errors.New("the name makes no address"))
	}
	req.Header.Set("Accept", "application/json")
	if q.command != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if s.o.Header != "" {
		req.Header.Set(s.o.Header, s.o.Secret)
	}
	resp, err := s.client.Do(req)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err // without the address, which may have a secret
		}
		var unverified *tls.CertificateVerificationError
		if errors.As(err, &unverified) {
			return failed(work.Auth, "name the authority that has signed the server's certificate", err)
		}
		return failed(work.Away, "", err)
	}
	defer resp.Body.Close()
	if seconds, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && seconds > 0 {
		retryAfter = time.Duration(min(seconds, 3600)) * time.Second
	}
	body, err = io.ReadAll(io.LimitReader(resp.Body, int64(q.limit)+1))
	if q.command != nil {
		return s.taken(resp.StatusCode, body, failed)
	}
	status := statusError(resp.StatusCode)
	switch {
	case resp.StatusCode == http.StatusUnauthorized || resp.StatusCode == http.StatusForbidden:
		return failed(work.Auth, "check the header and its secret", status)
	case resp.StatusCode == http.StatusNotFound:
		return failed(work.Garbled, q.nowhere, status)
	case resp.StatusCode >= 300 && resp.StatusCode < 400:
		return failed(work.Garbled, "give the address that it leads to", status)
	case resp.StatusCode != http.StatusOK:
		return failed(work.Away, "", status)
	case err != nil:
		return failed(work.Away, "", fmt.Errorf("read the answer: %w", err))
	case len(body) > q.limit:
		return failed(work.Garbled, "", fmt.Errorf("the answer is longer than %d bytes", q.limit))
	}
	return body, 0, nil
}

// taken says what has become of a command. What the server writes besides the
// status counts only where it refuses.
func (s *server) taken(status int, body []byte, failed func(work.Kind, string, error) ([]byte, time.Duration, error)) ([]byte, time.Duration, error) {
	err := statusError(status)
	switch status {
	case http.StatusOK, http.StatusCreated, http.StatusAccepted, http.StatusNoContent:
		return nil, 0, nil
	case http.StatusUnauthorized, http.StatusForbidden:
		return failed(work.Auth, "check the header and its secret, and that it may give commands", err)
	case http.StatusNotFound, http.StatusGone:
		return failed(work.NoWorker, "", err)
	case http.StatusBadRequest, http.StatusConflict, http.StatusUnprocessableEntity:
		if words := s.words(body); words != "" {
			err = fmt.Errorf("%w: %q", err, words)
		}
		return failed(work.Refused, "", err)
	case http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return failed(work.Garbled, "have the server take commands, by POST, at the address of its list of workers", err)
	}
	if status >= 300 && status < 400 {
		return failed(work.Garbled, "give the address that it leads to", err)
	}
	return failed(work.Away, "", err)
}

// words is the reason in {"error": "…"}, "" if there is none that can be
// shown: a server may repeat what it was sent.
func (s *server) words(body []byte) string {
	var doc struct {
		Error string `json:"error"`
	}
	if len(body) > maxBody || json.Unmarshal(body, &doc) != nil {
		return ""
	}
	_, query, _ := strings.Cut(s.o.URL, "?")
	for _, secret := range []string{s.o.Secret, query} {
		if secret != "" && strings.Contains(doc.Error, secret) {
			return ""
		}
	}
	return doc.Error[:min(len(doc.Error), maxWords)]
}

// statusError is an answer's status, without the server's own words for it.
func statusError(code int) error {
	return fmt.Errorf("status %d %s", code, http.StatusText(code))
}

// closed is the last failure said again, while it is too early for a try.
func closed(g *pause.Gate, now time.Time, op, name string) error {
	err := g.Closed(now)
	if err == nil {
		return nil
	}
	var before *work.Error
	errors.As(err, &before)
	var again *pause.Error
	errors.As(err, &again)
	return &work.Error{Kind: before.Kind, Op: op, Name: name, Err: &pause.Error{Wait: again.Wait, Err: before.Err}, Hint: before.Hint}
}
