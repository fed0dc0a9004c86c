package webhook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"perfmon/alarm"
	"perfmon/alarm/sink/internal/webclient"
)

// Bounds in bytes: of what is read of an answer, and of what an error repeats
// of it.
const (
	maxAnswer  = 4096
	maxExcerpt = 300
)

// Sink posts events to one endpoint.
type Sink struct {
	opts   Options
	name   string // for errors
	client *http.Client
	now    func() time.Time
	wait   *Later // what the receiver asked for last
}

// New makes a sink. It does not connect.
func New(o Options) (*Sink, error) {
	if err := o.validate(); err != nil {
		return nil, fmt.Errorf("webhook: %w", err)
	}
	client, err := webclient.New(o.TLS, o.Proxy, o.Timeout)
	if err != nil {
		return nil, fmt.Errorf("webhook: %w", err)
	}
	return &Sink{opts: o, name: o.String(), client: client, now: time.Now}, nil
}

// String names the endpoint's host.
func (s *Sink) String() string { return s.name }

// GoString leaves the secrets out, too.
func (s *Sink) GoString() string { return s.name }

// Deliver posts events, oldest first, one a request or in batches. The
// receiver has answered 2xx for taken of them. A *alarm.Refused is about the
// event after those; any other error is worth another try, a *Later not
// before the time in it. Not to be called concurrently.
func (s *Sink) Deliver(ctx context.Context, events []*alarm.Event) (taken int, err error) {
	if s.wait != nil {
		if s.now().Before(s.wait.At) {
			return 0, fmt.Errorf("%s: %w", s.name, s.wait)
		}
		s.wait = nil
	}
	most := s.opts.MaxBatch
	for taken < len(events) {
		body, n, err := s.body(events[taken:], most)
		if err != nil {
			return taken, &alarm.Refused{Err: fmt.Errorf("%s: %w", s.name, err)}
		}
		err = s.post(ctx, body)
		switch {
		case err == nil:
			taken += n
		case final(err) && n > 1:
			most = 1 // one bad event spoils the batch; find it
		case final(err):
			return taken, &alarm.Refused{Err: fmt.Errorf("%s: %w", s.name, err)}
		default:
			return taken, fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return taken, nil
}

// Close ends idle connections.
func (s *Sink) Close(context.Context) error {
	s.client.CloseIdleConnections()
	return nil
}

func final(err error) bool {
	var status *statusError
	return errors.As(err, &status) && status.final()
}

// body encodes the first event, and in batch mode as many more as fit. An
// error is about the first event.
func (s *Sink) body(events []*alarm.Event, most int) (body []byte, n int, err error) {
	first, err := events[0].CloudEvent()
	if err != nil {
		return nil, 1, err
	}
	if !s.opts.Batch {
		return first, 1, nil
	}
	body = append([]byte{'['}, first...)
	n = 1
	for ; n < min(most, len(events)); n++ {
		next, err := events[n].CloudEvent()
		if err != nil || len(body)+len(next) > maxBatchBytes {
			break // its turn comes with the next batch
		}
		body = append(append(body, ','), next...)
	}
	return append(body, ']'), n, nil
}

func (s *Sink) post(ctx context.Context, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.opts.URL, bytes.NewReader(body))
	if err != nil {
		return errors.New("make request: bad url")
	}
	req.Header.Set("Content-Type", "application/cloudevents+json")
	if s.opts.Batch {
		req.Header.Set("Content-Type", "application/cloudevents-batch+json")
	}
	req.Header.Set("User-Agent", "perfmon")
	if s.opts.BearerToken != "" {
		req.Header.Set("Authorization", "Bearer "+s.opts.BearerToken)
	}
	if s.opts.Secret != "" {
		sign(req.Header, s.opts.Secret, body, s.now())
	}
	resp, err := s.client.Do(req)
	if err != nil {
		// The outer error repeats the whole address.
		var outer *url.Error
		if errors.As(err, &outer) {
			err = outer.Err
		}
		return fmt.Errorf("post events: %w", err)
	}
	defer resp.Body.Close()
	// What cannot be read of the answer changes nothing about its status.
	text, _ := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if resp.StatusCode/100 == 2 {
		return nil
	}
	excerpt := s.redact(strings.TrimSpace(string(text)))
	status := &statusError{resp.StatusCode, excerpt[:min(len(excerpt), maxExcerpt)]}
	if wait := retryAfter(resp.Header, s.now()); wait > 0 && !status.final() {
		s.wait = &Later{Err: status, At: s.now().Add(wait)}
		return s.wait
	}
	return status
}

// minSecret is the length from which on a part of the endpoint's path or query
// may be a secret, bytes.
const minSecret = 8

// redact takes our secrets out of an answer, which may repeat the request.
func (s *Sink) redact(text string) string {
	secrets := []string{s.opts.Secret, s.opts.BearerToken}
	if u, err := url.Parse(s.opts.URL); err == nil {
		for _, part := range strings.FieldsFunc(u.RequestURI(), func(r rune) bool { return strings.ContainsRune("/?&=", r) }) {
			if len(part) >= minSecret {
				secrets = append(secrets, part)
			}
		}
	}
	for _, secret := range secrets {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "(secret)")
		}
	}
	return text
}
