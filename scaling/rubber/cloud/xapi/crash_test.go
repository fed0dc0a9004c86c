package xapi

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"perfmon/scaling/rubber/cloud"
	"perfmon/xapi/xapitest"
)

// These tests kill the driver at each of its calls: just before the call
// arrives, and just after it has been carried out. Of what comes then nothing
// arrives.

// die has a driver die at its n-th call from now on. The result says whether
// there was such a call.
func (p *pool) die(kind xapitest.FaultKind, n int) (died func() bool) {
	last := p.Install(xapitest.Fault{Kind: kind, Skip: n, Count: 1})
	p.Install(xapitest.Fault{Kind: xapitest.Cut, Skip: n})
	return func() bool {
		hit := last.Hits() > 0
		p.ClearFaults()
		return hit
	}
}

// ours are the VMs that are not those of the pool, and an error if one of them
// cannot be told to be a machine's.
func (p *pool) ours() ([]xapitest.VM, error) {
	var list []xapitest.VM
	for _, v := range p.VMs() {
		known := slices.ContainsFunc(p.foreign, func(f xapitest.VM) bool { return f.UUID == v.UUID })
		if known || v.ControlDomain || v.UUID == p.template || v.UUID == xapitest.UUID("other template") {
			continue
		}
		marked := v.OtherConfig[keyMachine] == v.UUID && v.OtherConfig[keyIntent] == "one" && v.OtherConfig[keyOwner] == "me"
		if !marked && (v.Name != "rubber/me/one" || v.PowerState != "Halted") {
			return nil, fmt.Errorf("VM %q (%s) has no mark", v.Name, v.PowerState)
		}
		list = append(list, v)
	}
	return list, nil
}

// clean says what is left of machines.
func (p *pool) clean() error {
	vms, err := p.ours()
	if err != nil {
		return err
	}
	if len(vms) > 0 {
		return fmt.Errorf("a VM is left: %+v", vms[0])
	}
	if n := len(p.VDIs()) - p.disks; n != 0 {
		return fmt.Errorf("%d disks are left: %+v", n, p.VDIs()[p.disks:])
	}
	for _, b := range p.VBDs() {
		if _, ok := p.VM(b.VM); !ok {
			return fmt.Errorf("a VBD is left: %+v", b)
		}
	}
	for _, f := range p.VIFs() {
		if _, ok := p.VM(f.VM); !ok {
			return fmt.Errorf("a VIF is left: %+v", f)
		}
	}
	return p.untouched()
}

// whole says whether there is exactly one machine, and all of it.
func (p *pool) whole(id string) error {
	vms, err := p.ours()
	if err != nil {
		return err
	}
	if len(vms) != 1 || vms[0].UUID != id {
		return fmt.Errorf("%d VMs in place of the one machine: %+v", len(vms), vms)
	}
	v := vms[0]
	if v.Name != "worker-one" || v.PowerState != "Running" || v.Started != 1 || v.MemoryBytes != gib || v.VCPUs != 1 || v.OtherConfig[keyMade] == "" {
		return fmt.Errorf("the machine is %+v", v)
	}
	if n := len(p.VDIs()) - p.disks; n != 2 {
		return fmt.Errorf("it has %d disks, not 2", n)
	}
	var networks []string
	for _, f := range p.VIFs() {
		if f.VM == id {
			networks = append(networks, f.Network)
		}
	}
	if want := []string{p.network, xapitest.UUID("network 2")}; !slices.Equal(networks, want) {
		return fmt.Errorf("it is on networks %v, not %v", networks, want)
	}
	var seeds int
	for _, d := range p.VDIs() {
		if d.OtherConfig[keySeed] != "" && len(d.Content) > 0 && d.OtherConfig[keyDisk] == d.UUID {
			seeds++
		}
	}
	if seeds != 1 {
		return fmt.Errorf("it has %d seed disks, not 1", seeds)
	}
	return p.untouched()
}

// crashes kills the driver in act at each call of it, and has after look at
// what there is then.
func crashes(t *testing.T, arrange func(*Cloud) (id string, err error), act func(context.Context, *Cloud, string) error, after func(context.Context, *pool, *Cloud, string) error) {
	t.Helper()
	for _, kind := range []xapitest.FaultKind{xapitest.Cut, xapitest.LostAnswer} {
		for n := 0; ; n += stride {
			p := newPool(t)
			first := p.cloud(t)
			id := ""
			if arrange != nil {
				var err error
				if id, err = arrange(first); err != nil {
					t.Fatal(err)
				}
			}
			died := p.die(kind, n)
			err := act(t.Context(), first, id)
			if !died() {
				if err != nil {
					t.Errorf("nothing went wrong in %d calls, but: %v", n, err)
				}
				t.Logf("%s at each %d. of %d calls", kind, stride, n)
				_ = first.Close()
				_ = p.Close()
				break
			}
			if err == nil && kind == xapitest.Cut {
				// What is cut off may be what can be done without.
				t.Logf("%s at call %d is no error", kind, n)
			}
			var e *cloud.Error
			if err != nil && (!errors.As(err, &e) || e.Kind != cloud.Transient) {
				t.Errorf("%s at call %d: the error is not of kind transient: %v", kind, n, err)
			}
			second := p.cloud(t)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			if err := after(ctx, p, second, id); err != nil {
				t.Errorf("%s at call %d: %v", kind, n, err)
			}
			cancel()
			_ = first.Close()
			_ = second.Close()
			_ = p.Close()
		}
	}
}

