package libvirt

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"

	wire "github.com/digitalocean/go-libvirt"

	"perfmon/scaling/rubber/cloud"
)

// hold finds a machine and keeps others from it until it is released.
func (c *Cloud) hold(ctx context.Context, op, id string) (*machine, func(), error) {
	release, err := c.busy.Take(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	m, err := c.find(ctx, op, id)
	if err != nil {
		release()
		return nil, nil, err
	}
	return m, release, nil
}

// active says whether a machine runs, in whatever way.
func (m *machine) active() bool {
	return m.state != wire.DomainShutoff && m.state != wire.DomainNostate
}

// Stop begins a clean shutdown, for which the guest needs ACPI or an agent.
func (c *Cloud) Stop(ctx context.Context, id string) error {
	m, release, err := c.hold(ctx, "stop", id)
	if err != nil {
		return refused("stop", id, err)
	}
	defer release()
	return refused("stop", m.Name, c.shutdown(ctx, m, func(l *wire.Libvirt) error { return l.DomainShutdown(m.domain) }))
}

// shutdown ends a machine's running, unless it is off.
func (c *Cloud) shutdown(ctx context.Context, m *machine, how func(*wire.Libvirt) error) error {
	if !m.active() {
		return nil
	}
	err := c.link.do(ctx, how)
	if err == nil {
		return nil
	}
	if lerr := c.look(ctx, m); lerr == nil && !m.active() {
		return nil
	}
	return err
}

// Park shuts a machine down or suspends it, and marks it as one that waits.
func (c *Cloud) Park(ctx context.Context, id string) error {
	m, release, err := c.hold(ctx, "park", id)
	if err != nil {
		return refused("park", id, err)
	}
	defer release()
	if m.stage == "" {
		return &cloud.Error{Kind: cloud.Transient, Op: "park", Name: m.Name, Err: errors.New("it is still being made")}
	}
	err = c.setStage(ctx, m, parked)
	if err == nil {
		err = c.shutdown(ctx, m, func(l *wire.Libvirt) error {
			if c.opts.Park == ParkSuspend {
				return l.DomainManagedSave(m.domain, 0)
			}
			return l.DomainShutdown(m.domain)
		})
	}
	return refused("park", m.Name, err)
}

// Wake starts or resumes a parked machine, as it was.
func (c *Cloud) Wake(ctx context.Context, id string, s cloud.Spec) error {
	m, release, err := c.hold(ctx, "wake", id)
	if err != nil {
		return refused("wake", id, err)
	}
	defer release()
	switch {
	case m.stage == "":
		err = &cloud.Error{Kind: cloud.Transient, Op: "wake", Name: m.Name, Err: errors.New("it is still being made")}
	case m.active():
		err = c.setStage(ctx, m, started)
	default:
		if err = c.fits(ctx, s); err == nil {
			err = c.start(ctx, m)
		}
	}
	return refused("wake", m.Name, err)
}

// Delete ends a machine: running or not, with its volumes.
func (c *Cloud) Delete(ctx context.Context, id string) error {
	m, release, err := c.hold(ctx, "delete", id)
	if cloud.KindOf(err) == cloud.NotFound {
		return nil
	}
	if err != nil {
		return refused("delete", id, err)
	}
	defer release()
	return refused("delete", m.Name, c.remove(ctx, m))
}

// remove undefines the domain last: what is left of a machine can be found for
// as long as it is there.
func (c *Cloud) remove(ctx context.Context, m *machine) error {
	err := c.shutdown(ctx, m, func(l *wire.Libvirt) error { return l.DomainDestroy(m.domain) })
	if err == nil {
		err = c.removeVolumes(ctx, m)
	}
	if err == nil {
		err = c.link.do(ctx, func(l *wire.Libvirt) error { return undefine(l, m.domain) })
	}
	if code(err) == wire.ErrNoDomain {
		return nil
	}
	return err
}

// undefine takes with it what libvirt keeps of a domain. Not every driver knows
// all of that.
func undefine(l *wire.Libvirt, d wire.Domain) error {
	const saved, snapshots, nvram, checkpoints = wire.DomainUndefineManagedSave, wire.DomainUndefineSnapshotsMetadata, wire.DomainUndefineNvram, wire.DomainUndefineCheckpointsMetadata
	var err error
	for _, flags := range []wire.DomainUndefineFlagsValues{saved | snapshots | nvram | checkpoints, saved | snapshots, saved, 0} {
		err = l.DomainUndefineFlags(d, flags)
		if n := code(err); n != wire.ErrInvalidArg && n != wire.ErrNoSupport && n != wire.ErrConfigUnsupported {
			return err
		}
	}
	return err
}

// List is all machines of an owner.
func (c *Cloud) List(ctx context.Context, owner string) ([]cloud.Instance, error) {
	list, err := c.list(ctx, owner)
	if err != nil {
		return nil, refused("list", owner, err)
	}
	return list, nil
}

func (c *Cloud) list(ctx context.Context, owner string) ([]cloud.Instance, error) {
	domains, err := ask(ctx, c, func(l *wire.Libvirt) ([]wire.Domain, error) {
		list, _, err := l.ConnectListAllDomains(1, wire.ConnectListDomainsPersistent)
		return list, err
	})
	if err != nil {
		return nil, err
	}
	list := []cloud.Instance{}
	for _, d := range domains {
		var i cloud.Instance
		m, err := c.read(ctx, d)
		if err == nil && (m == nil || m.Owner != owner) {
			continue
		}
		if err == nil {
			i, err = c.describe(ctx, m)
		}
		if code(err) == wire.ErrNoDomain {
			continue // since we looked
		}
		if err != nil {
			return nil, err
		}
		list = append(list, i)
	}
	slices.SortFunc(list, func(a, b cloud.Instance) int {
		if n := a.Created.Compare(b.Created); n != 0 {
			return n
		}
		return strings.Compare(a.ID, b.ID)
	})
	return list, nil
}

// describe is a machine as rubber sees it.
func (c *Cloud) describe(ctx context.Context, m *machine) (cloud.Instance, error) {
	i := m.instance()
	var err error
	if i.Host, _, err = c.host(ctx); err != nil {
		return i, err
	}
	pool, err := c.poolUUID(ctx, m.Pool)
	if err != nil {
		return i, err
	}
	if pool != "" {
		i.Storage = []string{pool}
	}
	i.State, i.Fault = m.cloudState()
	if m.active() {
		i.Addresses = c.addresses(ctx, m)
	}
	return i, nil
}

// Reasons of a state, in virDomainShutoffReason and virDomainPausedReason.
const (
	shutoffCrashed = 3
	shutoffFailed  = 6
	pausedStarting = 11
)

// cloudState says what a machine is to rubber.
func (m *machine) cloudState() (cloud.State, error) {
	failed := func(text string) (cloud.State, error) {
		return cloud.Failed, &cloud.Error{Kind: cloud.Transient, Op: "run", Name: m.Name, Err: errors.New(text)}
	}
	switch m.state {
	case wire.DomainRunning, wire.DomainBlocked, wire.DomainShutdown:
		return cloud.Running, nil
	case wire.DomainPmsuspended:
		return cloud.Suspended, nil
	case wire.DomainCrashed:
		return failed("the guest has crashed")
	case wire.DomainPaused:
		if m.reason == pausedStarting {
			return cloud.Building, nil
		}
		return cloud.Unknown, nil
	case wire.DomainShutoff:
	default:
		return cloud.Unknown, nil
	}
	switch {
	case m.stage == "":
		return cloud.Building, nil
	case m.saved:
		return cloud.Suspended, nil
	case m.reason == shutoffCrashed:
		return failed("the guest has crashed")
	case m.reason == shutoffFailed:
		return failed("the hypervisor could not run it")
	}
	return cloud.Halted, nil
}

// addresses are those that libvirt's own DHCP server has given. Other networks
// have none that libvirt knows of, which is no error.
func (c *Cloud) addresses(ctx context.Context, m *machine) []netip.Addr {
	const leases = 0
	cards, err := ask(ctx, c, func(l *wire.Libvirt) ([]wire.DomainInterface, error) {
		return l.DomainInterfaceAddresses(m.domain, leases, 0)
	})
	if err != nil {
		c.opts.Logger.Debug("a machine's addresses are not known", "uuid", m.UUID, "err", err)
	}
	var list []netip.Addr
	for _, card := range cards {
		for _, a := range card.Addrs {
			if addr, err := netip.ParseAddr(a.Addr); err == nil && !slices.Contains(list, addr) {
				list = append(list, addr)
			}
		}
	}
	return list
}
