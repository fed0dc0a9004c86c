package xapi_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"perfmon/xapi"
	"perfmon/xapi/xapitest"
)

// toolstack is a simulated one with a disk on an SR.
func toolstack(t *testing.T, o xapitest.Options) (s *xapitest.Server, vdi string) {
	t.Helper()
	o.Dir = t.TempDir()
	s = xapitest.New(o)
	s.PutSR(xapitest.SR{UUID: "sr", Name: "local", ContentType: "user"})
	s.PutPBD(xapitest.PBD{UUID: "pbd", Host: s.HostUUID(), SR: "sr", Attached: true})
	s.PutVDI(xapitest.VDI{UUID: "vdi", SR: "sr", Size: 1 << 20})
	s.PutVM(xapitest.VM{UUID: "vm", Name: "vm", PowerState: "Halted", MemoryBytes: 1 << 30, Life: xapitest.Life{Devices: true}})
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, xapitest.Ref("vdi", "vdi")
}

func client(t *testing.T, o xapi.Options) *xapi.Client {
	c := xapi.New(o)
	t.Cleanup(func() { _ = c.Close(context.Background()) })
	return c
}

func server(t *testing.T, address string) *url.URL {
	t.Helper()
	u, err := xapi.ParseServer(address)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestTLS(t *testing.T) {
	s, vdi := toolstack(t, xapitest.Options{})
	front, err := s.StartFront()
	if err != nil {
		t.Fatal(err)
	}
	defer front.Close()
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: front.Certificate.Raw})
	sum := sha256.Sum256(front.Certificate.Raw)
	fingerprint := hex.EncodeToString(sum[:])

	trusted, err := xapi.TrustCA(ca)
	if err != nil {
		t.Fatal(err)
	}
	pinned, err := xapi.TrustFingerprints(strings.Repeat("00", 32), strings.ToUpper(fingerprint[:2])+":"+fingerprint[2:])
	if err != nil {
		t.Fatal(err)
	}
	o := xapi.Options{Server: server(t, front.URL), Username: "root", Password: "xapitest"}
	for name, config := range map[string]*xapi.Options{"ca": {TLS: trusted}, "fingerprint": {TLS: pinned}} {
		o.TLS = config.TLS
		c := client(t, o)
		var ref string
		if err := c.Call(t.Context(), "VM.get_by_uuid", &ref, "vm"); err != nil || ref != xapitest.Ref("vm", "vm") {
			t.Errorf("%s: %q, %v", name, ref, err)
		}
		if err := c.PutDisk(t.Context(), vdi, []byte(name)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got := string(s.VDIs()[0].Content); got != name {
			t.Errorf("%s: the disk has %q", name, got)
		}
	}

	// Nobody is trusted for nothing.
	o.TLS = nil
	if err := client(t, o).Login(t.Context()); err == nil {
		t.Error("a certificate that nobody has signed was trusted")
	}
	if o.TLS, err = xapi.TrustFingerprints(strings.Repeat("00", 32)); err != nil {
		t.Fatal(err)
	}
	var untrusted *xapi.UntrustedError
	if err := client(t, o).Login(t.Context()); !errors.As(err, &untrusted) || untrusted.Fingerprint != fingerprint {
		t.Errorf("a certificate with another fingerprint: %v", err)
	}
	o.TLS, o.Password = trusted, "wrong"
	if err := client(t, o).Login(t.Context()); !xapi.IsCode(err, "SESSION_AUTHENTICATION_FAILED") || strings.Contains(err.Error(), "wrong") {
		t.Errorf("a wrong password: %v", err)
	}
}

func TestTrust(t *testing.T) {
	for _, bad := range [][]string{nil, {""}, {"abc"}, {strings.Repeat("0", 63) + "x"}} {
		if _, err := xapi.TrustFingerprints(bad...); err == nil {
			t.Errorf("fingerprints %q: no error", bad)
		}
	}
	if _, err := xapi.TrustCA([]byte("no PEM")); err == nil {
		t.Error("no certificate: no error")
	}
}

