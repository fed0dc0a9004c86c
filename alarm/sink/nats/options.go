package nats

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
	DefaultStream  = "ALARMS"
	DefaultTimeout = 5 * time.Second
	// DefaultWindow is the duplicate window of a stream that was made without
	// one.
	DefaultWindow = 2 * time.Minute
)

// Options say where the servers are and how to speak to them.
type Options struct {
	// URLs of the servers of one cluster, nats://host:4222 or
	// tls://host:4222. At least one. Credentials have no place here.
	URLs []string

	// One of: user and password, a token, the contents of a .creds file.
	Username, Password string
	Token              string
	Credentials        string

	TLS *tls.Config // demands TLS; nil leaves it to the URL and the server. Copied

	Stream string // that keeps the events; "" is DefaultStream
	// Window is the stream's duplicate window for the case that we may not
	// read it; 0 is DefaultWindow.
	Window time.Duration
	// InboxPrefix of the subjects that acknowledgements come to; "" is _INBOX.
	InboxPrefix string

	Timeout time.Duration // of connecting, and of one acknowledgement; 0 is DefaultTimeout
	Logger  *slog.Logger  // hears when the window could not be read; nil is silent
}

// String leaves the secrets out.
func (o Options) String() string { return "nats " + strings.Join(o.URLs, " ") }

// GoString leaves the secrets out, too.
func (o Options) GoString() string { return o.String() }

// LogValue leaves the secrets out of logs.
func (o Options) LogValue() slog.Value { return slog.StringValue(o.String()) }

func (o *Options) validate() error {
	if len(o.URLs) == 0 {
		return errors.New("no url: name at least one server")
	}
	for i, raw := range o.URLs {
		u, err := address.Parse(raw, "", "nats", "tls")
		if err != nil {
			return fmt.Errorf("url %d: %w", i+1, err)
		}
		if u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "" {
			return fmt.Errorf("url %d: only scheme, host and port belong there; credentials have options of their own", i+1)
		}
	}
	ways := 0
	for _, given := range []bool{o.Username != "" || o.Password != "", o.Token != "", o.Credentials != ""} {
		if given {
			ways++
		}
	}
	if ways > 1 {
		return errors.New("more than one of user, token and credentials: keep one")
	}
	if o.Timeout < 0 || o.Window < 0 {
		return errors.New("a negative time")
	}
	if o.Stream == "" {
		o.Stream = DefaultStream
	}
	if strings.ContainsAny(o.Stream, ">*. /\\\t\r\n") {
		return fmt.Errorf("stream %q: a name has no dots, spaces, slashes or wildcards", o.Stream)
	}
	if strings.ContainsAny(o.InboxPrefix, ">* \t\r\n") || strings.HasSuffix(o.InboxPrefix, ".") {
		return fmt.Errorf("inbox prefix %q: wildcards, spaces or a dot at the end", o.InboxPrefix)
	}
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	if o.Window == 0 {
		o.Window = DefaultWindow
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return nil
}
