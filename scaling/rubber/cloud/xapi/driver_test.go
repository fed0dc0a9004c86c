package xapi

import (
	"bytes"
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"perfmon/scaling/rubber/cloud"
	toolstack "perfmon/xapi"
	"perfmon/xapi/xapitest"
)

// The whole of a machine, as a guest and an operator see it.
func TestMachine(t *testing.T) {
	ctx := t.Context()
	p := newPool(t)
	c := p.cloud(t)
	i, err := make1(ctx, p, c)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.running(ctx, c, i.ID); err != nil {
		t.Fatal(err)
	}
	list, err := c.List(ctx, "me")
	if err != nil {
		t.Fatal(err)
	}
	i = list[0]
	v, _ := p.VM(i.ID)
	// host-a has more memory, even with a VM on it.
	if i.Host != p.hostA || !slices.Equal(i.Storage, []string{p.sr}) || len(i.Addresses) != 1 || i.Addresses[0] != netip.MustParseAddr(v.Addresses[0]) {
		t.Errorf("the machine is %+v", i)
	}
	if !slices.Equal(v.Tags, []string{"rubber"}) || v.Description != "worker of rubber me, profile batch, intent one" {
		t.Errorf("the VM is %+v", v)
	}
	for _, d := range p.VDIs() {
		if d.OtherConfig[keySeed] == "" {
			continue
		}
		for _, want := range []string{"cidata", "hostname: worker-one", "instance-id"} {
			if !bytes.Contains(bytes.ToLower(d.Content), []byte(want)) {
				t.Errorf("the seed disk of %d bytes has no %q", len(d.Content), want)
			}
		}
	}
	for _, b := range p.VBDs() {
		if b.VM == i.ID && b.Device == "1" && (b.Mode != "RO" || b.Type != "Disk") {
			t.Errorf("the seed's drive is %+v", b)
		}
	}
	if n := len(p.Tasks()); n != 0 {
		t.Errorf("%d tasks are left: %+v", n, p.Tasks())
	}
	// A second look asks for little.
	p.ResetCounters()
	if _, err := c.List(ctx, "me"); err != nil {
		t.Fatal(err)
	}
	if n := len(p.Requests()); n != 2 {
		t.Errorf("a list is %d calls: %v", n, p.Counters())
	}
}

func TestUserDataByXenstore(t *testing.T) {
	p := newPool(t)
	c := p.cloud(t, func(o *Options) { o.UserData = UserDataXenstore })
	i, err := make1(t.Context(), p, c)
	if err != nil {
		t.Fatal(err)
	}
	v, _ := p.VM(i.ID)
	if got := v.Xenstore["vm-data/user-data"]; !strings.HasPrefix(got, "#cloud-config") || len(p.VDIs()) != p.disks+1 {
		t.Errorf("xenstore has %q, and there are %d disks more", got, len(p.VDIs())-p.disks)
	}
}

// A parked machine comes back on a host that is chosen anew, with the memory
// that the spec has now.
func TestWakeElsewhere(t *testing.T) {
	ctx := t.Context()
	for _, park := range []string{ParkHalt, ParkSuspend} {
		p := newPool(t)
		c := p.cloud(t, func(o *Options) { o.Park = park })
		i, err := make1(ctx, p, c)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Park(ctx, i.ID); err != nil {
			t.Fatal(err)
		}
		s := p.spec("one", "me", "worker-one")
		s.Memory, s.Avoid = 2*gib, []string{p.hostA, p.hostB}
		if err := c.Wake(ctx, i.ID, s); cloud.KindOf(err) != cloud.Capacity || !strings.Contains(err.Error(), "host-a is to be avoided; host-b is to be avoided") {
			t.Errorf("%s: wake where no host is left: %v", park, err)
		}
		list, err := c.List(ctx, "me")
		if err != nil || len(list) != 1 || list[0].State != cloud.Halted && list[0].State != cloud.Suspended {
			t.Fatalf("%s: it is still parked: %+v, %v", park, list, err)
		}
		s.Avoid = s.Avoid[:1]
		if err := c.Wake(ctx, i.ID, s); err != nil {
			t.Fatal(err)
		}
		want := int64(2 * gib)
		if park == ParkSuspend {
			want = gib
		}
		if v, _ := p.VM(i.ID); v.ResidentOn != p.hostB || v.MemoryBytes != want || v.PowerState != "Running" {
			t.Errorf("%s: woken: %+v", park, v)
		}
		if err := c.Delete(ctx, i.ID); err != nil {
			t.Fatal(err)
		}
		if err := p.clean(); err != nil {
			t.Error(err)
		}
	}
}

