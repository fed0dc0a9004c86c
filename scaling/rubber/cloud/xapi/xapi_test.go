package xapi

import (
	"context"
	"fmt"
	"net"
	"reflect"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"

	"perfmon/scaling/rubber/cloud"
	"perfmon/scaling/rubber/cloud/cloudtest"
	"perfmon/xapi/xapitest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const gib = 1 << 30

// pool is a pool of two hosts with shared storage, a template with a disk and
// a card, and VMs that are nobody's here.
type pool struct {
	*xapitest.Server
	hostA, hostB string
	sr           string
	network      string
	template     string
	foreign      []xapitest.VM // as they were put
	disks        int           // those of the template and of foreign VMs
	dial         func(ctx context.Context, network, address string) (net.Conn, error)
}

func newPool(t testing.TB, change ...func(*xapitest.Options)) *pool {
	t.Helper()
	o := xapitest.Options{Memory: true}
	for _, f := range change {
		f(&o)
	}
	p := &pool{Server: xapitest.New(o), sr: xapitest.UUID("sr"), network: xapitest.UUID("network"), template: xapitest.UUID("template")}
	p.hostA, p.hostB = p.HostUUID(), xapitest.UUID("host b")
	p.PutHost(xapitest.Host{UUID: p.hostA, Name: "host-a", Address: "192.0.2.2", Enabled: true, MemoryBytes: 32 * gib})
	p.PutHost(xapitest.Host{UUID: p.hostB, Name: "host-b", Address: "192.0.2.3", Enabled: true, MemoryBytes: 24 * gib})
	p.PutSR(xapitest.SR{UUID: p.sr, Name: "shared", Type: "nfs", ContentType: "user", Shared: true, PhysicalSize: 1000 * gib})
	for _, h := range []string{p.hostA, p.hostB} {
		p.PutPBD(xapitest.PBD{UUID: xapitest.UUID("pbd " + h), Host: h, SR: p.sr, Attached: true})
	}
	p.PutNetwork(xapitest.Network{UUID: p.network, Name: "workers", Bridge: "xenbr0"})
	p.PutNetwork(xapitest.Network{UUID: xapitest.UUID("network 2"), Name: "storage", Bridge: "xenbr1"})
	p.PutNetwork(xapitest.Network{UUID: xapitest.UUID("network 3"), Name: "twice", Bridge: "xenbr2"})
	p.PutNetwork(xapitest.Network{UUID: xapitest.UUID("network 4"), Name: "twice", Bridge: "xenbr3"})
	p.putVM(xapitest.VM{UUID: p.template, Name: "worker", PowerState: "Halted", Template: true, MemoryBytes: 2 * gib, VCPUs: 2})
	p.putVM(xapitest.VM{UUID: xapitest.UUID("other template"), Name: "other", PowerState: "Halted", Template: true, MemoryBytes: gib, VCPUs: 1})
	for i, state := range []string{"Running", "Halted"} {
		v := xapitest.VM{UUID: xapitest.UUID("foreign " + state), Name: "worker-one", PowerState: state, MemoryBytes: gib, VCPUs: 1,
			OtherConfig: map[string]string{"rubber": "no"}, Tags: []string{"rubber"}}
		if i == 0 {
			v.ResidentOn = p.hostA
		}
		p.putVM(v)
		now, _ := p.VM(v.UUID)
		p.foreign = append(p.foreign, now)
	}
	p.disks = len(p.VDIs())
	p.dial = p.Dial
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// putVM puts a VM with a disk and a card.
func (p *pool) putVM(v xapitest.VM) {
	v.Devices = true
	p.PutVM(v)
	disk := xapitest.UUID("disk of " + v.UUID)
	p.PutVDI(xapitest.VDI{UUID: disk, Name: "root", SR: p.sr, Size: 8 * gib, Type: "system"})
	p.PutVBD(xapitest.VBD{UUID: xapitest.UUID("vbd of " + v.UUID), VM: v.UUID, VDI: disk, Device: "0", Type: "Disk", Mode: "RW", Bootable: true, Attached: v.PowerState == "Running"})
	p.PutVBD(xapitest.VBD{UUID: xapitest.UUID("cd of " + v.UUID), VM: v.UUID, Device: "3", Type: "CD", Mode: "RO"})
	p.PutVIF(xapitest.VIF{UUID: xapitest.UUID("vif of " + v.UUID), VM: v.UUID, Network: p.network, Device: "0", MAC: "02:00:00:00:00:01"})
}

// untouched says whether what is not ours is as it was.
func (p *pool) untouched() error {
	for _, was := range p.foreign {
		is, ok := p.VM(was.UUID)
		if !ok || !reflect.DeepEqual(is, was) {
			return fmt.Errorf("VM %q was %+v and is %+v", was.Name, was, is)
		}
		if !slices.ContainsFunc(p.VDIs(), func(d xapitest.VDI) bool { return d.UUID == xapitest.UUID("disk of "+was.UUID) }) {
			return fmt.Errorf("the disk of VM %q is gone", was.Name)
		}
	}
	for _, uuid := range []string{p.template, xapitest.UUID("other template")} {
		if v, ok := p.VM(uuid); !ok || !v.Template || v.OtherConfig[keyMachine] != "" {
			return fmt.Errorf("the template is gone, or none any more: %+v", v)
		}
	}
	return nil
}

func (p *pool) connect(change ...func(*Options)) (*Cloud, error) {
	o := Options{Socket: p.Addr(xapitest.XAPI), Dial: p.dial, Patience: time.Minute, CallTimeout: 10 * time.Second}
	for _, f := range change {
		f(&o)
	}
	return New(o)
}

func (p *pool) cloud(t testing.TB, change ...func(*Options)) *Cloud {
	t.Helper()
	c, err := p.connect(change...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func (p *pool) spec(intent, owner, name string) cloud.Spec {
	return cloud.Spec{Intent: intent, Owner: owner, Name: name, Profile: "batch", Generation: "g1", Image: "worker",
		Networks: []string{"workers", "storage"}, Memory: gib, CPUs: 1, UserData: []byte("#cloud-config\nhostname: " + name + "\n")}
}

func (p *pool) setup() cloudtest.Setup {
	return cloudtest.Setup{
		Connect:   func() (cloud.Cloud, error) { return p.connect() },
		Spec:      p.spec,
		Untouched: p.untouched,
		Hosts:     []string{p.hostA, p.hostB},
		Break: func() func() {
			p.SetEmergency("HOST_STILL_BOOTING")
			return func() { p.SetEmergency() }
		},
		LoseAnswer: func() { p.Install(xapitest.Fault{Method: "VM.clone", Kind: xapitest.LostAnswer, Count: 1}) },
		Refusals: []cloudtest.Refusal{
			{Name: "no such template", Kind: cloud.Invalid, Change: func(s *cloud.Spec) { s.Image = "no-such" }, Checked: true},
			{Name: "a VM as template", Kind: cloud.Invalid, Change: func(s *cloud.Spec) { s.Image = "worker-one" }, Checked: true},
			{Name: "no such network", Kind: cloud.Invalid, Change: func(s *cloud.Spec) { s.Networks = []string{"no-such"} }, Checked: true},
			{Name: "a network by no unique name", Kind: cloud.Invalid, Change: func(s *cloud.Spec) { s.Networks = []string{"twice"} }, Checked: true},
			{Name: "too much memory", Kind: cloud.Capacity, Change: func(s *cloud.Spec) { s.Memory = 1 << 40 }},
			{Name: "too many CPUs", Kind: cloud.Capacity, Change: func(s *cloud.Spec) { s.CPUs = 64 }},
			{Name: "storage to be avoided", Kind: cloud.Capacity, Change: func(s *cloud.Spec) { s.AvoidStorage = []string{p.sr} }, Checked: true},
			{Name: "every host is to be avoided", Kind: cloud.Capacity, Change: func(s *cloud.Spec) { s.Avoid = []string{p.hostA, "host-b"} }},
			{Name: "the storage is full", Kind: cloud.Capacity, Arrange: p.fail("VDI.create", "SR_FULL", "1", "0")},
			{Name: "no role", Kind: cloud.Auth, Arrange: p.fail("VM.get_all_records_where", "RBAC_PERMISSION_DENIED", "vm.get_all_records_where", "no")},
			{Name: "no host at the last instant", Kind: cloud.Capacity, Arrange: p.fail("VM.start_on", "HOST_NOT_ENOUGH_FREE_MEMORY", "2", "1")},
			{Name: "a wrong password", Kind: cloud.Auth, Arrange: p.fail("session.login_with_password", "SESSION_AUTHENTICATION_FAILED", "root", "no")},
		},
	}
}

func (p *pool) fail(method string, failure ...string) func() func() {
	return func() func() {
		if method == "session.login_with_password" {
			p.EndSessions()
		}
		return p.Install(xapitest.Fault{Method: method, Kind: xapitest.RPCFailure, Failure: failure}).Clear
	}
}

func TestConformance(t *testing.T) {
	cloudtest.Run(t, cloudtest.Suite{Start: func(t *testing.T) cloudtest.Setup {
		p := newPool(t)
		// Starts and shutdowns take their time on real hosts.
		for _, method := range []string{"VM.start_on", "VM.clean_shutdown", "VM.hard_shutdown", "VM.clone", "VDI.destroy"} {
			p.Take(method, 2*time.Millisecond)
		}
		return p.setup()
	}})
}
