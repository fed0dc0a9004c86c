package xapi

import (
	"context"
	"errors"

	"perfmon/scaling/rubber/cloud"
	toolstack "perfmon/xapi"
)

// Stop begins a clean shutdown, which needs the guest's agent. One that is off
// already is left so.
func (c *Cloud) Stop(ctx context.Context, id string) error {
	m, release, err := c.hold(ctx, "stop", id)
	if err != nil {
		return c.refused("stop", id, err)
	}
	defer release()
	if err := c.end(ctx, "stop", m, "VM.clean_shutdown"); err != nil {
		return c.refused("stop", m.Name, err)
	}
	return nil
}

// Park shuts a machine down cleanly, or suspends it, and marks it as one that
// waits to be woken.
func (c *Cloud) Park(ctx context.Context, id string) error {
	m, release, err := c.hold(ctx, "park", id)
	if err != nil {
		return c.refused("park", id, err)
	}
	defer release()
	method := "VM.clean_shutdown"
	if c.opts.Park == ParkSuspend {
		method = "VM.suspend"
	}
	if !m.made() {
		err = &cloud.Error{Kind: cloud.Transient, Op: "park", Name: m.Name, Err: errors.New("it is still being made")}
	} else if err = c.setMark(ctx, m, keyParked, "true"); err == nil {
		err = c.end(ctx, "park", m, method)
	}
	if err != nil {
		return c.refused("park", m.Name, err)
	}
	return nil
}

// end begins to end a machine's running, unless it has been begun.
func (c *Cloud) end(ctx context.Context, op string, m *machine, method string) error {
	if m.begun("clean_shutdown", "hard_shutdown", "suspend", "shutdown") {
		return nil
	}
	if err := c.settle(ctx, op, m, c.opts.Patience); err != nil {
		return err
	}
	if m.PowerState == "Halted" || m.PowerState == "Suspended" {
		return nil
	}
	task, err := c.begin(ctx, m, method)
	if err == nil {
		err = c.hear(ctx, task)
	}
	if toolstack.IsCode(err, "VM_BAD_POWER_STATE") { // it went off by itself?
		if rerr := c.reread(ctx, m); rerr != nil {
			return rerr
		}
		if m.PowerState != "Running" {
			return nil
		}
	}
	return err
}

// Wake starts or resumes a parked machine on a host that is chosen anew. A
// spec with other memory or processors than it has counts from now on, unless
// the machine is suspended.
func (c *Cloud) Wake(ctx context.Context, id string, s cloud.Spec) error {
	m, release, err := c.hold(ctx, "wake", id)
	if err != nil {
		return c.refused("wake", id, err)
	}
	defer release()
	if err := c.wake(ctx, m, s); err != nil {
		return c.refused("wake", m.Name, err)
	}
	return nil
}

func (c *Cloud) wake(ctx context.Context, m *machine, s cloud.Spec) error {
	if !m.made() {
		return &cloud.Error{Kind: cloud.Transient, Op: "wake", Name: m.Name, Err: errors.New("it is still being made")}
	}
	if m.begun("start", "start_on", "resume", "resume_on") {
		return c.clearMark(ctx, m, keyParked)
	}
	if err := c.settle(ctx, "wake", m, c.opts.Patience); err != nil {
		return err
	}
	method := "VM.start_on"
	switch m.PowerState {
	case "Running":
		return c.clearMark(ctx, m, keyParked)
	case "Suspended":
		method = "VM.resume_on"
	case "Halted":
		if err := c.resize(ctx, s, m); err != nil {
			return err
		}
	default:
		return &cloud.Error{Kind: cloud.Transient, Op: "wake", Name: m.Name, Err: errors.New("it is " + m.PowerState)}
	}
	hosts, err := c.hosts(ctx, s, int64(m.StaticMax))
	if err != nil {
		return err
	}
	if err := c.start(ctx, method, m, hosts); err != nil {
		return err
	}
	return c.clearMark(ctx, m, keyParked)
}

// Check says whether machines of a spec could be made, without making one: the
// template, the networks, and the storage.
func (c *Cloud) Check(ctx context.Context, s cloud.Spec) error {
	if err := c.check(ctx, s); err != nil {
		return c.refused("check", s.Image, err)
	}
	return nil
}

func (c *Cloud) check(ctx context.Context, s cloud.Spec) error {
	all, err := c.look(ctx)
	if err != nil {
		return err
	}
	template, err := all.template(s.Image)
	if err != nil {
		return err
	}
	if err := c.checkNetworks(ctx, s); err != nil {
		return err
	}
	_, err = c.copyTo(ctx, s, template)
	return err
}
