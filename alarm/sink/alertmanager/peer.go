package alertmanager

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Bounds in bytes: of what is read of an answer, and of what an error repeats
// of it.
const (
	maxAnswer  = 4096
	maxExcerpt = 300
)

// peer is one Alertmanager.
type peer struct {
	name    string // scheme, host and port, for errors
	url     string
	told    map[string]*told // by key of the labels
	failing bool
}

// told is an alert that the peer may know: it was sent, whatever came back.
type told struct {
	alert alert
	until time.Time // then the peer forgets it by itself
	over  bool      // its end is owed to the peer
}

// statusError is an answer other than 2xx.
type statusError struct {
	code    int
	excerpt string
}

func (e *statusError) Error() string { return fmt.Sprintf("status %d: %q", e.code, e.excerpt) }

// refused says whether every peer has understood the request and will not
// have it.
func refused(err error) bool {
	if err == nil {
		return false
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			if !refused(e) {
				return false
			}
		}
		return true
	}
	var status *statusError
	return errors.As(err, &status) && status.code == http.StatusBadRequest
}

// sendTo hands alerts to one peer, and with them what is owed to it.
func (s *Sink) sendTo(ctx context.Context, p *peer, alerts []alert, now time.Time) error {
	owed := p.owed(alerts, now)
	p.expect(alerts, now.Add(s.opts.TTL), now)
	err := s.post(ctx, p, append(owed, alerts...))
	if refused(err) && len(owed) > 0 {
		// It may be those: an alert that was refused when it fired is refused
		// when it ends. Alertmanager keeps the good ones of a bad request.
		p.paid(owed)
		err = s.post(ctx, p, alerts)
	}
	if err == nil {
		p.paid(owed)
		p.paid(alerts)
		return nil
	}
	return fmt.Errorf("alertmanager %s: %w", p.name, err)
}

// owed returns the ends that the peer has not heard of, without those that
// the alerts to be sent say anyhow, and forgets what the peer has forgotten.
func (p *peer) owed(alerts []alert, now time.Time) []alert {
	said := map[string]bool{}
	for _, a := range alerts {
		said[key(a.Labels)] = true
	}
	var ends []alert
	for k, t := range p.told {
		if !t.until.After(now) {
			delete(p.told, k)
		} else if t.over && !said[k] {
			ends = append(ends, t.alert)
		}
	}
	return ends
}

// expect notes what the peer knows if the alerts arrive. The end of an alert
// that was begun before this process is owed until the time given.
func (p *peer) expect(alerts []alert, until, now time.Time) {
	for _, a := range alerts {
		t := &told{alert: a, until: a.EndsAt, over: !a.EndsAt.After(now)}
		if t.over {
			t.until = until
		}
		p.told[key(a.Labels)] = t
	}
}

// paid forgets the ends that the peer has heard of.
func (p *peer) paid(alerts []alert) {
	for _, a := range alerts {
		if t := p.told[key(a.Labels)]; t != nil && t.over {
			delete(p.told, key(a.Labels))
		}
	}
}

// noteState logs when a peer stops answering and when it answers again.
func (p *peer) noteState(log *slog.Logger, err error) {
	switch {
	case err != nil && !p.failing:
		log.Warn("alertmanager does not take alerts", "peer", p.name, "err", err)
	case err == nil && p.failing:
		log.Info("alertmanager takes alerts again", "peer", p.name)
	}
	p.failing = err != nil
}

func (s *Sink) post(ctx context.Context, p *peer, alerts []alert) error {
	body, err := json.Marshal(alerts)
	if err != nil {
		return fmt.Errorf("encode alerts: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("make request: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "perfmon")
	switch {
	case s.opts.BearerToken != "":
		req.Header.Set("Authorization", "Bearer "+s.opts.BearerToken)
	case s.opts.Username != "" || s.opts.Password != "":
		req.SetBasicAuth(s.opts.Username, s.opts.Password)
	}
	resp, err := s.client.Do(req)
	if err != nil {
		// The outer error repeats the whole address.
		var outer *url.Error
		if errors.As(err, &outer) {
			err = outer.Err
		}
		return fmt.Errorf("send alerts: %w", err)
	}
	defer resp.Body.Close()
	// What cannot be read of the answer changes nothing about its status.
	text, _ := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if resp.StatusCode/100 == 2 {
		return nil
	}
	excerpt := s.redact(strings.TrimSpace(string(text)))
	return &statusError{resp.StatusCode, excerpt[:min(len(excerpt), maxExcerpt)]}
}

// redact takes our secrets out of an answer, which may repeat the request.
func (s *Sink) redact(text string) string {
	basic := base64.StdEncoding.EncodeToString([]byte(s.opts.Username + ":" + s.opts.Password))
	for _, secret := range []string{s.opts.BearerToken, s.opts.Password, basic} {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "(secret)")
		}
	}
	return text
}
