package xapi

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"perfmon/scaling/rubber/cloud"
	"perfmon/scaling/rubber/cloud/seed"
	toolstack "perfmon/xapi"
)

// devices are the drives of a VM that have a disk in them, and those disks,
// by the drives' references.
func (c *Cloud) devices(ctx context.Context, v *vm) (drives map[string]vbd, disks map[string]vdi, err error) {
	drives, disks = map[string]vbd{}, map[string]vdi{}
	for _, ref := range v.VBDs {
		b, err := toolstack.Record[vbd](ctx, c.api, "VBD", ref)
		if gone(err) || err == nil && !isRef(b.VDI) {
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		d, err := toolstack.Record[vdi](ctx, c.api, "VDI", b.VDI)
		if gone(err) {
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		d.ref = b.VDI
		drives[ref], disks[ref] = b, d
	}
	return drives, disks, nil
}

// alone says whether no other drive than these has the disk.
func (d vdi) alone(drives map[string]vbd) bool {
	for _, ref := range d.VBDs {
		if _, own := drives[ref]; !own {
			return false
		}
	}
	return !d.Sharable
}

// writing says whether a disk is attached to a control domain: for as long as
// the toolstack writes to it.
func (c *Cloud) writing(ctx context.Context, d vdi) (bool, error) {
	for _, ref := range d.VBDs {
		b, err := toolstack.Record[vbd](ctx, c.api, "VBD", ref)
		if err == nil {
			var v vm
			if v, err = toolstack.Record[vm](ctx, c.api, "VM", b.VM); err == nil && v.ControlDomain {
				return true, nil
			}
		}
		if err != nil && !gone(err) {
			return false, err
		}
	}
	return false, nil
}

// markDisks marks the disks that the machine was made with, and that nobody
// else uses: those are destroyed with it.
func (c *Cloud) markDisks(ctx context.Context, _ cloud.Spec, m *machine) error {
	drives, disks, err := c.devices(ctx, &m.vm)
	if err != nil {
		return err
	}
	for _, ref := range slices.Sorted(maps.Keys(disks)) {
		d := disks[ref]
		if drives[ref].Type != "Disk" || !d.alone(drives) || diskIs(m, d) && d.OtherConfig[keyDisk] != "" {
			continue
		}
		if err := c.api.Call(ctx, "VDI.set_other_config", nil, d.ref, diskMarks(m, d)); err != nil {
			return err
		}
	}
	return nil
}

// seeds are the seed disks of a machine: one, or more if the answer to making
// one got lost.
func (c *Cloud) seeds(ctx context.Context, m *machine) ([]vdi, error) {
	var refs []string
	if err := c.api.Call(ctx, "VDI.get_by_name_label", &refs, seedName(m.owner, m.intent)); err != nil {
		return nil, err
	}
	slices.Sort(refs)
	var list []vdi
	for _, ref := range refs {
		d, err := toolstack.Record[vdi](ctx, c.api, "VDI", ref)
		if gone(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		d.ref = ref
		if diskIs(m, d) {
			list = append(list, d)
		}
	}
	return list, nil
}

// giveUserData hands the spec's user data to the machine.
func (c *Cloud) giveUserData(ctx context.Context, s cloud.Spec, m *machine) error {
	if len(s.UserData) == 0 {
		return nil
	}
	if c.opts.UserData == UserDataXenstore {
		const key = "vm-data/user-data"
		if m.Xenstore[key] == string(s.UserData) {
			return nil
		}
		if _, ok := m.Xenstore[key]; ok {
			if err := c.api.Call(ctx, "VM.remove_from_xenstore_data", nil, m.ref, key); err != nil {
				return err
			}
		}
		return c.api.Call(ctx, "VM.add_to_xenstore_data", nil, m.ref, key, string(s.UserData))
	}
	content, err := (&seed.Disk{InstanceID: s.Intent, Hostname: s.Name, UserData: s.UserData}).Image()
	if err != nil {
		return &cloud.Error{Kind: cloud.Invalid, Op: "make a seed disk", Name: s.Name, Err: err}
	}
	return c.giveSeed(ctx, m, content)
}

// blocks is what the size of a disk is a multiple of.
const blocks = 1 << 20

// giveSeed has the machine have a disk with this content.
func (c *Cloud) giveSeed(ctx context.Context, m *machine, content []byte) error {
	sum := sha256.Sum256(content)
	is := hex.EncodeToString(sum[:])
	size := (int64(len(content)) + blocks - 1) / blocks * blocks
	found, err := c.seeds(ctx, m)
	if err != nil {
		return err
	}
	var d vdi
	for _, old := range found {
		if d.ref == "" && int64(old.Size) >= size {
			d = old
			continue
		}
		if err := c.api.Call(ctx, "VDI.destroy", nil, old.ref); err != nil && !gone(err) {
			return err
		}
	}
	if d.ref == "" {
		if d, err = c.makeSeed(ctx, m, size); err != nil {
			return err
		}
	}
	if d.OtherConfig[keySeed] != is {
		if err := c.waitForWriters(ctx, m, d); err != nil {
			return err
		}
		if err := c.api.PutDisk(ctx, d.ref, content); err != nil {
			return err
		}
	}
	// Somebody else's drive may be the control domain's, through which content
	// is still being written.
	if !slices.ContainsFunc(d.VBDs, func(ref string) bool { return slices.Contains(m.VBDs, ref) }) {
		err := c.api.Call(ctx, "VBD.create", nil, map[string]any{
			"VM": m.ref, "VDI": d.ref, "userdevice": "autodetect", "bootable": false, "mode": "RO", "type": "Disk", "unpluggable": true,
			"empty": false, "other_config": map[string]string{"owner": ""}, "qos_algorithm_type": "", "qos_algorithm_params": map[string]string{},
		})
		if err != nil {
			return err
		}
	}
	all := diskMarks(m, d)
	all[keySeed] = is
	if maps.Equal(all, d.OtherConfig) {
		return nil
	}
	return c.api.Call(ctx, "VDI.set_other_config", nil, d.ref, all)
}

// waitForWriters waits until nobody writes to a seed disk: ourselves before a
// crash, say.
func (c *Cloud) waitForWriters(ctx context.Context, m *machine, d vdi) error {
	own := func(ref string) bool { return slices.Contains(m.VBDs, ref) }
	if !slices.ContainsFunc(d.VBDs, func(ref string) bool { return !own(ref) }) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, c.opts.CallTimeout)
	defer cancel()
	return c.api.Watch(ctx, "vdi", d.ref, func(record json.RawMessage) (bool, error) {
		var now vdi
		if err := json.Unmarshal(record, &now); err != nil {
			return false, fmt.Errorf("read a disk: %w", err)
		}
		return !slices.ContainsFunc(now.VBDs, func(ref string) bool { return !own(ref) }), nil
	})
}

// makeSeed makes an empty seed disk beside the machine's first disk.
func (c *Cloud) makeSeed(ctx context.Context, m *machine, size int64) (vdi, error) {
	sr, err := c.homeOf(ctx, m)
	if err != nil {
		return vdi{}, err
	}
	var ref string
	err = c.api.Call(ctx, "VDI.create", &ref, map[string]any{
		"name_label": seedName(m.owner, m.intent), "name_description": "user data of " + m.UUID, "SR": sr, "virtual_size": toolstack.Int(size).Decimal(), "type": "user",
		"sharable": false, "read_only": false, "xenstore_data": map[string]string{}, "sm_config": map[string]string{}, "tags": []string{},
		"other_config": map[string]string{keyOwner: m.owner, keyIntent: m.intent, keyMachine: m.UUID},
	})
	if err != nil {
		return vdi{}, err
	}
	d, err := toolstack.Record[vdi](ctx, c.api, "VDI", ref)
	d.ref = ref
	return d, err
}

// homeOf is the storage of a machine's first disk.
func (c *Cloud) homeOf(ctx context.Context, m *machine) (string, error) {
	drives, disks, err := c.devices(ctx, &m.vm)
	if err != nil {
		return "", err
	}
	sr, device := "", ""
	for ref, d := range disks {
		b := drives[ref]
		if b.Type == "Disk" && (sr == "" || len(b.Device) < len(device) || len(b.Device) == len(device) && b.Device < device) {
			sr, device = d.SR, b.Device
		}
	}
	if sr == "" {
		return "", &cloud.Error{Kind: cloud.Invalid, Op: "make a seed disk", Name: m.Name, Err: errNoDisk,
			Hint: "give the template a disk, or hand user data over by xenstore"}
	}
	return sr, nil
}
