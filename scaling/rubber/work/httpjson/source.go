package httpjson

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"

	"perfmon/scaling/rubber/work"
	"perfmon/scaling/rubber/work/internal/pause"
)

// maxBody is how long an answer may be, in bytes.
const maxBody = 64 << 10

const headerLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// placeholder is where the queue's name goes in an address.
const placeholder = "{queue}"

// Options say whom to ask.
type Options struct {
	// URL is asked with GET. {queue} in the path or the query becomes the
	// queue's name, escaped; without it, queue=NAME is added to the query.
	URL string

	// Header and Secret are sent with each question, as in
	// "Authorization: Bearer …". No header: none.
	Header, Secret string

	TLS     *tls.Config   // nil trusts the system's authorities. Copied
	Timeout time.Duration // of a question; 0 is work.DefaultTimeout
}

// String leaves the secret out, and the query, which may have another.
func (o Options) String() string {
	u, err := url.Parse(o.URL)
	if err != nil || u.Host == "" {
		return "http source"
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}).Redacted()
}

// GoString leaves the secret out, too.
func (o Options) GoString() string { return o.String() }

// LogValue leaves the secret out of logs.
func (o Options) LogValue() slog.Value { return slog.StringValue(o.String()) }

func (o *Options) validate() error {
	u, err := url.Parse(o.URL)
	if err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" {
		return errors.New("the url is not of the form http://host:port/path or https://host:port/path")
	}
	if u.User != nil || u.Fragment != "" || strings.Contains(u.Host, placeholder) {
		return errors.New("the url has a user, a fragment or a queue in its host; a secret has options of its own")
	}
	if o.Header == "" && o.Secret != "" || o.Header != "" && o.Secret == "" {
		return errors.New("a header and its secret belong together")
	}
	if o.Header != "" && (strings.Trim(o.Header, headerLetters) != "" || strings.ContainsFunc(o.Secret, unicode.IsControl)) {
		return errors.New("the header or its secret has characters that cannot be sent; is there a newline at the end of the secret?")
	}
	if o.Timeout < 0 {
		return errors.New("a negative timeout")
	}
	if o.Timeout == 0 {
		o.Timeout = work.DefaultTimeout
	}
	return nil
}

// Source asks one server. It is a work.Source.
type Source struct {
	o         Options
	client    *http.Client
	transport *http.Transport
	gate      pause.Gate

	mu    sync.Mutex // guards what follows
	looks int64
}

var _ work.Source = (*Source)(nil)

// Stats is what a source has done and how it is.
type Stats struct {
	Looks    int64 // questions that were asked
	Failures int64 // of these, those without a good answer
	Err      error // the last failure, nil when the last answer was good
}

// New makes a source. It connects when it is first asked.
func New(o Options) (*Source, error) {
	if err := o.validate(); err != nil {
		return nil, fmt.Errorf("httpjson: %w", err)
	}
	s := &Source{o: o, transport: &http.Transport{
		Proxy: http.ProxyFromEnvironment, TLSClientConfig: o.TLS.Clone(), ForceAttemptHTTP2: true,
		MaxConnsPerHost: 8, MaxIdleConnsPerHost: 8, IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: maxBody,
	}}
	s.client = &http.Client{
		Transport:     s.transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // it would take the secret along
	}
	return s, nil
}

// Stats returns counters since New.
func (s *Source) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := Stats{Looks: s.looks}
	st.Failures, st.Err = s.gate.State()
	return st
}

// Depth asks for one queue. After a failure it returns that error at once
// until it is time to try again, which a server may put off by Retry-After.
func (s *Source) Depth(ctx context.Context, queue string) (work.Depth, error) {
	now := time.Now()
	if err := s.gate.Closed(now); err != nil {
		var before *work.Error
		errors.As(err, &before)
		var again *pause.Error
		errors.As(err, &again)
		return work.Depth{}, &work.Error{Kind: before.Kind, Op: "ask for queue", Name: queue, Err: &pause.Error{Wait: again.Wait, Err: before.Err}, Hint: before.Hint}
	}
	s.mu.Lock()
	s.looks++
	s.mu.Unlock()
	d, retryAfter, err := s.ask(ctx, queue)
	if err != nil {
		if !errors.Is(err, context.Canceled) {
			s.gate.Failed(time.Now(), err, retryAfter)
		}
		return work.Depth{}, err
	}
	s.gate.Succeeded()
	d.At = now
	return d, nil
}

func (s *Source) ask(ctx context.Context, queue string) (d work.Depth, retryAfter time.Duration, err error) {
	failed := func(kind work.Kind, hint string, err error) (work.Depth, time.Duration, error) {
		return work.Depth{}, retryAfter, &work.Error{Kind: kind, Op: "ask for queue", Name: queue, Err: err, Hint: hint}
	}
	ctx, cancel := context.WithTimeout(ctx, s.o.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address(s.o.URL, queue), nil)
	if err != nil {
		return failed(work.Invalid, "", errors.New("the queue's name makes no address"))
	}
	req.Header.Set("Accept", "application/json")
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
			return failed(work.Auth, "name the authority that has signed the server's certificate", fmt.Errorf("%s: %w", s.o, err))
		}
		return failed(work.Away, "", fmt.Errorf("%s: %w", s.o, err))
	}
	defer resp.Body.Close()
	if seconds, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && seconds > 0 {
		retryAfter = time.Duration(min(seconds, 3600)) * time.Second
	}
	switch {
	case resp.StatusCode == http.StatusUnauthorized || resp.StatusCode == http.StatusForbidden:
		return failed(work.Auth, "check the header and its secret", fmt.Errorf("%s: status %s", s.o, resp.Status))
	case resp.StatusCode == http.StatusNotFound:
		return failed(work.Garbled, `check the address; a queue that does not exist is answered with {"absent": true}`, fmt.Errorf("%s: status %s", s.o, resp.Status))
	case resp.StatusCode >= 300 && resp.StatusCode < 400:
		return failed(work.Garbled, "give the address that it leads to", fmt.Errorf("%s: status %s", s.o, resp.Status))
	case resp.StatusCode != http.StatusOK:
		return failed(work.Away, "", fmt.Errorf("%s: status %s", s.o, resp.Status))
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	if err != nil {
		return failed(work.Away, "", fmt.Errorf("%s: read the answer: %w", s.o, err))
	}
	if len(body) > maxBody {
		return failed(work.Garbled, "", fmt.Errorf("%s: the answer is longer than %d bytes", s.o, maxBody))
	}
	if d, err = parse(body); err != nil {
		return failed(work.Garbled, "", fmt.Errorf("%s: %w", s.o, err))
	}
	return d, 0, nil
}

// address puts a queue's name into an address.
func address(raw, queue string) string {
	path, query, asks := strings.Cut(raw, "?")
	if !strings.Contains(raw, placeholder) {
		query = strings.TrimPrefix(query+"&queue="+placeholder, "&")
		asks = true
	}
	path = strings.ReplaceAll(path, placeholder, url.PathEscape(queue))
	if asks {
		path += "?" + strings.ReplaceAll(query, placeholder, url.QueryEscape(queue))
	}
	return path
}

// Close ends connections.
func (s *Source) Close() error {
	s.transport.CloseIdleConnections()
	return nil
}
