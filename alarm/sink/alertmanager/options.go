package alertmanager

import (
	"crypto/tls"
	"errors"
	"log/slog"
	"strings"
	"time"
)

// Defaults of Options.
const (
	DefaultTTL     = 3 * time.Minute
	DefaultTimeout = 10 * time.Second
)

// Options say where the Alertmanagers are and how to speak to them.
type Options struct {
	// URLs of the peers, without /api/v2: http://alertmanager:9093, with a
	// path if it has a prefix. At least one. Credentials have no place here.
	URLs []string

	Username, Password string // basic authentication; none if both are empty
	BearerToken        string // instead of basic authentication

	TLS   *tls.Config // for https; nil trusts the system's authorities. Copied
	Proxy string      // URL of a proxy, or "environment" for what HTTPS_PROXY and its kind say; "" asks nobody

	Timeout      time.Duration // of one request; 0 is DefaultTimeout
	TTL          time.Duration // of the heartbeat, and of an event that has none; 0 is DefaultTTL
	GeneratorURL string        // where an alert's reader finds out more; may be empty
	Logger       *slog.Logger  // hears when a peer stops and starts answering; nil is silent
}

// String leaves the secrets out.
func (o Options) String() string { return "alertmanager " + strings.Join(o.URLs, " ") }

// GoString leaves the secrets out, too.
func (o Options) GoString() string { return o.String() }

// LogValue leaves the secrets out of logs.
func (o Options) LogValue() slog.Value { return slog.StringValue(o.String()) }

func (o *Options) validate() error {
	if len(o.URLs) == 0 {
		return errors.New("no url: name at least one Alertmanager")
	}
	if o.BearerToken != "" && (o.Username != "" || o.Password != "") {
		return errors.New("both a bearer token and basic authentication: keep one")
	}
	if o.Timeout < 0 || o.TTL < 0 {
		return errors.New("a negative time")
	}
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	if o.TTL == 0 {
		o.TTL = DefaultTTL
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return nil
}
