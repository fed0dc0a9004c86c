package libvirt

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	wire "github.com/digitalocean/go-libvirt"

	"perfmon/scaling/rubber/cloud"
)

func someMarks() marks {
	s := cloud.Spec{Owner: "me", Intent: "one", Profile: `a "profile" <&>`, Generation: "g1", Name: "worker-one"}
	return marksOf(s, "default", time.Date(2026, 8, 21, 12, 0, 0, 0, time.UTC))
}

func TestUUIDs(t *testing.T) {
	a, b, c := uuidOf("me", "one"), uuidOf("me", "two"), uuidOf("meone", "")
	if a == b || a == c || uuidOf("me", "one") != a {
		t.Errorf("%x, %x, %x", a, b, c)
	}
	if u, ok := parseUUID(text(a)); !ok || u != a {
		t.Errorf("%s is read as %x", text(a), u)
	}
	for _, bad := range []string{"", "x", "..", text(a)[1:], text(a) + "0", strings.Replace(text(a), "-", "_", 1), "zz" + text(a)[2:]} {
		if _, ok := parseUUID(bad); ok {
			t.Errorf("%q is read as a uuid", bad)
		}
	}
}

func TestMarks(t *testing.T) {
	m := someMarks()
	out, err := m.xml()
	if err != nil {
		t.Fatal(err)
	}
	got, is := parseMarks(out, m.UUID)
	got.XMLName = xml.Name{}
	if !is || got != m {
		t.Errorf("%+v is read back as %+v", m, got)
	}
	if _, is := parseMarks(out, text(uuidOf("me", "two"))); is {
		t.Error("marks that were copied with a domain are its own")
	}
	i := m.instance()
	if i.ID != m.UUID || i.Intent != "one" || i.Owner != "me" || i.Profile != m.Profile || i.Created.Hour() != 12 {
		t.Errorf("%+v", i)
	}
}

func FuzzMarks(f *testing.F) {
	out, err := someMarks().xml()
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{out, "", "<machine/>", "<machine><uuid>x</uuid><owner>me</owner><intent>y</intent></machine>", "<a><b>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if m, is := parseMarks(s, "x"); is && (m.UUID != "x" || m.Owner == "" || m.Intent == "") {
			t.Errorf("%q are the marks %+v", s, m)
		}
	})
}