func make1(ctx context.Context, p *pool, c *Cloud) (cloud.Instance, error) {
	return c.Create(ctx, p.spec("one", "me", "worker-one"))
}

func TestCrashInCreateThenCreate(t *testing.T) {
	spec := (&pool{}).spec("one", "me", "worker-one")
	crashes(t, nil, func(ctx context.Context, c *Cloud, _ string) error {
		_, err := c.Create(ctx, spec)
		return err
	}, func(ctx context.Context, p *pool, c *Cloud, _ string) error {
		if _, err := p.ours(); err != nil {
			return err
		}
		i, err := make1(ctx, p, c)
		if err != nil {
			return err
		}
		if err := p.running(ctx, c, i.ID); err != nil {
			return err
		}
		if err := p.whole(i.ID); err != nil {
			return err
		}
		if err := c.Delete(ctx, i.ID); err != nil {
			return err
		}
		return p.clean()
	})
}

// running waits until a machine runs; no other is listed.
func (p *pool) running(ctx context.Context, c *Cloud, id string) error {
	for {
		list, err := c.List(ctx, "me")
		if err != nil {
			return err
		}
		if len(list) != 1 || list[0].ID != id {
			return fmt.Errorf("list: %+v", list)
		}
		if list[0].State == cloud.Running {
			return nil
		}
		if list[0].State != cloud.Building {
			return fmt.Errorf("the machine is %s (%v)", list[0].State, list[0].Fault)
		}
	}
}

func TestCrashInCreateThenDelete(t *testing.T) {
	spec := (&pool{}).spec("one", "me", "worker-one")
	crashes(t, nil, func(ctx context.Context, c *Cloud, _ string) error {
		_, err := c.Create(ctx, spec)
		return err
	}, func(ctx context.Context, p *pool, c *Cloud, _ string) error {
		vms, err := p.ours()
		if err != nil {
			return err
		}
		list, err := c.List(ctx, "me")
		if err != nil {
			return err
		}
		if len(list) != len(vms) {
			return fmt.Errorf("%d machines are listed of %d VMs", len(list), len(vms))
		}
		for _, i := range list {
			if i.Intent != "one" || i.Owner != "me" {
				return fmt.Errorf("the machine has the marks %+v", i)
			}
			if err := c.Delete(ctx, i.ID); err != nil {
				return err
			}
		}
		return p.clean()
	})
}

func TestCrashInDelete(t *testing.T) {
	spec := (&pool{}).spec("one", "me", "worker-one")
	crashes(t, func(c *Cloud) (string, error) {
		i, err := c.Create(context.Background(), spec)
		return i.ID, err
	}, func(ctx context.Context, c *Cloud, id string) error {
		return c.Delete(ctx, id)
	}, func(ctx context.Context, p *pool, c *Cloud, id string) error {
		if vms, err := p.ours(); err != nil || len(vms) == 0 && len(p.VDIs()) != p.disks {
			return fmt.Errorf("%d disks are there without a VM (%w)", len(p.VDIs())-p.disks, err)
		}
		if err := c.Delete(ctx, id); err != nil {
			return err
		}
		return p.clean()
	})
}

func TestCrashInParkAndWake(t *testing.T) {
	spec := (&pool{}).spec("one", "me", "worker-one")
	for _, park := range []string{ParkHalt, ParkSuspend} {
		crashes(t, func(c *Cloud) (string, error) {
			c.opts.Park = park
			i, err := c.Create(context.Background(), spec)
			return i.ID, err
		}, func(ctx context.Context, c *Cloud, id string) error {
			if err := c.Park(ctx, id); err != nil {
				return err
			}
			return c.Wake(ctx, id, spec)
		}, func(ctx context.Context, p *pool, c *Cloud, id string) error {
			c.opts.Park = park
			if list, err := c.List(ctx, "me"); err != nil || len(list) != 1 || list[0].ID != id || list[0].State == cloud.Failed {
				return fmt.Errorf("list: %+v, %w", list, err)
			}
			if err := c.Park(ctx, id); err != nil {
				return err
			}
			if err := c.Wake(ctx, id, spec); err != nil {
				return err
			}
			if err := p.running(ctx, c, id); err != nil {
				return err
			}
			if err := c.Delete(ctx, id); err != nil {
				return err
			}
			return p.clean()
		})
	}
}
