package xapi

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"perfmon/scaling/rubber/cloud"
	"perfmon/scaling/rubber/cloud/internal/named"
	toolstack "perfmon/xapi"
)

// What Options leave out.
const (
	DefaultPatience    = 3 * time.Second
	DefaultCallTimeout = 2 * time.Minute
)

// Ways to hand user data to a machine, and to park it.
const (
	UserDataSeed     = "seed"     // a disk as cloud-init's NoCloud wants it
	UserDataXenstore = "xenstore" // the key vm-data/user-data of its xenstore
	ParkHalt         = "halt"
	ParkSuspend      = "suspend"
)

// Options of the driver. The zero value is the toolstack of this host.
type Options struct {
	Socket string // the local toolstack's; empty: the usual one, unless URL is set

	URL            string // of the pool's coordinator, https://…; a member sends us on to it
	User, Password string // for URL
	// CA is certificates in PEM that the hosts' are signed by; Fingerprints are
	// SHA-256 of the hosts' own. Without either, what the system trusts.
	CA           []byte
	Fingerprints []string

	// Owner, if set, is whose machines may be stopped, parked and deleted, and no
	// other rubber's.
	Owner string

	UserData string // UserDataSeed (the default) or UserDataXenstore
	Park     string // ParkHalt (the default) or ParkSuspend
	// CopyTo are storages, by uuid or name, that a template's disks are copied to
	// in full when the storage that it is on is to be avoided. Where there is
	// none, Create has no room then.
	CopyTo []string

	// Patience is how long a call waits for a start or a shutdown that it has
	// begun, to hear of a refusal at once.
	Patience    time.Duration
	CallTimeout time.Duration // of each call to the toolstack

	Logger *slog.Logger // nil discards
	Now    func() time.Time
	// Dial makes connections; nil means the net package.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Cloud is a pool. It is safe for concurrent use, and the only one that makes
// machines of its owner at a time.
type Cloud struct {
	opts Options
	api  *toolstack.Client

	busy named.Locks // of "owner/intent"

	// mu guards everything that follows.
	mu      sync.Mutex
	cloning map[string]int    // template: clones of it that go on here
	uuids   map[string]string // reference: uuid, of hosts and storages; neither ever changes
	disks   map[string]placed // VM: where its disks are
}

var (
	_ cloud.Cloud   = (*Cloud)(nil)
	_ cloud.Warmer  = (*Cloud)(nil)
	_ cloud.Checker = (*Cloud)(nil)
)

// New checks the options. It does no I/O.
func New(o Options) (*Cloud, error) {
	c := &Cloud{opts: o, cloning: map[string]int{}, uuids: map[string]string{}, disks: map[string]placed{}}
	if o.Logger == nil {
		c.opts.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		c.opts.Now = time.Now
	}
	if o.Patience == 0 {
		c.opts.Patience = DefaultPatience
	}
	if o.CallTimeout == 0 {
		c.opts.CallTimeout = DefaultCallTimeout
	}
	if err := oneOf("user data", &c.opts.UserData, UserDataSeed, UserDataXenstore); err != nil {
		return nil, err
	}
	if err := oneOf("park", &c.opts.Park, ParkHalt, ParkSuspend); err != nil {
		return nil, err
	}
	api := toolstack.Options{
		XAPISocket: o.Socket, Username: o.User, Password: o.Password, Originator: "rubber", UserAgent: "rubber/1",
		CallTimeout: c.opts.CallTimeout, MaxReplyBytes: 256 << 20, Dial: o.Dial, Logger: c.opts.Logger,
	}
	if err := remote(o, &api); err != nil {
		return nil, err
	}
	c.api = toolstack.New(api)
	return c, nil
}

// remote reads what is about a toolstack elsewhere.
func remote(o Options, api *toolstack.Options) error {
	if o.URL == "" {
		if o.CA != nil || len(o.Fingerprints) > 0 {
			return errors.New("xapi: there are certificates to trust, but no url: over the local socket none is looked at")
		}
		return nil
	}
	if o.Socket != "" {
		return errors.New("xapi: there is a socket and a url; keep one of them")
	}
	u, err := toolstack.ParseServer(o.URL)
	if err != nil {
		return fmt.Errorf("xapi: %w", err)
	}
	api.Server = u
	var trust *tls.Config
	switch {
	case o.CA != nil && len(o.Fingerprints) > 0:
		return errors.New("xapi: there is a CA and there are fingerprints; keep one of them")
	case o.CA != nil:
		trust, err = toolstack.TrustCA(o.CA)
	case len(o.Fingerprints) > 0:
		trust, err = toolstack.TrustFingerprints(o.Fingerprints...)
	}
	if err != nil {
		return fmt.Errorf("xapi: %w", err)
	}
	api.TLS = trust
	return nil
}

func oneOf(what string, value *string, words ...string) error {
	if *value == "" {
		*value = words[0]
	}
	for _, w := range words {
		if *value == w {
			return nil
		}
	}
	return fmt.Errorf("xapi: %s %q: want %q or %q", what, *value, words[0], words[1])
}

// Close logs out. Machines go on.
func (c *Cloud) Close() error {
	if err := c.api.Close(context.Background()); err != nil {
		return c.refused("close", "", err)
	}
	return nil
}
