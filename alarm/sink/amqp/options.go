package amqp

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"perfmon/alarm/sink/internal/address"
)

// Defaults of Options.
const (
	DefaultExchange  = "perfmon.alarms"
	DefaultTimeout   = 10 * time.Second
	DefaultKeepAlive = 10 * time.Second
)

// Options say where the brokers are and how to speak to them.
type Options struct {
	// URLs of the brokers of one cluster, amqp://host:5672/vhost or
	// amqps://host:5671/vhost, tried in order. The vhost is percent-encoded;
	// without a path it is "/". At least one. Credentials have no place here.
	URLs []string

	Username, Password string
	// External authenticates by the client certificate in TLS instead.
	External bool

	TLS *tls.Config // for amqps; nil trusts the system's authorities. Copied

	Exchange  string        // "" is DefaultExchange
	KeepAlive time.Duration // interval of the protocol's own heartbeat, whole seconds; 0 is DefaultKeepAlive
	Timeout   time.Duration // of connecting, and of the confirms of one call; 0 is DefaultTimeout
}

// String leaves the secrets out.
func (o Options) String() string { return "amqp " + strings.Join(o.URLs, " ") }

// GoString leaves the secrets out, too.
func (o Options) GoString() string { return o.String() }

// LogValue leaves the secrets out of logs.
func (o Options) LogValue() slog.Value { return slog.StringValue(o.String()) }

func (o *Options) validate() error {
	if len(o.URLs) == 0 {
		return errors.New("no url: name at least one broker")
	}
	for i, raw := range o.URLs {
		u, err := address.Parse(raw, "/vhost", "amqp", "amqps")
		if err != nil {
			return fmt.Errorf("url %d: %w", i+1, err)
		}
		if u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Count(u.EscapedPath(), "/") > 1 {
			return fmt.Errorf("url %d: only scheme, host, port and a vhost belong there; everything else has options of its own", i+1)
		}
		if o.External && (u.Scheme != "amqps" || o.TLS == nil) {
			return fmt.Errorf("url %d: external authentication needs amqps and a client certificate", i+1)
		}
	}
	if o.External && (o.Username != "" || o.Password != "") {
		return errors.New("both a user and external authentication: keep one")
	}
	if !o.External && o.Username == "" {
		return errors.New("no username")
	}
	if o.Timeout < 0 || o.KeepAlive < 0 {
		return errors.New("a negative time")
	}
	if o.KeepAlive != 0 && o.KeepAlive < time.Second {
		return errors.New("a keep-alive of less than a second")
	}
	if o.Exchange == "" {
		o.Exchange = DefaultExchange
	}
	if len(o.Exchange) > maxShort || strings.HasPrefix(o.Exchange, "amq.") {
		return fmt.Errorf("exchange %q: longer than %d bytes, or one of the broker's own", o.Exchange, maxShort)
	}
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	if o.KeepAlive == 0 {
		o.KeepAlive = DefaultKeepAlive
	}
	return nil
}
