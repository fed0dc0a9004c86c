package libvirt

import (
	"context"
	"errors"
	"fmt"

	wire "github.com/digitalocean/go-libvirt"

	"perfmon/scaling/rubber/cloud"
)

// Create makes a machine, or goes on with the one that it has begun. What is
// refused for good leaves nothing.
func (c *Cloud) Create(ctx context.Context, s cloud.Spec) (cloud.Instance, error) {
	if err := s.Check(); err != nil {
		return cloud.Instance{}, err
	}
	id := text(uuidOf(s.Owner, s.Intent))
	release, err := c.busy.Take(ctx, id)
	if err != nil {
		return cloud.Instance{}, refused("create", s.Name, err)
	}
	defer release()
	m, err := c.create(ctx, id, s)
	if err != nil {
		err = refused("create", s.Name, err)
		if m != nil && m.stage == "" && final(err) {
			if rerr := c.remove(ctx, m); rerr != nil { // it is listed as building, for somebody to delete
				c.opts.Logger.Warn("a machine that cannot be made is still there", "uuid", m.UUID, "err", rerr)
			}
		}
		return cloud.Instance{}, err
	}
	i, err := c.describe(ctx, m)
	return i, refused("create", s.Name, err)
}

// final says whether an error means that Create will not go on.
func final(err error) bool {
	switch cloud.KindOf(err) {
	case cloud.Capacity, cloud.Invalid, cloud.Quota:
		return true
	}
	return false
}

func (c *Cloud) create(ctx context.Context, id string, s cloud.Spec) (*machine, error) {
	m, err := c.find(ctx, "create", id)
	if err != nil && cloud.KindOf(err) != cloud.NotFound {
		return nil, err
	}
	if m == nil || cloud.KindOf(err) == cloud.NotFound {
		if m, err = c.begin(ctx, s); err != nil {
			return nil, err
		}
	}
	if m.stage != "" || m.state != wire.DomainShutoff {
		return m, nil
	}
	if err := c.fits(ctx, s); err != nil {
		return m, err
	}
	b, err := c.baseOf(ctx, s.Image)
	if err == nil {
		err = c.makeRoot(ctx, m, b)
	}
	if err == nil {
		err = c.makeSeed(ctx, m, s)
	}
	if err == nil {
		err = c.start(ctx, m)
	}
	return m, err
}

// begin defines the domain.
func (c *Cloud) begin(ctx context.Context, s cloud.Spec) (*machine, error) {
	b, err := c.check(ctx, s)
	if err == nil {
		err = c.fits(ctx, s)
	}
	if err != nil {
		return nil, err
	}
	marks := marksOf(s, c.opts.Pool, c.opts.Now())
	xml, err := define(c.opts.Template, marks, s, disk{pool: marks.Pool, volume: rootName(marks), format: c.format(b)}, c.opts.SeedBus)
	if err != nil {
		return nil, &cloud.Error{Kind: cloud.Invalid, Op: "define", Name: s.Name, Err: err}
	}
	d, err := ask(ctx, c, func(l *wire.Libvirt) (wire.Domain, error) { return l.DomainDefineXML(xml) })
	if err != nil {
		return nil, err
	}
	return &machine{marks: marks, domain: d, state: wire.DomainShutoff}, nil
}

// Check says whether machines of a spec could be made, without making one.
func (c *Cloud) Check(ctx context.Context, s cloud.Spec) error {
	_, err := c.check(ctx, s)
	return refused("check", s.Image, err)
}

// check finds what the spec names.
func (c *Cloud) check(ctx context.Context, s cloud.Spec) (base, error) {
	b, err := c.baseOf(ctx, s.Image)
	if err != nil {
		return b, err
	}
	pool, err := c.poolUUID(ctx, c.opts.Pool)
	if err != nil {
		return b, err
	}
	if pool == "" {
		return b, &cloud.Error{Kind: cloud.Invalid, Op: "find storage pool", Name: c.opts.Pool, Err: errors.New("there is no such pool"), Hint: "virsh pool-list shows those that are active"}
	}
	for _, name := range s.Networks {
		_, err := ask(ctx, c, func(l *wire.Libvirt) (wire.Network, error) { return l.NetworkLookupByName(name) })
		if code(err) == wire.ErrNoNetwork {
			return b, &cloud.Error{Kind: cloud.Invalid, Op: "find network", Name: name, Err: errors.New("there is no such network"), Hint: "virsh net-list shows those that are active"}
		}
		if err != nil {
			return b, err
		}
	}
	return b, nil
}

// fits says whether this host and its storage may take the machine.
func (c *Cloud) fits(ctx context.Context, s cloud.Spec) error {
	full := func(text string, args ...any) error {
		return &cloud.Error{Kind: cloud.Capacity, Op: "place", Name: s.Name, Err: fmt.Errorf(text, args...), Hint: "it is the only host that this cloud has"}
	}
	_, names, err := c.host(ctx)
	if err != nil {
		return err
	}
	if cloud.Listed(s.Avoid, names...) {
		return full("host %s is to be avoided", names[len(names)-1])
	}
	if len(s.AvoidStorage) > 0 {
		uuid, err := c.poolUUID(ctx, c.opts.Pool)
		if err != nil {
			return err
		}
		if cloud.Listed(s.AvoidStorage, c.opts.Pool, uuid) {
			return full("storage pool %s is to be avoided", c.opts.Pool)
		}
	}
	type info struct {
		memory uint64 // KiB of the host
		cpus   int32
	}
	node, err := ask(ctx, c, func(l *wire.Libvirt) (i info, err error) {
		_, i.memory, i.cpus, _, _, _, _, _, err = l.NodeGetInfo()
		return i, err
	})
	if err != nil {
		return err
	}
	if uint64(s.Memory)>>10 > node.memory {
		return full("the host has %d MiB of memory in all, and %d are asked for", node.memory>>10, s.Memory>>20)
	}
	if s.CPUs > int(node.cpus) {
		return full("the host has %d CPUs, and %d are asked for", node.cpus, s.CPUs)
	}
	if !c.countMemory {
		return nil
	}
	used, err := c.usedMemory(ctx)
	if err != nil {
		return err
	}
	if left := max(int64(node.memory)-used, 0); s.Memory>>10 > left {
		return full("the host has %d MiB of memory that no running domain has, and %d are asked for", left>>10, s.Memory>>20)
	}
	return nil
}

// usedMemory is what the running domains may use, in KiB. What the host calls
// free says less: it counts neither what guests have not touched yet nor what
// its caches would give back.
func (c *Cloud) usedMemory(ctx context.Context) (int64, error) {
	return ask(ctx, c, func(l *wire.Libvirt) (used int64, err error) {
		domains, _, err := l.ConnectListAllDomains(1, wire.ConnectListDomainsActive)
		if err != nil {
			return 0, err
		}
		for _, d := range domains {
			_, most, _, _, _, err := l.DomainGetInfo(d)
			if code(err) == wire.ErrNoDomain {
				continue
			}
			if err != nil {
				return 0, err
			}
			used += int64(most)
		}
		return used, nil
	})
}

// start starts a machine that is off, or resumes a saved one.
func (c *Cloud) start(ctx context.Context, m *machine) error {
	err := c.link.do(ctx, func(l *wire.Libvirt) error { return l.DomainCreate(m.domain) })
	if err != nil {
		// It may run: by a call of ours that we did not hear of.
		if lerr := c.look(ctx, m); lerr != nil || m.state == wire.DomainShutoff {
			return err
		}
	}
	if err := c.setStage(ctx, m, started); err != nil {
		return err
	}
	return c.look(ctx, m)
}
