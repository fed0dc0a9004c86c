//go:build integration

package libvirt

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
	"testing"

	wire "github.com/digitalocean/go-libvirt"

	"perfmon/scaling/rubber/cloud"
	"perfmon/scaling/rubber/cloud/cloudtest"
)

func (w *world) connect(change ...func(*Options)) (*Cloud, error) {
	o := Options{URI: "test:///default", Pool: "default-pool", Dial: w.dial}
	for _, f := range change {
		f(&o)
	}
	return New(o)
}

func (w *world) cloud(t *testing.T, change ...func(*Options)) *Cloud {
	t.Helper()
	c, err := w.connect(change...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// The test driver takes no content of volumes, so there is no user data.
func spec(intent, owner, name string) cloud.Spec {
	return cloud.Spec{Intent: intent, Owner: owner, Name: name, Profile: "batch", Generation: "g1", Image: "debian", Networks: []string{"default"}, Memory: 1 << 30, CPUs: 1}
}

// procDefine is DomainDefineXML in libvirt's protocol.
const procDefine = 11

func TestConformance(t *testing.T) {
	d := startDaemon(t)
	for _, park := range []string{ParkHalt, ParkSuspend} {
		t.Run(park, func(t *testing.T) {
			cloudtest.Run(t, cloudtest.Suite{Start: func(t *testing.T) cloudtest.Setup {
				w := d.world(t)
				return cloudtest.Setup{
					Connect:   func() (cloud.Cloud, error) { return w.connect(func(o *Options) { o.Park = park }) },
					Spec:      spec,
					Untouched: w.untouched,
					Break:     w.away,
					LoseAnswer: func() {
						w.tapped(func(proc uint32) fate {
							if proc != procDefine {
								return fine
							}
							w.tapped(nil)
							return lostReply
						})
					},
					Refusals: []cloudtest.Refusal{
						{Name: "no such volume", Kind: cloud.Invalid, Change: func(s *cloud.Spec) { s.Image = "no-such" }, Checked: true},
						{Name: "no such pool", Kind: cloud.Invalid, Change: func(s *cloud.Spec) { s.Image = "no-such/debian" }, Checked: true},
						{Name: "no such path", Kind: cloud.Invalid, Change: func(s *cloud.Spec) { s.Image = "/no/such" }, Checked: true},
						{Name: "no such network", Kind: cloud.Invalid, Change: func(s *cloud.Spec) { s.Networks = []string{"no-such"} }, Checked: true},
						{Name: "too much memory", Kind: cloud.Capacity, Change: func(s *cloud.Spec) { s.Memory = 1 << 40 }},
						{Name: "too many CPUs", Kind: cloud.Capacity, Change: func(s *cloud.Spec) { s.CPUs = 640 }},
						{Name: "storage to be avoided", Kind: cloud.Capacity, Change: func(s *cloud.Spec) { s.AvoidStorage = []string{"default-pool"} }},
						{Name: "the host is to be avoided", Kind: cloud.Capacity, Change: func(s *cloud.Spec) { s.Avoid = w.hostNames(t) }},
						{Name: "user data, which this driver does not take", Kind: cloud.Invalid, Change: func(s *cloud.Spec) { s.UserData = []byte("#cloud-config\n") }},
					},
				}
			}})
		})
	}
}

func (w *world) hostNames(t *testing.T) []string {
	name, err := w.guard.ConnectGetHostname()
	if err != nil {
		t.Fatal(err)
	}
	return []string{name}
}

// What a driver's death leaves at each of its calls can be found, finished and
// deleted.
func TestCrashes(t *testing.T) {
	d := startDaemon(t)
	for _, how := range []fate{cut, lostReply} {
		for _, finish := range []bool{true, false} {
			calls := 0
			for n := 0; ; n++ {
				died := false
				t.Run(fmt.Sprintf("%s at call %d", how, n), func(t *testing.T) {
					var err error
					if died, err = d.world(t).crash(t, how, n, finish); err != nil {
						t.Error(err)
					}
				})
				if calls = n; !died {
					break
				}
			}
			t.Logf("%s at each of %d calls", how, calls)
		}
	}
}

// crash has a driver die at its n-th call of a create, and another one go on;
// then one die in a delete.
func (w *world) crash(t *testing.T, how fate, n int, finish bool) (died bool, err error) {
	ctx := context.Background()
	s := spec("one", "me", "worker-one")
	dying := func(act func(*Cloud) error) {
		c, cerr := w.connect()
		if cerr != nil {
			t.Fatal(cerr)
		}
		defer c.Close()
		if cerr := c.Check(ctx, s); cerr != nil { // connects
			t.Fatal(cerr)
		}
		at := 0
		w.tapped(func(uint32) fate {
			at++
			switch {
			case at-1 < n:
				return fine
			case at-1 == n:
				died = true
				return how
			}
			return cut
		})
		_ = act(c)
		w.tapped(nil)
	}
	var e error
	dying(func(c *Cloud) error { _, err := c.Create(ctx, s); return err })
	c := w.cloud(t)
	defer c.Close()
	list, e := c.List(ctx, "me")
	if e != nil {
		return died, e
	}
	domains, volumes, e := w.left()
	if e != nil || len(domains) != len(list) || len(list) == 0 && len(volumes) > 0 {
		return died, fmt.Errorf("listed %+v; domains %v, volumes %v: %w", list, domains, volumes, e)
	}
	id := text(uuidOf("me", "one"))
	if finish {
		i, e := c.Create(ctx, s)
		if e != nil || i.ID != id || i.State != cloud.Running {
			return died, fmt.Errorf("create again: %+v, %w", i, e)
		}
		if domains, volumes, e = w.left(); e != nil || len(domains) != 1 || len(volumes) != 1 {
			return died, fmt.Errorf("domains %v, volumes %v: %w", domains, volumes, e)
		}
	}
	was := died
	dying(func(c *Cloud) error { return c.Delete(ctx, id) })
	if e := c.Delete(ctx, id); e != nil {
		return died || was, e
	}
	if domains, volumes, e = w.left(); e != nil || len(domains)+len(volumes) > 0 {
		return died || was, fmt.Errorf("left: domains %v, volumes %v: %w", domains, volumes, e)
	}
	return died || was, w.untouched()
}

// Domains that somebody has made of ours are theirs.
func TestOthers(t *testing.T) {
	ctx := t.Context()
	w := startDaemon(t).world(t)
	c := w.cloud(t)
	i, err := c.Create(ctx, spec("one", "me", "worker-one"))
	if err != nil {
		t.Fatal(err)
	}
	if len(i.Storage) != 1 || len(i.Addresses) != 1 || i.Host == "" || i.State != cloud.Running {
		t.Errorf("the machine is %+v", i)
	}
	uuid, _ := parseUUID(i.ID)
	d, err := w.guard.DomainLookupByUUID(uuid)
	if err != nil {
		t.Fatal(err)
	}
	xml, err := w.guard.DomainGetXMLDesc(d, wire.DomainXMLInactive)
	if err != nil {
		t.Fatal(err)
	}
	copied := strings.Replace(strings.Replace(xml, "<uuid>"+i.ID, "<uuid>00000000-0000-4000-8000-000000000001", 1), d.Name+"<", "copy<", 1)
	if _, err := w.guard.DomainDefineXML(copied); err != nil {
		t.Fatal(err)
	}
	list, err := c.List(ctx, "me")
	if err != nil || len(list) != 1 {
		t.Errorf("list: %+v, %v", list, err)
	}
	own, err := w.guard.DomainLookupByName("test")
	if err != nil {
		t.Fatal(err)
	}
	for _, other := range []string{"00000000-0000-4000-8000-000000000001", text(own.UUID)} {
		for what, err := range map[string]error{"delete": c.Delete(ctx, other), "stop": c.Stop(ctx, other), "park": c.Park(ctx, other)} {
			if err == nil || cloud.KindOf(err) != cloud.Invalid {
				t.Errorf("%s of somebody's domain: %v", what, err)
			}
		}
	}
	another := w.cloud(t, func(o *Options) { o.Owner = "they" })
	if err := another.Delete(ctx, i.ID); err == nil || cloud.KindOf(err) != cloud.Invalid {
		t.Errorf("delete of another rubber's machine: %v", err)
	}
	if err := c.Delete(ctx, i.ID); err != nil {
		t.Error(err)
	}
	if domains, _, err := w.left(); err != nil || len(domains) != 1 {
		t.Errorf("left: %v, %v", domains, err)
	}
	if err := w.untouched(); err != nil {
		t.Error(err)
	}
}

// TestBrokenBefore: a call that the library did not send, as its connection was
// found broken, or that it could not write, is made again on a new one, and one
// that fails again fails. One that may have arrived is not made again.
func TestBrokenBefore(t *testing.T) {
	w := startDaemon(t).world(t)
	c := w.cloud(t)
	var on []*wire.Libvirt
	call := func(why error, fails int) error {
		on = nil
		return c.link.do(t.Context(), func(l *wire.Libvirt) error {
			if on = append(on, l); len(on) <= fails {
				return fmt.Errorf("list: %w", why)
			}
			return nil
		})
	}
	for _, why := range []error{syscall.EINVAL, &net.OpError{Op: "write", Err: net.ErrClosed}} {
		if err := call(why, 1); err != nil || len(on) != 2 || on[0] == on[1] || !on[1].IsConnected() {
			t.Errorf("%v: %v, on %d connections", why, err, len(on))
		}
		if err := call(why, 9); !errors.Is(err, why) || len(on) != 2 {
			t.Errorf("%v: %v, on %d connections", why, err, len(on))
		}
	}
	for _, why := range []error{wire.ErrInterrupted, &net.OpError{Op: "read", Err: syscall.ECONNRESET}} {
		if err := call(why, 1); !errors.Is(err, why) || len(on) != 1 {
			t.Errorf("%v: %v, on %d connections", why, err, len(on))
		}
	}
	for i := range 200 { // whichever part of the library sees it first
		w.mu.Lock()
		for conn := range w.conns {
			conn.Close()
			delete(w.conns, conn)
		}
		w.mu.Unlock()
		if _, err := c.List(t.Context(), "me"); err != nil {
			t.Fatalf("break %d: %v", i, err)
		}
	}
}

// TestLimits prints what the test driver does not show of a real one.
func TestLimits(t *testing.T) {
	w := startDaemon(t).world(t)
	pool, err := w.guard.StoragePoolLookupByName("default-pool")
	if err != nil {
		t.Fatal(err)
	}
	v, err := w.guard.StorageVolLookupByName(pool, "debian")
	if err != nil {
		t.Fatal(err)
	}
	t.Log("content of volumes, and so seed disks:", w.guard.StorageVolUpload(v, strings.NewReader("x"), 0, 1, 0))
	caps, err := w.guard.ConnectGetCapabilities()
	t.Log("the host has a uuid:", strings.Contains(strings.Split(caps, "<cpu>")[0], "<uuid>"), err)
	c := w.cloud(t)
	s := spec("one", "me", "worker-one")
	s.Memory = 3 << 40
	var e *cloud.Error
	if _, err := c.Create(t.Context(), s); !errors.As(err, &e) || e.Kind != cloud.Capacity {
		t.Error(err)
	}
	s.Memory = 1 << 30
	n := 0
	for ; n < 12; n++ { // 12 GiB on a host that says it has 3
		s.Intent = fmt.Sprint("many-", n)
		if _, err := c.Create(t.Context(), s); err != nil {
			t.Log("memory of running machines is counted:", err)
			break
		}
	}
	t.Logf("machines of 1 GiB that run at once on a host of 3 GiB: %d", n)
	c.countMemory = true
	s.Intent = "one-more"
	if _, err := c.Create(t.Context(), s); !errors.As(err, &e) || e.Kind != cloud.Capacity || !strings.Contains(err.Error(), "the host has 0 MiB of memory that no running domain has, and 1024 are asked for") {
		t.Error(err)
	}
	t.Log("a machine that is shut down is off at once, as no guest takes its time; a start and a save take none either")
}
