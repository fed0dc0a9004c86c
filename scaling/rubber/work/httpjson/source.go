package httpjson

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"time"
	"unicode"

	"perfmon/scaling/rubber/work"
	"perfmon/scaling/rubber/work/internal/pause"
)

// maxBody is how many bytes an answer may have that is no list of workers.
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
	server *server
	gate   pause.Gate

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
	return &Source{server: newServer(o)}, nil
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
	const op = "ask for queue"
	now := time.Now()
	if err := closed(&s.gate, now, op, queue); err != nil {
		return work.Depth{}, err
	}
	s.mu.Lock()
	s.looks++
	s.mu.Unlock()
	body, retryAfter, err := s.server.ask(ctx, question{
		op: op, name: queue, address: address(s.server.o.URL, queue), limit: maxBody,
		nowhere: `check the address; a queue that does not exist is answered with {"absent": true}`,
	})
	var d work.Depth
	if err == nil {
		if d, err = parse(body); err != nil {
			err = &work.Error{Kind: work.Garbled, Op: op, Name: queue, Err: fmt.Errorf("%s: %w", s.server.o, err)}
		}
	}
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
	s.server.transport.CloseIdleConnections()
	return nil
}
