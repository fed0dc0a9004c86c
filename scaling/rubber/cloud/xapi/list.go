package xapi

import (
	"cmp"
	"context"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"perfmon/scaling/rubber/cloud"
	toolstack "perfmon/xapi"
)

// List is all machines of an owner, in the order in which they were made.
func (c *Cloud) List(ctx context.Context, owner string) ([]cloud.Instance, error) {
	list, err := c.list(ctx, owner)
	if err != nil {
		return nil, c.refused("list", owner, err)
	}
	return list, nil
}

func (c *Cloud) list(ctx context.Context, owner string) ([]cloud.Instance, error) {
	all, err := c.look(ctx)
	if err != nil {
		return nil, err
	}
	var found []*machine
	for _, of := range all.machines(owner) {
		// Others of the intent have never been started; whoever creates or deletes
		// this one removes them.
		found = append(found, of[0])
	}
	guests, err := c.guests(ctx, found)
	if err != nil {
		return nil, err
	}
	list := make([]cloud.Instance, 0, len(found))
	for _, m := range found {
		i, err := c.describe(ctx, m, guests)
		if gone(err) {
			continue // since we looked
		}
		if err != nil {
			return nil, err
		}
		list = append(list, i)
	}
	c.forgetDisks(all)
	slices.SortFunc(list, func(a, b cloud.Instance) int {
		return cmp.Or(a.Created.Compare(b.Created), strings.Compare(a.ID, b.ID))
	})
	return list, nil
}

// instance is one machine as it is now.
func (c *Cloud) instance(ctx context.Context, m *machine) (cloud.Instance, error) {
	if err := c.reread(ctx, m); err != nil {
		return cloud.Instance{}, err
	}
	guests, err := c.guests(ctx, []*machine{m})
	if err != nil {
		return cloud.Instance{}, err
	}
	return c.describe(ctx, m, guests)
}

// guests are what the guests' agents report, by reference; nothing is asked
// for if none of the machines has one.
func (c *Cloud) guests(ctx context.Context, of []*machine) (map[string]guest, error) {
	var refs []string
	for _, m := range of {
		if isRef(m.GuestMetrics) {
			refs = append(refs, m.GuestMetrics)
		}
	}
	all := map[string]guest{}
	if len(refs) > 4 {
		return toolstack.Records[guest](ctx, c.api, "VM_guest_metrics", "")
	}
	for _, ref := range refs {
		g, err := toolstack.Record[guest](ctx, c.api, "VM_guest_metrics", ref)
		if err != nil && !gone(err) {
			return nil, err
		}
		all[ref] = g
	}
	return all, nil
}

// describe is a machine with all that is asked of the toolstack beside its
// record.
func (c *Cloud) describe(ctx context.Context, m *machine, guests map[string]guest) (cloud.Instance, error) {
	i := m.instance()
	var err error
	if i.Host, err = c.uuid(ctx, "host", m.ResidentOn); err != nil {
		return i, err
	}
	if i.Storage, err = c.storageOf(ctx, m); err != nil {
		return i, err
	}
	i.Addresses = addresses(guests[m.GuestMetrics].Networks)
	i.State, i.Fault, err = c.state(ctx, m)
	return i, err
}

// state says what a machine is to rubber.
func (c *Cloud) state(ctx context.Context, m *machine) (cloud.State, error, error) {
	starting := m.begun("start", "start_on", "resume", "resume_on")
	switch {
	case m.begun("destroy"):
		return cloud.Deleting, nil, nil
	case !m.made() || starting:
		return cloud.Building, nil, nil
	case m.PowerState == "Running":
		return cloud.Running, nil, nil
	case m.PowerState == "Suspended":
		return cloud.Suspended, nil, nil
	case m.PowerState != "Halted":
		return cloud.Unknown, nil, nil
	case m.OtherConfig[keyParked] != "":
		return cloud.Halted, nil, nil
	case m.OtherConfig[keyStart] == "":
		return cloud.Building, nil, nil
	}
	state, why, err := c.outcome(ctx, m.OtherConfig[keyStart])
	if err != nil || state != cloud.Failed {
		return state, nil, err
	}
	return state, c.refused("start", m.Name, why), nil
}

// addresses reads what a guest's agent says:
//
//	{"0/ip":"10.0.0.7","0/ipv4/0":"10.0.0.7","0/ipv6/0":"fe80::1","1/ip":"192.168.4.2"}
func addresses(networks map[string]string) []netip.Addr {
	var list []netip.Addr
	for _, key := range slices.Sorted(maps.Keys(networks)) {
		if _, kind, ok := strings.Cut(key, "/"); !ok || kind != "ip" && !strings.HasPrefix(kind, "ipv") {
			continue
		}
		a, err := netip.ParseAddr(strings.TrimSpace(networks[key]))
		if err != nil || slices.Contains(list, a.Unmap()) || a.IsLinkLocalUnicast() {
			continue
		}
		list = append(list, a.Unmap())
	}
	return list
}

// placed is where a VM's disks are, and which drives it had then.
type placed struct {
	drives  string
	storage []string
}

// storageOf is the uuids of the storages of a machine's disks. They are asked
// for again only when its drives are others: moving a disk gives it a new one.
func (c *Cloud) storageOf(ctx context.Context, m *machine) ([]string, error) {
	drives := strings.Join(slices.Sorted(slices.Values(m.VBDs)), " ")
	c.mu.Lock()
	known, ok := c.disks[m.ref]
	c.mu.Unlock()
	if ok && known.drives == drives {
		return slices.Clone(known.storage), nil
	}
	have, disks, err := c.devices(ctx, &m.vm)
	if err != nil {
		return nil, err
	}
	var list []string
	for ref, d := range disks {
		if have[ref].Type != "Disk" {
			continue
		}
		uuid, err := c.uuid(ctx, "SR", d.SR)
		if err != nil {
			return nil, err
		}
		if uuid != "" && !slices.Contains(list, uuid) {
			list = append(list, uuid)
		}
	}
	slices.Sort(list)
	if m.made() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.disks[m.ref] = placed{drives: drives, storage: slices.Clone(list)}
	}
	return list, nil
}

// forgetDisks forgets the VMs that are gone.
func (c *Cloud) forgetDisks(all view) {
	there := make(map[string]bool, len(all))
	for i := range all {
		there[all[i].ref] = true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	maps.DeleteFunc(c.disks, func(ref string, _ placed) bool { return !there[ref] })
}
