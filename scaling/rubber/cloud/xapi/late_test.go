package xapi

import (
	"context"
	"fmt"
	"testing"

	"perfmon/scaling/rubber/cloud"
	"perfmon/xapi/xapitest"
)

// A call that the toolstack is still working on when rubber dies, and is
// carried out when another one is there.
func TestLateCalls(t *testing.T) {
	for _, method := range []string{"VM.clone", xapitest.CopyDevices, "VDI.create", "VM.start_on", "VM.provision", xapitest.ImportDisk} {
		t.Run(method, func(t *testing.T) {
			p := newPool(t)
			release := p.Hold(method)
			defer release()
			first, second := p.cloud(t), p.cloud(t)
			dying, kill := context.WithCancel(t.Context())
			died := make(chan error, 1)
			go func() {
				_, err := make1(dying, p, first)
				died <- err
			}()
			if err := p.WaitFor(t.Context(), func() bool { return p.Waiting(method) > 0 }); err != nil {
				t.Fatal(err)
			}
			if method == "VM.start_on" { // the machine says so itself a moment later
				if err := p.WaitFor(t.Context(), func() bool { return p.Counters()["VM.add_to_other_config"].Calls == 2 }); err != nil {
					t.Fatal(err)
				}
			}
			kill()
			<-died
			if method == "VM.start_on" {
				// It is being started: that is all that can be asked for.
				i, err := make1(t.Context(), p, second)
				if err != nil || i.State != cloud.Building {
					t.Fatalf("create while it is started: %+v, %v", i, err)
				}
			}
			if method == xapitest.ImportDisk {
				// Nor may its disk be left behind now.
				vms, err := p.ours()
				if err != nil {
					t.Fatal(err)
				}
				if err := second.Delete(t.Context(), vms[0].UUID); cloud.KindOf(err) != cloud.Transient || err == nil {
					t.Errorf("delete while a disk is written: %v", err)
				}
			}
			type answer struct {
				i   cloud.Instance
				err error
			}
			again := make(chan answer, 1)
			before := p.Counters()["VM.get_all_records_where"].Calls
			go func() {
				i, err := make1(t.Context(), p, second)
				again <- answer{i, err}
			}()
			if err := p.WaitFor(t.Context(), func() bool { return p.Counters()["VM.get_all_records_where"].Calls > before }); err != nil {
				t.Fatal(err)
			}
			release()
			got := <-again
			if got.err != nil {
				t.Fatal(got.err)
			}
			if err := p.running(t.Context(), second, got.i.ID); err != nil {
				t.Fatal(err)
			}
			if n := p.Counters()["VM.clone"].Calls; n != 1 {
				t.Errorf("the template was cloned %d times", n)
			}
			if method != "VDI.create" { // of which there may be two: both go with the machine
				if err := p.whole(got.i.ID); err != nil {
					t.Error(err)
				}
			}
			if err := second.Delete(t.Context(), got.i.ID); err != nil {
				t.Fatal(err)
			}
			if err := p.clean(); err != nil {
				t.Error(err)
			}
		})
	}
}

// Deleting waits for a start, and a machine whose start fails later is Failed.
func TestStartThatFailsLater(t *testing.T) {
	p := newPool(t)
	release := p.Hold("VM.start_on")
	defer release()
	c := p.cloud(t, func(o *Options) { o.Patience = 1 }) // a nanosecond: it hears nothing
	i, err := make1(t.Context(), p, c)
	if err != nil || i.State != cloud.Building {
		t.Fatalf("%+v, %v", i, err)
	}
	for _, h := range []string{p.hostA, p.hostB} { // the room goes while it starts
		host, _ := p.Host(h)
		host.MemoryBytes = 1
		p.PutHost(host)
	}
	release()
	for i.State == cloud.Building {
		list, err := c.List(t.Context(), "me")
		if err != nil || len(list) != 1 {
			t.Fatal(list, err)
		}
		i = list[0]
	}
	if i.State != cloud.Failed || cloud.KindOf(i.Fault) != cloud.Capacity {
		t.Errorf("the machine is %s, fault %v", i.State, i.Fault)
	}
	for _, h := range []string{p.hostA, p.hostB} {
		host, _ := p.Host(h)
		host.MemoryBytes = 32 * gib
		p.PutHost(host)
	}
	again, err := make1(t.Context(), p, c)
	if err != nil || again.ID != i.ID {
		t.Fatalf("create again: %+v, %v", again, err)
	}
	if err := p.running(t.Context(), c, i.ID); err != nil {
		t.Error(err)
	}
	if err := c.Delete(t.Context(), i.ID); err != nil {
		t.Error(err)
	}
	if err := p.clean(); err != nil {
		t.Error(err)
	}
}

