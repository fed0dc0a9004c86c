package xapi

import (
	"context"
	"errors"
	"maps"
	"slices"

	"perfmon/scaling/rubber/cloud"
	toolstack "perfmon/xapi"
)

var errNoDisk = errors.New("the template has no disk, so there is no storage to put it on")

// Delete ends a machine: running or not, with its disks. It returns when all
// of it is gone; called again after an error it goes on.
func (c *Cloud) Delete(ctx context.Context, id string) error {
	m, release, err := c.hold(ctx, "delete", id)
	if cloud.KindOf(err) == cloud.NotFound {
		return nil
	}
	if err != nil {
		return c.refused("delete", id, err)
	}
	defer release()
	err = c.remove(ctx, m)
	if err == nil {
		err = c.removeTwins(ctx, m)
	}
	if err != nil {
		return c.refused("delete", m.Name, err)
	}
	return nil
}

// removeTwins removes clones of the machine's intent that were not heard of.
func (c *Cloud) removeTwins(ctx context.Context, m *machine) error {
	var refs []string
	if err := c.api.Call(ctx, "VM.get_by_name_label", &refs, birthName(m.owner, m.intent)); err != nil {
		return err
	}
	for _, ref := range refs {
		twin := &machine{vm: vm{ref: ref}}
		if err := c.reread(ctx, twin); gone(err) {
			continue
		} else if err != nil {
			return err
		}
		if twin = ours(twin.vm); twin == nil || twin.key() != m.key() || !c.neverStarted(twin) {
			continue
		}
		if err := c.remove(ctx, twin); err != nil {
			return err
		}
	}
	return nil
}

// remove takes everything of a machine away, the VM itself last: what is left
// of it can be found for as long as it is there.
func (c *Cloud) remove(ctx context.Context, m *machine) error {
	if err := c.switchOff(ctx, m); err != nil {
		return ignoreGone(err)
	}
	drives, disks, err := c.devices(ctx, &m.vm)
	if err != nil {
		return err
	}
	var doomed []vdi
	for _, ref := range slices.Sorted(maps.Keys(disks)) {
		d := disks[ref]
		// Before all of a machine has been made nobody else can have given it
		// a disk; later, one without its mark is somebody else's. One that was
		// moved to other storage has the mark, and another uuid than it says.
		if drives[ref].Type == "Disk" && d.alone(drives) && (d.OtherConfig[keyMachine] == m.UUID || !m.made()) {
			doomed = append(doomed, d)
		}
	}
	seeds, err := c.seeds(ctx, m)
	if err != nil {
		return err
	}
	for _, d := range seeds {
		if !d.alone(drives) {
			writing, err := c.writing(ctx, d)
			if err != nil {
				return err
			}
			if writing {
				return &cloud.Error{Kind: cloud.Transient, Op: "delete", Name: m.Name, RetryAfter: c.opts.Patience, Err: errors.New("its seed disk is still being written")}
			}
			continue
		}
		if !slices.ContainsFunc(doomed, func(o vdi) bool { return o.ref == d.ref }) {
			doomed = append(doomed, d)
		}
	}
	for _, d := range doomed {
		if err := c.api.Call(ctx, "VDI.destroy", nil, d.ref); err != nil && !gone(err) {
			return err
		}
	}
	if err := c.api.Call(ctx, "VM.destroy", nil, m.ref); err != nil && !gone(err) {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.disks, m.ref)
	return nil
}

func ignoreGone(err error) error {
	if gone(err) {
		return nil
	}
	return err
}

// switchOff has a machine be halted. While it is being started that may have
// to be waited for.
func (c *Cloud) switchOff(ctx context.Context, m *machine) error {
	var err error
	for range 3 { // it may change its state while we look
		if m.PowerState == "Halted" || !c.canHardStop(m) {
			if err = c.settle(ctx, "delete", m, max(c.opts.Patience, DefaultPatience)); err != nil {
				return err
			}
		}
		if m.PowerState == "Halted" {
			return nil
		}
		err = c.api.Call(ctx, "VM.hard_shutdown", nil, m.ref)
		if err != nil && !toolstack.IsCode(err, "VM_BAD_POWER_STATE", "OTHER_OPERATION_IN_PROGRESS") {
			return err
		}
		if rerr := c.reread(ctx, m); rerr != nil {
			return rerr
		}
		if err == nil && m.PowerState == "Halted" && len(m.Operations) == 0 {
			return nil
		}
	}
	if err == nil {
		err = errors.New("it does not stay switched off")
	}
	return err
}

// canHardStop says whether the toolstack takes a hard shutdown beside what goes
// on with the machine: a clean one that takes too long, say.
func (c *Cloud) canHardStop(m *machine) bool {
	return !m.begun("hard_shutdown", "destroy", "start", "start_on", "resume", "resume_on")
}