func TestParseServer(t *testing.T) {
	for text, want := range map[string]string{
		"https://coordinator.example": "https://coordinator.example", "https://192.0.2.1:8443/": "https://192.0.2.1:8443",
		"http://127.0.0.1:80": "http://127.0.0.1:80", "http://[::1]:80": "http://[::1]:80", "http://localhost": "http://localhost",
		"http://192.0.2.1": "", "coordinator.example": "", "": "", "ftp://x": "", "https://": "", "https://root:secret@x": "", "https://x/path": "", "https://x?y": "", "https://%zz": "",
	} {
		u, err := xapi.ParseServer(text)
		if (want == "") != (err != nil) || err == nil && u.String() != want {
			t.Errorf("%q: %v, %v; want %q", text, u, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: the error has the password: %v", text, err)
		}
	}
}

// A member sends a login on to its coordinator, which has the same port.
func TestFollow(t *testing.T) {
	coordinator, vdi := toolstack(t, xapitest.Options{TCP: "127.0.0.2:0"})
	_, port, err := net.SplitHostPort(coordinator.Addr(xapitest.TCP))
	if err != nil {
		t.Fatal(err)
	}
	member, _ := toolstack(t, xapitest.Options{TCP: "127.0.0.1:" + port, Member: true, Coordinator: "127.0.0.2"})
	c := client(t, xapi.Options{Server: server(t, "http://"+member.Addr(xapitest.TCP)), Username: "root", Password: "xapitest"})
	for range 2 {
		if err := c.PutDisk(t.Context(), vdi, []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	if n := member.Counters()["session.login_with_password"].Calls; n != 1 {
		t.Errorf("the member was asked %d times, not once", n)
	}
	// Two that point at each other are no endless loop, and neither is one that
	// points nowhere.
	for _, address := range []string{"", "127.0.0.1", "evil/../x", "192.0.2.1"} {
		member, _ := toolstack(t, xapitest.Options{Member: true, Coordinator: address})
		c := client(t, xapi.Options{Server: server(t, "http://"+member.Addr(xapitest.TCP)), Username: "root", Password: "xapitest"})
		if err := c.Login(t.Context()); !xapi.IsCode(err, "HOST_IS_SLAVE") {
			t.Errorf("a member whose coordinator is %q: %v", address, err)
		}
	}
}

func TestTasks(t *testing.T) {
	s, vdi := toolstack(t, xapitest.Options{})
	c := client(t, xapi.Options{XAPISocket: s.Addr(xapitest.XAPI)})
	ctx := t.Context()
	vm, host := xapitest.Ref("vm", "vm"), xapitest.Ref("host", s.HostUUID())
	begin := func(method string, params ...any) string {
		t.Helper()
		var task string
		if err := c.Call(ctx, "Async."+method, &task, params...); err != nil {
			t.Fatal(err)
		}
		return task
	}

	release := s.Hold("VM.start_on")
	task := begin("VM.start_on", vm, host, false, false)
	if got, err := c.Task(ctx, task); err != nil || got.Over() || got.Err() != nil {
		t.Errorf("a task that goes on: %+v, %v", got, err)
	}
	short, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
	if _, err := c.Await(short, task); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("waiting has its end: %v", err)
	}
	cancel()
	ended := make(chan xapi.Task, 1)
	go func() {
		got, err := c.Await(ctx, task)
		if err != nil {
			t.Error(err)
		}
		ended <- got
	}()
	release()
	if got := <-ended; got.Status != "success" || got.Err() != nil {
		t.Errorf("a task that went well: %+v", got)
	}
	got, err := c.Await(ctx, begin("VM.start_on", vm, host, false, false))
	if err != nil || !xapi.IsCode(got.Err(), "VM_BAD_POWER_STATE") {
		t.Errorf("a task that failed: %+v, %v", got, err)
	}
	if got, err = c.Await(ctx, begin("VM.hard_shutdown", vm)); err != nil || got.Err() != nil {
		t.Error(got, err)
	}
	got, err = c.Await(ctx, begin("VM.clone", vm, "second"))
	var second string
	if cerr := c.Call(ctx, "VM.get_name_label", &second, got.Value()); err != nil || cerr != nil || second != "second" {
		t.Errorf("the result of a task: %+v, %v, %v", got, err, cerr)
	}
	if _, err := c.Await(ctx, "OpaqueRef:none"); !errors.Is(err, xapi.ErrGone) {
		t.Errorf("a task that is not there: %v", err)
	}

	// What goes wrong with a disk is said after the answer.
	if err := c.PutDisk(ctx, vdi, bytes.Repeat([]byte("x"), 2<<20)); !xapi.IsCode(err, "VDI_IO_ERROR") {
		t.Errorf("a disk that is too small: %v", err)
	}
	if err := c.PutDisk(ctx, "OpaqueRef:none", nil); err == nil {
		t.Error("a disk that is not there: no error")
	}
	s.PutPBD(xapitest.PBD{UUID: "pbd", Host: s.HostUUID(), SR: "sr"})
	s.PutHost(xapitest.Host{UUID: "other", Name: "other", Address: "192.0.2.9", Enabled: true})
	s.PutPBD(xapitest.PBD{UUID: "pbd 2", Host: "other", SR: "sr", Attached: true})
	if err := c.PutDisk(ctx, vdi, []byte("x")); !errors.Is(err, xapi.ErrElsewhere) || !strings.Contains(err.Error(), "192.0.2.9") {
		t.Errorf("a disk that another host reaches: %v", err)
	}
	for _, task := range s.Tasks() {
		if task.Name == "write a disk" {
			t.Errorf("a task of writing is left: %+v", task)
		}
	}
}

func TestWatch(t *testing.T) {
	s, _ := toolstack(t, xapitest.Options{})
	c := client(t, xapi.Options{XAPISocket: s.Addr(xapitest.XAPI)})
	seen := make(chan string, 8)
	done := make(chan error, 1)
	go func() {
		done <- c.Watch(t.Context(), "vm", xapitest.Ref("vm", "vm"), func(record json.RawMessage) (bool, error) {
			var v struct {
				Name string `json:"name_label"`
			}
			err := json.Unmarshal(record, &v)
			seen <- v.Name
			return false, err
		})
	}()
	if name := <-seen; name != "vm" {
		t.Errorf("first it is %q", name)
	}
	v, _ := s.VM("vm")
	for _, name := range []string{"second", "third"} {
		v.Name = name
		s.PutVM(v)
		if got := <-seen; got != name {
			t.Errorf("it is %q, not %q", got, name)
		}
		s.LoseEvents()
		if got := <-seen; got != name { // said again: everything is read anew
			t.Errorf("it is %q, not %q", got, name)
		}
	}
	s.EndSessions() // which nobody notices
	s.Delete("vm", "vm")
	if err := <-done; !errors.Is(err, xapi.ErrGone) {
		t.Errorf("when it was deleted: %v", err)
	}
}