// What others make of our machines, and with them, is theirs.
func TestOthers(t *testing.T) {
	ctx := t.Context()
	p := newPool(t)
	c := p.cloud(t)
	i, err := make1(ctx, p, c)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Stop(ctx, i.ID); err != nil {
		t.Fatal(err)
	}
	id := i.ID
	mine, _ := p.VM(id)
	disks := len(p.VDIs())

	// A copy with all marks and disks, one that became a template, and a disk
	// of somebody's that was put into the machine.
	copied := mine
	copied.UUID, copied.Name = xapitest.UUID("copy"), "worker-one copy"
	p.PutVM(copied)
	template := copied
	template.UUID, template.Name, template.Template = xapitest.UUID("template of it"), "worker-two", true
	p.PutVM(template)
	for n, b := range p.VBDs() {
		if b.VM != id || b.VDI == "" {
			continue
		}
		for _, vm := range []string{copied.UUID, template.UUID} {
			for _, d := range p.VDIs() {
				if d.UUID == b.VDI {
					d.UUID = xapitest.UUID(fmt.Sprint("copied disk ", vm, n))
					p.PutVDI(d)
					b.UUID, b.VM, b.VDI = xapitest.UUID("drive of "+d.UUID), vm, d.UUID
					p.PutVBD(b)
					break
				}
			}
		}
	}
	shared := xapitest.VDI{UUID: xapitest.UUID("shared"), Name: "shared", SR: p.sr, Size: gib, OtherConfig: map[string]string{keyMachine: id, keyDisk: xapitest.UUID("shared")}}
	p.PutVDI(shared) // ours, but somebody uses it
	p.PutVBD(xapitest.VBD{UUID: xapitest.UUID("shared drive"), VM: id, VDI: shared.UUID, Device: "8", Type: "Disk", Mode: "RW"})
	p.PutVBD(xapitest.VBD{UUID: xapitest.UUID("shared drive 2"), VM: copied.UUID, VDI: shared.UUID, Device: "8", Type: "Disk", Mode: "RW"})
	data := xapitest.VDI{UUID: xapitest.UUID("data"), Name: "data", SR: p.sr, Size: gib}
	p.PutVDI(data)
	p.PutVBD(xapitest.VBD{UUID: xapitest.UUID("data drive"), VM: id, VDI: data.UUID, Device: "9", Type: "Disk", Mode: "RW"})

	list, err := c.List(ctx, "me")
	if err != nil || len(list) != 1 || list[0].ID != id {
		t.Fatalf("list: %+v, %v", list, err)
	}
	for _, other := range []string{copied.UUID, template.UUID, p.foreign[0].UUID, p.template} {
		for what, err := range map[string]error{"delete": c.Delete(ctx, other), "stop": c.Stop(ctx, other), "park": c.Park(ctx, other)} {
			if cloud.KindOf(err) != cloud.Invalid || err == nil {
				t.Errorf("%s of somebody's VM: %v", what, err)
			}
		}
	}
	for _, d := range p.VDIs() { // its disk is moved to other storage: it has a new uuid
		if d.OtherConfig[keyDisk] != d.UUID || d.OtherConfig[keySeed] != "" || d.Name != "root" {
			continue
		}
		for _, b := range p.VBDs() {
			if b.VM == id && b.VDI == d.UUID {
				p.Delete("vdi", d.UUID)
				d.UUID = xapitest.UUID("moved")
				p.PutVDI(d)
				b.VDI = d.UUID
				p.PutVBD(b)
			}
		}
	}
	before := len(p.VDIs())
	if err := c.Delete(ctx, id); err != nil {
		t.Fatal(err)
	}
	if n := before - len(p.VDIs()); n != 2 || disks-p.disks != 2 {
		t.Errorf("%d disks were deleted with the machine, not 2", n)
	}
	for _, uuid := range []string{copied.UUID, template.UUID} {
		if _, ok := p.VM(uuid); !ok {
			t.Errorf("somebody's copy %s is gone", uuid)
		}
	}
	if err := p.untouched(); err != nil {
		t.Error(err)
	}

	// Nor does another rubber's machine obey.
	theirs, err := c.Create(ctx, p.spec("two", "they", "worker-two"))
	if err != nil {
		t.Fatal(err)
	}
	mineAlone := p.cloud(t, func(o *Options) { o.Owner = "me" })
	if err := mineAlone.Delete(ctx, theirs.ID); cloud.KindOf(err) != cloud.Invalid || err == nil {
		t.Errorf("delete of another rubber's machine: %v", err)
	}

	// A clone of a template that was made of a machine of ours is ours, once.
	s := p.spec("three", "me", "worker-three")
	s.Image = "worker-two"
	if i, err = c.Create(ctx, s); err != nil {
		t.Fatal(err)
	}
	if i.Intent != "three" || i.Generation != s.Generation {
		t.Errorf("the machine is %+v", i)
	}
}
