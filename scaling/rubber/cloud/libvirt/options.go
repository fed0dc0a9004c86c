package libvirt

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"time"

	"perfmon/scaling/rubber/cloud"
	"perfmon/scaling/rubber/cloud/internal/named"
)

// What Options leave out.
const (
	DefaultSocket      = "/run/libvirt/libvirt-sock"
	DefaultURI         = "qemu:///system"
	DefaultPool        = "default"
	DefaultCallTimeout = 2 * time.Minute
)

// Ways to clone the base volume, and to park a machine.
const (
	CloneOverlay = "overlay" // qcow2 with the base volume behind it: at once
	CloneCopy    = "copy"    // in full
	ParkHalt     = "halt"
	ParkSuspend  = "suspend" // libvirt's managed save
)

// Options of the driver. The zero value is the qemu of this host.
type Options struct {
	Socket string // of libvirtd
	URI    string // of the driver in it: qemu:///system, xen:///system, …
	Pool   string // of machines' volumes, and of base volumes that do not name theirs
	Clone  string // CloneOverlay (the default) or CloneCopy
	Park   string // ParkHalt (the default) or ParkSuspend

	// Template is a domain's XML. Name, uuid, metadata, memory, processors, disks
	// and, where the spec has some, networks are put in. Empty: one that suits
	// the URI.
	Template string
	// SeedBus is the bus of the CD drive that user data is in.
	SeedBus string

	// Owner, if set, is whose machines may be stopped, parked and deleted, and no
	// other rubber's.
	Owner string

	CallTimeout time.Duration // of each call to libvirtd
	Logger      *slog.Logger  // nil discards
	Now         func() time.Time
	// Dial connects to libvirtd; nil is by Socket.
	Dial func(ctx context.Context) (net.Conn, error)
}

// Cloud is one host. It is safe for concurrent use.
type Cloud struct {
	opts Options
	link *link
	busy named.Locks // of domains' uuids

	// countMemory has the memory of running domains be counted. libvirt's test
	// driver has one that is larger than its host.
	countMemory bool
}

var (
	_ cloud.Cloud   = (*Cloud)(nil)
	_ cloud.Warmer  = (*Cloud)(nil)
	_ cloud.Checker = (*Cloud)(nil)
)

// New checks the options. It does no I/O.
func New(o Options) (*Cloud, error) {
	for _, d := range []struct {
		field *string
		value string
	}{{&o.Socket, DefaultSocket}, {&o.URI, DefaultURI}, {&o.Pool, DefaultPool}, {&o.Clone, CloneOverlay}, {&o.Park, ParkHalt}, {&o.SeedBus, "sata"}} {
		if *d.field == "" {
			*d.field = d.value
		}
	}
	if o.CallTimeout == 0 {
		o.CallTimeout = DefaultCallTimeout
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Clone != CloneOverlay && o.Clone != CloneCopy {
		return nil, fmt.Errorf("libvirt: clone %q: want %q or %q", o.Clone, CloneOverlay, CloneCopy)
	}
	if o.Park != ParkHalt && o.Park != ParkSuspend {
		return nil, fmt.Errorf("libvirt: park %q: want %q or %q", o.Park, ParkHalt, ParkSuspend)
	}
	kind, _, ok := strings.Cut(o.URI, ":")
	if !ok {
		return nil, fmt.Errorf("libvirt: uri %q: want a form such as %q", o.URI, DefaultURI)
	}
	if o.Template == "" {
		o.Template = templateFor(kind)
	}
	if _, err := parseTemplate(o.Template); err != nil {
		return nil, fmt.Errorf("libvirt: template of a domain: %w", err)
	}
	if o.Dial == nil {
		o.Dial = func(ctx context.Context) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "unix", o.Socket)
		}
	}
	return &Cloud{opts: o, countMemory: kind != "test", link: newLink(o.Dial, o.URI, o.CallTimeout)}, nil
}

// Close ends the connection. Machines go on.
func (c *Cloud) Close() error {
	c.link.close()
	return nil
}
