package work

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Defaults of Broker.
const (
	DefaultTimeout   = 10 * time.Second
	DefaultKeepAlive = 10 * time.Second
)

// Broker is where the brokers of one cluster are, and how to speak to them.
type Broker struct {
	// URLs are tried in order: amqp://user:password@host:port/vhost or amqps://….
	// User, password and vhost are percent-encoded. Without a port it is 5672, or
	// 5671 with TLS; without a path, or with an empty one, the vhost is "/", as
	// Celery has it. All have the same vhost.
	URLs []string

	// Username and Password, if there is a name, count instead of those in the
	// URLs. Without any it is guest with the password guest, RabbitMQ's own, which
	// works on the broker's machine only.
	Username, Password string

	// External authenticates by the client certificate in TLS instead.
	External bool

	TLS *tls.Config // for amqps; nil trusts the system's authorities. Copied

	KeepAlive time.Duration // interval of the protocol's own heartbeat, whole seconds; 0 is DefaultKeepAlive
	Timeout   time.Duration // of connecting, and of one question; 0 is DefaultTimeout
}

// Address is one broker of them.
type Address struct {
	TLS            bool
	Host, Port     string // of an IPv6 address without brackets
	Vhost          string
	User, Password string
}

// String leaves the secrets out.
func (b Broker) String() string {
	addresses, err := b.Addresses()
	if err != nil {
		return "no broker: " + err.Error()
	}
	var names []string
	for _, a := range addresses {
		names = append(names, a.String())
	}
	return strings.Join(names, " ")
}

// GoString leaves the secrets out, too.
func (b Broker) GoString() string { return b.String() }

// LogValue leaves the secrets out of logs.
func (b Broker) LogValue() slog.Value { return slog.StringValue(b.String()) }

// Addresses reads the URLs. The error says which is wrong and repeats none,
// as a secret may be in any part.
func (b Broker) Addresses() ([]Address, error) {
	if len(b.URLs) == 0 {
		return nil, errors.New("no url: name at least one broker, amqp://user:password@host/vhost")
	}
	if b.Timeout < 0 || b.KeepAlive < 0 {
		return nil, errors.New("a negative time")
	}
	if b.KeepAlive != 0 && b.KeepAlive < time.Second {
		return nil, errors.New("a keep-alive of less than a second")
	}
	var list []Address
	for i, raw := range b.URLs {
		a, err := parse(raw)
		if err != nil {
			return nil, fmt.Errorf("url %d: %w", i+1, err)
		}
		switch {
		case b.External && (!a.TLS || b.TLS == nil || len(b.TLS.Certificates) == 0 && b.TLS.GetClientCertificate == nil):
			return nil, fmt.Errorf("url %d: external authentication needs amqps and a client certificate", i+1)
		case b.External && (a.User != "" || b.Username != ""):
			return nil, fmt.Errorf("url %d: both a user and external authentication: keep one", i+1)
		case b.Username != "":
			a.User, a.Password = b.Username, b.Password
		case a.User == "" && !b.External:
			a.User, a.Password = "guest", "guest"
		}
		if i > 0 && a.Vhost != list[0].Vhost {
			return nil, fmt.Errorf("url %d: another vhost than in the first; all are of one cluster", i+1)
		}
		list = append(list, a)
	}
	return list, nil
}

func parse(raw string) (Address, error) {
	u, err := url.Parse(raw)
	if err != nil || !isHost(u.Hostname()) || u.Scheme != "amqp" && u.Scheme != "amqps" {
		return Address{}, errors.New("not of the form amqp://user:password@host:port/vhost or amqps://…, with % and / of each part percent-encoded")
	}
	if u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return Address{}, errors.New("has something behind ? or #; write those as %3F and %23 where they belong to a name, and settings elsewhere")
	}
	a := Address{TLS: u.Scheme == "amqps", Host: u.Hostname(), Port: u.Port(), Vhost: strings.TrimPrefix(u.Path, "/"), User: u.User.Username()}
	a.Password, _ = u.User.Password()
	if a.Port == "" {
		a.Port = "5672"
		if a.TLS {
			a.Port = "5671"
		}
	}
	if n, err := strconv.Atoi(a.Port); err != nil || n < 1 || n > 65535 {
		return Address{}, errors.New("the port is not from 1 to 65535")
	}
	if a.Vhost == "" {
		a.Vhost = "/"
	}
	// The protocol has a byte for a name's length.
	if len(a.Vhost) > 255 {
		return Address{}, errors.New("the vhost is longer than 255 bytes")
	}
	return a, nil
}

// isHost says whether it is a name or an address: net/url takes more.
func isHost(host string) bool {
	if strings.Contains(host, ":") {
		_, err := netip.ParseAddr(host)
		return err == nil
	}
	return host != ""
}

// HostPort is what to connect to.
func (a Address) HostPort() string { return net.JoinHostPort(a.Host, a.Port) }

// String is the URL without user and password.
func (a Address) String() string {
	scheme := "amqp"
	if a.TLS {
		scheme = "amqps"
	}
	u := url.URL{Scheme: scheme, Host: a.HostPort(), Path: "/" + a.Vhost, RawPath: "/" + url.PathEscape(a.Vhost)}
	return u.String()
}

// Management is where the broker's management plugin listens unless it has
// been told otherwise.
func (a Address) Management() string {
	u := url.URL{Scheme: "http", Host: net.JoinHostPort(a.Host, "15672")}
	if a.TLS {
		u = url.URL{Scheme: "https", Host: net.JoinHostPort(a.Host, "15671")}
	}
	return u.String()
}
