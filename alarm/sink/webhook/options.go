package webhook

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"time"

	"perfmon/alarm/sink/internal/address"
)

// Defaults of Options.
const (
	DefaultTimeout  = 10 * time.Second
	DefaultMaxBatch = 50
)

// maxBatchBytes bounds the body of a batch of more than one event.
const maxBatchBytes = 512 << 10

// Options say where events go and how.
type Options struct {
	// URL of the endpoint, http or https. Its path and query may be secret,
	// so nothing but scheme, host and port is ever repeated in an error.
	URL string

	Secret      string // key of the signature; without one events are not signed
	BearerToken string // for an Authorization header; may be empty

	TLS   *tls.Config // for https; nil trusts the system's authorities. Copied
	Proxy string      // URL of a proxy, or "environment" for what HTTPS_PROXY and its kind say; "" asks nobody

	Timeout  time.Duration // of one request; 0 is DefaultTimeout
	Batch    bool          // several events a request, in the JSON batch format
	MaxBatch int           // events of one batch; 0 is DefaultMaxBatch
}

// String leaves the secrets out.
func (o Options) String() string {
	u, err := o.address()
	if err != nil {
		return "webhook"
	}
	return "webhook " + u.Scheme + "://" + u.Host
}

// GoString leaves the secrets out, too.
func (o Options) GoString() string { return o.String() }

// LogValue leaves the secrets out of logs.
func (o Options) LogValue() slog.Value { return slog.StringValue(o.String()) }

func (o *Options) validate() error {
	u, err := o.address()
	if err != nil {
		return err
	}
	if u.User != nil || u.Fragment != "" {
		return errors.New("url: a user, password or fragment does not belong there")
	}
	if o.Timeout < 0 || o.MaxBatch < 0 {
		return errors.New("a negative time or number")
	}
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	if o.MaxBatch == 0 {
		o.MaxBatch = DefaultMaxBatch
	}
	if !o.Batch {
		o.MaxBatch = 1
	}
	return nil
}

func (o *Options) address() (*url.URL, error) {
	u, err := address.Parse(o.URL, "/path", "http", "https")
	if err != nil {
		return nil, fmt.Errorf("url: %w", err)
	}
	return u, nil
}
