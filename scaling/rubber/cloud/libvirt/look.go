package libvirt

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"

	wire "github.com/digitalocean/go-libvirt"

	"perfmon/scaling/rubber/cloud"
)

// machine is a domain of a rubber.
type machine struct {
	marks
	domain wire.Domain
	stage  string
	state  wire.DomainState
	reason int32
	saved  bool // its memory is kept
}

// metadata reads one of our elements of a domain; "" if it has none.
func (c *Cloud) metadata(ctx context.Context, d wire.Domain, uri string) (string, error) {
	text, err := ask(ctx, c, func(l *wire.Libvirt) (string, error) {
		return l.DomainGetMetadata(d, int32(wire.DomainMetadataElement), wire.OptString{uri}, wire.DomainAffectConfig)
	})
	if code(err) == wire.ErrNoDomainMetadata || code(err) == wire.ErrOperationInvalid { // not there; or the domain is a transient one
		return "", nil
	}
	return text, err
}

// read reads what there is of a domain; nil if it is not ours.
func (c *Cloud) read(ctx context.Context, d wire.Domain) (*machine, error) {
	element, err := c.metadata(ctx, d, marksURI)
	if err != nil || element == "" {
		return nil, err
	}
	m := &machine{domain: d}
	var is bool
	if m.marks, is = parseMarks(element, text(d.UUID)); !is {
		return nil, nil
	}
	if element, err = c.metadata(ctx, d, stateURI); err != nil {
		return nil, err
	}
	if element != "" {
		var s stage
		if err := xml.Unmarshal([]byte(element), &s); err != nil {
			return nil, fmt.Errorf("read the state of domain %q: %w", d.Name, err)
		}
		m.stage = s.Word
	}
	return m, c.look(ctx, m)
}

// look reads whether a machine runs.
func (c *Cloud) look(ctx context.Context, m *machine) error {
	type states struct{ state, reason, saved int32 }
	got, err := ask(ctx, c, func(l *wire.Libvirt) (s states, err error) {
		if s.state, s.reason, err = l.DomainGetState(m.domain, 0); err != nil {
			return s, err
		}
		s.saved, err = l.DomainHasManagedSaveImage(m.domain, 0)
		if code(err) == wire.ErrNoSupport {
			err = nil
		}
		return s, err
	})
	m.state, m.reason, m.saved = wire.DomainState(got.state), got.reason, got.saved != 0
	return err
}

// find is the domain of a uuid. One that is not there is NotFound, one that is
// nobody's, or another's than the owner in the options, Invalid.
func (c *Cloud) find(ctx context.Context, op, id string) (*machine, error) {
	notFound := &cloud.Error{Kind: cloud.NotFound, Op: op, Name: id, Err: errors.New("the host has no such domain")}
	uuid, ok := parseUUID(id)
	if !ok {
		return nil, notFound
	}
	d, err := ask(ctx, c, func(l *wire.Libvirt) (wire.Domain, error) { return l.DomainLookupByUUID(uuid) })
	if code(err) == wire.ErrNoDomain {
		return nil, notFound
	}
	if err != nil {
		return nil, err
	}
	m, err := c.read(ctx, d)
	switch {
	case code(err) == wire.ErrNoDomain:
		return nil, notFound
	case err != nil:
		return nil, err
	case m == nil:
		return nil, &cloud.Error{Kind: cloud.Invalid, Op: op, Name: d.Name, Err: errors.New("no rubber has made this domain"),
			Hint: "nothing is done to it; it has no metadata of rubber with its own uuid"}
	case c.opts.Owner != "" && m.Owner != c.opts.Owner:
		return nil, &cloud.Error{Kind: cloud.Invalid, Op: op, Name: m.Name, Err: fmt.Errorf("it is a machine of rubber %q", m.Owner)}
	}
	return m, nil
}

// setStage says how far a machine has come.
func (c *Cloud) setStage(ctx context.Context, m *machine, word string) error {
	if m.stage == word {
		return nil
	}
	err := c.link.do(ctx, func(l *wire.Libvirt) error {
		return l.DomainSetMetadata(m.domain, int32(wire.DomainMetadataElement), wire.OptString{"<state>" + word + "</state>"}, wire.OptString{"rubberstate"},
			wire.OptString{stateURI}, wire.DomainAffectConfig)
	})
	if err == nil {
		m.stage = word
	}
	return err
}

// host is what this host is called: its uuid, if libvirt knows one, and its
// name.
func (c *Cloud) host(ctx context.Context) (id string, names []string, err error) {
	name, err := ask(ctx, c, func(l *wire.Libvirt) (string, error) { return l.ConnectGetHostname() })
	if err != nil {
		return "", nil, err
	}
	caps, err := ask(ctx, c, func(l *wire.Libvirt) (string, error) { return l.ConnectGetCapabilities() })
	if err != nil {
		return "", nil, err
	}
	var capabilities struct {
		UUID string `xml:"host>uuid"`
	}
	if err := xml.Unmarshal([]byte(caps), &capabilities); err != nil {
		return "", nil, fmt.Errorf("read the host's capabilities: %w", err)
	}
	if capabilities.UUID != "" {
		return capabilities.UUID, []string{capabilities.UUID, name}, nil
	}
	return name, []string{name}, nil
}

// poolUUID is that of a storage pool; "" if it is not there.
func (c *Cloud) poolUUID(ctx context.Context, name string) (string, error) {
	p, err := ask(ctx, c, func(l *wire.Libvirt) (wire.StoragePool, error) { return l.StoragePoolLookupByName(name) })
	if code(err) == wire.ErrNoStoragePool {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return text(p.UUID), nil
}

// Hosts is part of cloud.Hoster: there is one.
func (c *Cloud) Hosts(ctx context.Context) ([][]string, error) {
	_, names, err := c.host(ctx)
	if err != nil {
		return nil, refused("list", "hosts", err)
	}
	return [][]string{names}, nil
}
