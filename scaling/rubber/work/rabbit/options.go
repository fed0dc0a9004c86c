package rabbit

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"perfmon/scaling/rubber/work"
)

// DefaultLag is RabbitMQ's own interval of statistics, and a second for their
// way through the plugin.
const DefaultLag = 6 * time.Second

// Options say where the brokers and their management plugins are.
type Options struct {
	Broker work.Broker

	// Management is the plugin's addresses, http://host:15672 or https://…, tried
	// in order. None: each broker's host with the port 15672, or 15671 with TLS.
	Management   []string
	NoManagement bool // do not ask it: Unacked and Oldest stay unknown

	// ManagementUsername and ManagementPassword, if there is a name, count instead
	// of the broker's.
	ManagementUsername, ManagementPassword string

	ManagementTLS *tls.Config // nil: as the broker's. Copied

	// Lag is how old the plugin's figures may be: the broker's
	// collect_statistics_interval and a second. 0 is DefaultLag.
	Lag time.Duration
}

// String leaves the secrets out.
func (o Options) String() string {
	return strings.TrimSpace(o.Broker.String() + " " + strings.Join(o.management(), " "))
}

// GoString leaves the secrets out, too.
func (o Options) GoString() string { return o.String() }

// LogValue leaves the secrets out of logs.
func (o Options) LogValue() slog.Value { return slog.StringValue(o.String()) }

// management is the addresses of the plugin; those that cannot be read, which
// may have a secret in the wrong place, are left out.
func (o *Options) management() (list []string) {
	if o.NoManagement {
		return nil
	}
	for _, raw := range o.Management {
		if _, err := parseManagement(raw); err == nil {
			list = append(list, strings.TrimSuffix(raw, "/"))
		}
	}
	if len(o.Management) == 0 {
		addresses, _ := o.Broker.Addresses() // their error is told elsewhere
		for _, a := range addresses {
			list = append(list, a.Management())
		}
	}
	return list
}

func parseManagement(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, errors.New("not of the form http://host:port or https://host:port")
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("only scheme, host, port and a path belong there; user and password have options of their own")
	}
	return u, nil
}

func (o *Options) validate() error {
	if _, err := o.Broker.Addresses(); err != nil {
		return fmt.Errorf("broker: %w", err)
	}
	for i, raw := range o.Management {
		if _, err := parseManagement(raw); err != nil {
			return fmt.Errorf("management url %d: %w", i+1, err)
		}
	}
	if o.Lag < 0 {
		return errors.New("a negative lag")
	}
	if o.Lag == 0 {
		o.Lag = DefaultLag
	}
	if o.Broker.Timeout == 0 {
		o.Broker.Timeout = work.DefaultTimeout
	}
	return nil
}