// A template whose storage is to be avoided is copied in full, where that is
// allowed.
func TestCopy(t *testing.T) {
	ctx := t.Context()
	p := newPool(t)
	other := xapitest.UUID("other sr")
	p.PutSR(xapitest.SR{UUID: other, Name: "second", ContentType: "user", PhysicalSize: 1000 * gib})
	for _, h := range []string{p.hostA, p.hostB} {
		p.PutPBD(xapitest.PBD{UUID: xapitest.UUID("second pbd " + h), Host: h, SR: other, Attached: true})
	}
	s := p.spec("one", "me", "worker-one")
	s.AvoidStorage = []string{"shared"}
	c := p.cloud(t, func(o *Options) { o.CopyTo = []string{"shared", "second"} })
	i, err := c.Create(ctx, s)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(i.Storage, []string{other}) { // the seed disk too
		t.Errorf("it is on %v", i.Storage)
	}
	s.AvoidStorage = append(s.AvoidStorage, other)
	s.Intent = "two"
	if _, err := c.Create(ctx, s); cloud.KindOf(err) != cloud.Capacity || !strings.Contains(err.Error(), "second is to be avoided too") {
		t.Errorf("all is to be avoided: %v", err)
	}
}

// Why no host takes it is said of each host.
func TestNowhere(t *testing.T) {
	p := newPool(t)
	h, _ := p.Host(p.hostA)
	h.Enabled = false
	p.PutHost(h)
	p.Install(xapitest.Fault{Method: "VM.assert_can_boot_here", Object: xapitest.Ref("host", p.hostB), Kind: xapitest.RPCFailure, Failure: []string{"VM_REQUIRES_NETWORK", "a", "b"}})
	_, err := make1(t.Context(), p, p.cloud(t))
	if cloud.KindOf(err) != cloud.Capacity || !strings.Contains(err.Error(), "VM_REQUIRES_NETWORK (the network is not on that host)") {
		t.Errorf("%v", err)
	}
	if err := p.clean(); err != nil {
		t.Error(err)
	}
	h, _ = p.Host(p.hostB)
	h.MemoryBytes = 1 << 20
	p.PutHost(h)
	_, err = make1(t.Context(), p, p.cloud(t))
	if want := "host-a is disabled; host-b has 1 MiB free of 1024"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v; it has to say %q", err, want)
	}
}

// The start goes to the next host when the first refuses at the last instant.
func TestNextHost(t *testing.T) {
	p := newPool(t)
	p.Install(xapitest.Fault{Method: "VM.start_on", Kind: xapitest.RPCFailure, Failure: []string{"HOST_NOT_ENOUGH_FREE_MEMORY", "2", "1"}, Count: 1})
	i, err := make1(t.Context(), p, p.cloud(t))
	if err != nil || i.Host != p.hostB {
		t.Errorf("%+v, %v", i, err)
	}
}

// A guest that does not hear of a shutdown is switched off by Delete alone.
func TestNoAgent(t *testing.T) {
	ctx := t.Context()
	p := newPool(t)
	c := p.cloud(t)
	i, err := make1(ctx, p, c)
	if err != nil {
		t.Fatal(err)
	}
	v, _ := p.VM(i.ID)
	v.NoAgent = true
	p.PutVM(v)
	err = c.Stop(ctx, i.ID)
	var e *cloud.Error
	if !errors.As(err, &e) || e.Kind != cloud.Transient || !strings.Contains(e.Hint, "deleting switches it off") {
		t.Errorf("stop: %v", err)
	}
	if err := c.Delete(ctx, i.ID); err != nil {
		t.Fatal(err)
	}
	if err := p.clean(); err != nil {
		t.Error(err)
	}
}

