package engine

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Defaults of Options.
const (
	DefaultDir    = "/var/lib/perfmon-engine"
	DefaultListen = "127.0.0.1:4222"

	DefaultAlarmBytes     = 256 << 20
	DefaultMaxPayload     = 1 << 20
	DefaultMaxConnections = 256
	DefaultMaxMemory      = 64 << 20
	DefaultMaxStore       = 4 << 30
)

// Options of an Engine. The zero value is an embedded server with the
// defaults. Secrets are given as names of files, which are read whenever a
// connection is made, and are nowhere else.
type Options struct {
	// Name tells connections apart in the server's lists; "" is perfmon.
	Name string

	// URLs of the servers of an external cluster, nats://host:4222 or
	// tls://host:4222; none is the embedded server.
	URLs  []string
	Login Login     // to an external cluster
	TLS   ClientTLS // to an external cluster

	// Dir is the embedded server's folder: store, lock and token. "" is
	// DefaultDir. It is made with mode 0700 if it is not there.
	Dir string
	// Listen is where the embedded server listens, address:port; "" is
	// DefaultListen. An address beyond this machine demands Serve and Users.
	Listen string
	Serve  ServerTLS // TLS of the embedded server
	// Users is a file that says who else than this machine's processes may
	// connect to the embedded server; see users.go for its form.
	Users string
	// SyncEvery is how often the embedded server has the disk keep what was
	// written, and so how much a loss of power can take back. 0 is before each
	// acknowledgement: nothing.
	SyncEvery time.Duration
	Limits    Limits

	// AlarmBytes is how large the stream of alarms may become, and that of the
	// present state a quarter of it; the oldest go first. 0 is
	// DefaultAlarmBytes.
	AlarmBytes int64
	// Replicas of what is made on an external cluster; 0 leaves existing
	// streams as they are and makes new ones with one.
	Replicas int

	// LookOnly has this process change nothing: it never owns the embedded
	// server, and makes no folder, stream or bucket. Until another process owns
	// the engine there is nothing to be seen.
	LookOnly bool

	Logger *slog.Logger // nil is silent
}

// Login says who we are to an external cluster: one of user and password,
// token, credentials.
type Login struct {
	User            string
	PasswordFile    string
	TokenFile       string
	CredentialsFile string // a .creds file
}

// ClientTLS is how the servers of an external cluster are verified. With a
// URL tls://, or any field set, TLS is demanded.
type ClientTLS struct {
	CA        string // file; "" is the system's
	Cert, Key string // files of our own certificate, if the cluster wants one
}

// ServerTLS is the embedded server's certificate. With a CA, clients from
// beyond this machine have to show a certificate of it.
type ServerTLS struct {
	Cert, Key string
	ClientCA  string
}

// Limits of the embedded server; 0 is the default of each.
type Limits struct {
	Payload     int   // bytes of a message
	Connections int   //
	Memory      int64 // bytes of streams in memory, which others may make
	Store       int64 // bytes of all streams on disk
}

// String leaves out everything but the places.
func (o Options) String() string {
	if len(o.URLs) > 0 {
		return "engine " + strings.Join(o.URLs, " ")
	}
	return "engine in " + o.Dir + " on " + o.Listen
}

// GoString is String.
func (o Options) GoString() string { return o.String() }

// LogValue is String.
func (o Options) LogValue() slog.Value { return slog.StringValue(o.String()) }

// external says whether the server is somebody else's.
func (o *Options) external() bool { return len(o.URLs) > 0 }

// complete checks the options and fills in defaults. It reads no file.
func (o *Options) complete() error {
	if o.Name == "" {
		o.Name = "perfmon"
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.AlarmBytes < 0 || o.SyncEvery < 0 || o.Limits.Payload < 0 || o.Limits.Connections < 0 || o.Limits.Memory < 0 || o.Limits.Store < 0 {
		return errors.New("a limit or an interval is negative: give one above zero, or none for the default")
	}
	if o.Replicas < 0 || o.Replicas > 5 {
		return fmt.Errorf("%d replicas: JetStream has 1 to 5", o.Replicas)
	}
	fill(&o.AlarmBytes, DefaultAlarmBytes)
	fill(&o.Limits.Payload, DefaultMaxPayload)
	fill(&o.Limits.Connections, DefaultMaxConnections)
	fill(&o.Limits.Memory, DefaultMaxMemory)
	fill(&o.Limits.Store, DefaultMaxStore)
	if o.external() {
		return o.completeExternal()
	}
	return o.completeEmbedded()
}

func fill[T comparable](v *T, def T) {
	var zero T
	if *v == zero {
		*v = def
	}
}

func (o *Options) completeExternal() error {
	if o.Listen != "" || o.Dir != "" || o.Users != "" || o.Serve != (ServerTLS{}) {
		return errors.New("both an external cluster and an embedded server: leave out the url, or the folder and listen address")
	}
	for i, raw := range o.URLs {
		u, err := url.Parse(raw)
		if err != nil {
			return fmt.Errorf("url %d is not one: write nats://host:4222 or tls://host:4222", i+1) // what it says could hold a password
		}
		if u.User != nil {
			return fmt.Errorf("url %d holds a password or token: credentials belong into files of their own", i+1)
		}
		if u.Scheme != "nats" && u.Scheme != "tls" || u.Hostname() == "" || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "" {
			return fmt.Errorf("url %q: write nats://host:4222 or tls://host:4222", raw)
		}
	}
	ways := 0
	for _, given := range []bool{o.Login.User != "" || o.Login.PasswordFile != "", o.Login.TokenFile != "", o.Login.CredentialsFile != ""} {
		if given {
			ways++
		}
	}
	if ways > 1 {
		return errors.New("more than one of user, token and credentials: keep one")
	}
	if (o.Login.User == "") != (o.Login.PasswordFile == "") {
		return errors.New("a user needs a password file, and a password file a user")
	}
	if (o.TLS.Cert == "") != (o.TLS.Key == "") {
		return errors.New("a certificate needs its key, and a key its certificate")
	}
	return nil
}

func (o *Options) completeEmbedded() error {
	if o.Login != (Login{}) || o.TLS != (ClientTLS{}) || o.Replicas > 1 {
		return errors.New("a login, a CA or replicas are for an external cluster, and no url names one")
	}
	if o.Dir == "" {
		o.Dir = DefaultDir
	}
	if o.Listen == "" {
		o.Listen = DefaultListen
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return fmt.Errorf("folder %q: %w", o.Dir, err)
	}
	o.Dir = dir
	host, port, err := net.SplitHostPort(o.Listen)
	if err != nil {
		return fmt.Errorf("listen address %q: write address:port, such as %s", o.Listen, DefaultListen)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Errorf("listen address %q: the port is a number up to 65535", o.Listen)
	}
	address, err := netip.ParseAddr(host)
	if err != nil {
		return fmt.Errorf("listen address %q: give the address as a number, such as 127.0.0.1, [::1], or 0.0.0.0 for all", o.Listen)
	}
	if (o.Serve.Cert == "") != (o.Serve.Key == "") {
		return errors.New("a certificate needs its key, and a key its certificate")
	}
	if o.Serve.ClientCA != "" && o.Serve.Cert == "" {
		return errors.New("a CA for clients' certificates is of no use without a certificate and key of the server")
	}
	if !address.IsLoopback() && (o.Serve.Cert == "" || o.Users == "") {
		return fmt.Errorf("listen address %s can be reached from other machines: give a certificate and key and a file of users, or listen on 127.0.0.1", o.Listen)
	}
	return nil
}