func TestDefine(t *testing.T) {
	m := someMarks()
	s := cloud.Spec{Memory: 1 << 31, CPUs: 3, Networks: []string{"workers", "a&b"}, UserData: []byte("x")}
	root := disk{pool: "default", volume: rootName(m), format: "qcow2"}
	out, err := define(templateFor("qemu"), m, s, root, "sata")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"<name>rubber-me-one</name>", "<uuid>" + m.UUID + "</uuid>", "<title>worker-one</title>", `<memory unit="b">2147483648</memory>`, "<vcpu>3</vcpu>",
		`<rubber:machine xmlns:rubber="urn:perfmon:rubber:machine:1"><rubber:uuid>`, "<rubber:profile>a &quot;profile&quot; &lt;&amp;&gt;</rubber:profile>",
		`<driver name="qemu" type="qcow2"/>`, `<source pool="default" volume="rubber-me-one.root"/>`, `<source pool="default" volume="rubber-me-one.seed"/>`,
		`<source network="workers"/><model type="virtio"/>`, `<source network="a&amp;b"/>`,
	} {
		if !strings.Contains(out, want) {
			t.Errorf("there is no %s in\n%s", want, out)
		}
	}
	if strings.Count(out, "<interface") != 2 || strings.Count(out, "<disk") != 2 {
		t.Errorf("two networks and two disks: %s", out)
	}

	// What a template has stays; its first disk is the machine's, and its
	// networks too where the spec has none.
	template := `<domain type="xen"><name>old</name><uuid>old</uuid><memory unit="GiB">1</memory><metadata><x:y xmlns:x="z"/></metadata><devices>` +
		`<disk device="cdrom"/><disk type="file" device="disk"><source file="x"/><target dev="xvda" bus="xen"/></disk><disk type="file" device="disk"><source file="data"/></disk>` +
		`<interface type="bridge"/></devices></domain>`
	if out, err = define(template, m, cloud.Spec{}, disk{pool: "p", volume: "v", format: "raw"}, "sata"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`<memory unit="GiB">1</memory>`, `<x:y xmlns:x="z"/>`, `<interface type="bridge"/>`, `<source file="data"/>`, `dev="xvda"`, `volume="v"`, `<driver type="raw"/>`, m.UUID} {
		if !strings.Contains(out, want) {
			t.Errorf("there is no %s in\n%s", want, out)
		}
	}
	if strings.Contains(out, "old") || strings.Count(out, "<disk") != 3 {
		t.Errorf("%s", out)
	}
	for _, kind := range []string{"qemu", "xen", "test", "bhyve"} {
		if _, err := define(templateFor(kind), m, s, root, "sata"); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

func TestVolumes(t *testing.T) {
	var b base
	text := `<volume type="file"><name>x</name><capacity unit="bytes">2147483648</capacity><target><path>/p/a&amp;b</path><format type="qcow2"/></target></volume>`
	if err := xml.Unmarshal([]byte(text), &b.volume); err != nil {
		t.Fatal(err)
	}
	got := volumeXML("n", "qcow2", b.Capacity, &b)
	want := `<volume><name>n</name><capacity unit='bytes'>2147483648</capacity><target><format type='qcow2'/></target><backingStore><path>/p/a&amp;b</path><format type='qcow2'/></backingStore></volume>`
	if got != want {
		t.Errorf("%s\nnot\n%s", got, want)
	}
	if b.Target.Path != "/p/a&b" {
		t.Errorf("path %q", b.Target.Path)
	}
}

func TestAnswers(t *testing.T) {
	f := func(want cloud.Kind, err error) {
		t.Helper()
		got := refused("start", "x", fmt.Errorf("call: %w", err))
		var e *cloud.Error
		if !errors.As(got, &e) || e.Kind != want {
			t.Errorf("%v is %v, not %s", err, got, want)
		}
	}
	f(cloud.Invalid, wire.Error{Code: uint32(wire.ErrXMLError), Message: "x"})
	f(cloud.NotFound, wire.Error{Code: uint32(wire.ErrNoDomain), Message: "x"})
	f(cloud.Auth, wire.Error{Code: uint32(wire.ErrAuthFailed), Message: "x"})
	f(cloud.Transient, wire.Error{Code: uint32(wire.ErrInternalError), Message: "x"})
	f(cloud.Capacity, wire.Error{Code: uint32(wire.ErrInternalError), Message: "qemu: cannot set up guest memory 'ram'"})
	f(cloud.Capacity, wire.Error{Code: uint32(wire.ErrSystemError), Message: "cannot write: No space left on device"})
	f(cloud.Invalid, wire.Error{Code: uint32(wire.ErrOperationFailed), Message: "operation failed: domain 'a' already exists with uuid b"})
	f(cloud.Transient, context.DeadlineExceeded)
	f(cloud.Transient, errors.New("no space left"))
	if err := refused("start", "x", nil); err != nil {
		t.Error(err)
	}
}

func TestStates(t *testing.T) {
	for _, c := range []struct {
		m    machine
		want cloud.State
	}{
		{machine{state: wire.DomainShutoff}, cloud.Building},
		{machine{state: wire.DomainShutoff, stage: started}, cloud.Halted},
		{machine{state: wire.DomainShutoff, stage: parked}, cloud.Halted},
		{machine{state: wire.DomainShutoff, stage: parked, saved: true}, cloud.Suspended},
		{machine{state: wire.DomainShutoff, stage: started, reason: shutoffCrashed}, cloud.Failed},
		{machine{state: wire.DomainShutoff, stage: started, reason: shutoffFailed}, cloud.Failed},
		{machine{state: wire.DomainRunning}, cloud.Running},
		{machine{state: wire.DomainCrashed}, cloud.Failed},
		{machine{state: wire.DomainPaused, reason: pausedStarting}, cloud.Building},
		{machine{state: wire.DomainPaused}, cloud.Unknown},
		{machine{state: wire.DomainPmsuspended}, cloud.Suspended},
		{machine{state: wire.DomainNostate}, cloud.Unknown},
	} {
		got, fault := c.m.cloudState()
		if got != c.want || (fault != nil) != (got == cloud.Failed) {
			t.Errorf("%+v is %s (%v), not %s", c.m, got, fault, c.want)
		}
	}
}

func TestOptions(t *testing.T) {
	for name, o := range map[string]Options{"clone": {Clone: "x"}, "park": {Park: "x"}, "uri": {URI: "x"}, "no XML": {Template: "<"}, "another XML": {Template: "<network/>"},
		"a huge one": {Template: "<domain>" + strings.Repeat(" ", maxTemplate) + "</domain>"}} {
		if _, err := New(o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// A libvirtd that does not answer is not waited for longer than the caller
// wants to, and not for ever.
func TestSilence(t *testing.T) {
	var theirs []net.Conn
	defer func() {
		for _, c := range theirs {
			c.Close()
		}
	}()
	dial := func(context.Context) (net.Conn, error) {
		a, b := net.Pipe()
		theirs = append(theirs, b)
		go func() { // it reads, and says nothing
			buf := make([]byte, 1024)
			for {
				if _, err := b.Read(buf); err != nil {
					return
				}
			}
		}()
		return a, nil
	}
	quick, err := New(Options{Dial: dial, CallTimeout: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer quick.Close()
	c, err := New(Options{Dial: dial})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := quick.List(t.Context(), "me"); err == nil || cloud.KindOf(err) != cloud.Transient {
		t.Errorf("list: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(time.Millisecond, cancel)
	if _, err := c.List(ctx, "me"); !errors.Is(err, context.Canceled) {
		t.Errorf("list whose context ends: %v", err)
	}
}