// Over https, as to a pool elsewhere.
func TestHTTPS(t *testing.T) {
	ctx := t.Context()
	p := newPool(t, func(o *xapitest.Options) { o.Memory, o.Dir = false, t.TempDir() })
	front, err := p.StartFront()
	if err != nil {
		t.Fatal(err)
	}
	defer front.Close()
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: front.Certificate.Raw})
	c, err := New(Options{URL: front.URL, User: "root", Password: "xapitest", CA: ca})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	i, err := make1(ctx, p, c)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.whole(i.ID); err != nil {
		t.Error(err)
	}
	p.EndSessions() // as after a day
	if err := c.Delete(ctx, i.ID); err != nil {
		t.Error(err)
	}
	if err := p.clean(); err != nil {
		t.Error(err)
	}
	for name, o := range map[string]Options{
		"no CA":           {URL: front.URL, User: "root", Password: "xapitest"},
		"a fingerprint":   {URL: front.URL, User: "root", Password: "xapitest", Fingerprints: []string{strings.Repeat("ab", 32)}},
		"the password":    {URL: front.URL, User: "root", Password: "secret", CA: ca},
		"the user's role": {URL: front.URL, User: "nobody", Password: "xapitest", CA: ca},
	} {
		c, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.List(ctx, "me")
		var e *cloud.Error
		if !errors.As(err, &e) || e.Kind != cloud.Auth || e.Hint == "" || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s is wrong: %v", name, err)
		}
		_ = c.Close()
	}
}

func TestOptions(t *testing.T) {
	for name, o := range map[string]Options{
		"two places": {Socket: "/x", URL: "https://x"}, "http": {URL: "http://192.0.2.1"}, "CA without url": {CA: []byte("x")}, "no CA": {URL: "https://x", CA: []byte("x")},
		"both": {URL: "https://x", CA: []byte("x"), Fingerprints: []string{"x"}}, "fingerprint": {URL: "https://x", Fingerprints: []string{"x"}},
		"user data": {UserData: "floppy"}, "park": {Park: "hibernate"},
	} {
		if _, err := New(o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// Every code has its kind, and unknown ones are tried again.
func TestAnswers(t *testing.T) {
	c := &Cloud{}
	for code, want := range map[string]cloud.Kind{
		"HOST_NOT_ENOUGH_FREE_MEMORY": cloud.Capacity, "NO_HOSTS_AVAILABLE": cloud.Capacity, "SR_FULL": cloud.Capacity, "HANDLE_INVALID": cloud.NotFound,
		"LICENCE_RESTRICTION": cloud.Auth, "RBAC_PERMISSION_DENIED": cloud.Auth, "VM_BAD_POWER_STATE": cloud.Transient, "VM_IS_TEMPLATE": cloud.Invalid, "SOMETHING_NEW": cloud.Transient,
	} {
		err := c.refused("delete", "x", fmt.Errorf("call: %w", &toolstack.Error{Code: code}))
		if got := cloud.KindOf(err); got != want {
			t.Errorf("%s is %s, not %s", code, got, want)
		}
	}
	full := &toolstack.Error{Code: "SR_BACKEND_FAILURE_1", Params: []string{"", "No space left on device"}}
	if err := c.refused("create", "x", full); cloud.KindOf(err) != cloud.Capacity {
		t.Errorf("a full storage: %v", err)
	}
	for code, a := range answers {
		if a.kind == cloud.Quota || a.hint == "" && a.kind == cloud.Auth && code != "USER_IS_NOT_LOCAL_SUPERUSER" {
			t.Errorf("%s: %+v", code, a)
		}
	}
	if err := c.refused("list", "", context.DeadlineExceeded); cloud.KindOf(err) != cloud.Transient {
		t.Error(err)
	}
	if e := new(cloud.Error); !errors.As(c.refused("list", "", &toolstack.Error{Code: "HOST_STILL_BOOTING"}), &e) || e.RetryAfter != 10*time.Second {
		t.Errorf("a toolstack that starts: %+v", e)
	}
}

func TestAddresses(t *testing.T) {
	got := addresses(map[string]string{"0/ip": "10.0.0.7", "0/ipv4/0": "10.0.0.7", "0/ipv6/0": "fe80::1", "1/ip": " 192.168.4.2", "1/ipv6/0": "2001:db8::1", "2/ip": "", "x": "1.2.3.4", "3/ip": "no"})
	want := []netip.Addr{netip.MustParseAddr("10.0.0.7"), netip.MustParseAddr("192.168.4.2"), netip.MustParseAddr("2001:db8::1")}
	if !slices.Equal(got, want) {
		t.Errorf("%v, not %v", got, want)
	}
}
