//go:build integration

package libvirt

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	wire "github.com/digitalocean/go-libvirt"
)

// daemon is a libvirtd of our own. A world of its test driver lasts as long as
// one connection to it does.
type daemon struct{ socket string }

// startDaemon starts one that has libvirt's test driver, and of the others
// those that are named.
func startDaemon(t *testing.T, drivers ...string) *daemon {
	t.Helper()
	if len(drivers) > 0 {
		onlyOne(t)
	}
	program, err := exec.LookPath("libvirtd")
	if err != nil {
		program = "/usr/sbin/libvirtd"
	}
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	config := fmt.Sprintf("unix_sock_dir = %q\nauth_unix_rw = \"none\"\nauth_unix_ro = \"none\"\nlisten_tls = 0\nlisten_tcp = 0\nlog_outputs = \"3:file:%s\"\n", dir, path("log"))
	if err := os.WriteFile(path("libvirtd.conf"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(path("drivers"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range drivers {
		file := "libvirt_driver_" + name + ".so"
		found, err := filepath.Glob("/usr/lib/*/libvirt/connection-driver/" + file)
		if err != nil || len(found) == 0 {
			t.Fatalf("there is no %s of Debian's libvirt-daemon (%v)", file, err)
		}
		if err := os.Symlink(found[0], path("drivers/"+file)); err != nil {
			t.Fatal(err)
		}
	}
	var output bytes.Buffer
	cmd := exec.Command(program, "-f", path("libvirtd.conf"), "-p", path("pid"))
	cmd.Stdout, cmd.Stderr = &output, &output
	cmd.Env = append(os.Environ(), "LIBVIRT_DRIVER_DIR="+path("drivers"), "XDG_RUNTIME_DIR="+dir, "XDG_CONFIG_HOME="+dir, "XDG_CACHE_HOME="+dir)
	if err := cmd.Start(); err != nil {
		t.Fatalf("start libvirtd, of Debian's libvirt-daemon: %v", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		select {
		case <-ended:
		case <-time.After(10 * time.Second):
			_ = cmd.Process.Kill()
			<-ended
		}
	})
	d := &daemon{socket: path("libvirt-sock")}
	for deadline := time.Now().Add(time.Minute); ; {
		conn, err := net.Dial("unix", d.socket)
		if err == nil {
			conn.Close()
			return d
		}
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("libvirtd has ended: %v\n%s", err, output.String())
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			t.Fatalf("libvirtd does not listen: %v\n%s", err, output.String())
		}
	}
}

// onlyOne waits until no other test of this machine has a libvirtd with real
// drivers: the second of two of root's ends, as they keep their state in one
// place.
func onlyOne(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(3 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		l, err := net.Listen("unix", "@perfmon-test-libvirtd") // it ends with its process
		if err == nil {
			t.Cleanup(func() { l.Close() })
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("another test has a libvirtd: %v", err)
		}
	}
}

// world is one of the test driver's, with a base volume.
type world struct {
	*daemon
	guard *wire.Libvirt // keeps it, and looks at it
	was   string        // the XML of the driver's own domain

	mu    sync.Mutex
	down  bool              // nothing is connected to
	conns map[*wiretap]bool // that drivers have
	tap   func(proc uint32) fate
}

func (d *daemon) world(t *testing.T) *world {
	t.Helper()
	w := &world{daemon: d, conns: map[*wiretap]bool{}}
	var conn net.Conn
	for deadline := time.Now().Add(time.Minute); ; { // until the world before this one has ended
		var err error
		if conn, err = net.Dial("unix", d.socket); err != nil {
			t.Fatal(err)
		}
		w.guard = wire.NewWithDialer(dialled{conn})
		if err := w.guard.ConnectToURI(wire.TestDefault); err != nil {
			t.Fatal(err)
		}
		pool, err := w.guard.StoragePoolLookupByName("default-pool")
		if err != nil {
			t.Fatal(err)
		}
		xml := "<volume><name>debian</name><capacity>1073741824</capacity><target><format type='qcow2'/></target></volume>"
		if _, err = w.guard.StorageVolCreateXML(pool, xml, 0); err == nil {
			break
		}
		conn.Close()
		<-w.guard.Disconnected()
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		conn.Close()
		<-w.guard.Disconnected()
	})
	var err error
	if w.was, err = w.ownDomain(); err != nil {
		t.Fatal(err)
	}
	return w
}

// ownDomain is the XML of the domain that each world of the driver has.
func (w *world) ownDomain() (string, error) {
	d, err := w.guard.DomainLookupByName("test")
	if err != nil {
		return "", err
	}
	return w.guard.DomainGetXMLDesc(d, 0)
}

func (w *world) untouched() error {
	is, err := w.ownDomain()
	if err == nil && is != w.was {
		err = fmt.Errorf("the domain that is nobody's was\n%s\nand is\n%s", w.was, is)
	}
	return err
}

// left are the domains and volumes beside those of every world.
func (w *world) left() (domains []string, volumes []string, err error) {
	list, _, err := w.guard.ConnectListAllDomains(1, 0)
	if err != nil {
		return nil, nil, err
	}
	for _, d := range list {
		if d.Name != "test" {
			domains = append(domains, d.Name)
		}
	}
	pool, err := w.guard.StoragePoolLookupByName("default-pool")
	if err != nil {
		return nil, nil, err
	}
	vols, _, err := w.guard.StoragePoolListAllVolumes(pool, 1, 0)
	for _, v := range vols {
		if v.Name != "debian" {
			volumes = append(volumes, v.Name)
		}
	}
	return domains, volumes, err
}

// fate is what becomes of a call.
type fate int

const (
	fine      fate = iota
	cut            // it never arrives
	lostReply      // it is carried out, and nobody hears of it
)

func (f fate) String() string { return [...]string{"fine", "cut", "lost reply"}[f] }

// wiretap is a driver's connection. It sees the calls, which libvirt's protocol
// frames: length, program, version, procedure, four bytes each.
type wiretap struct {
	net.Conn
	world *world
	deaf  atomic.Bool
}

func (w *world) dial(ctx context.Context) (net.Conn, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.down {
		return nil, fmt.Errorf("dial: connection refused")
	}
	conn, err := net.Dial("unix", w.socket)
	if err != nil {
		return nil, err
	}
	c := &wiretap{Conn: conn, world: w}
	w.conns[c] = true
	return c, nil
}

func (c *wiretap) Write(p []byte) (int, error) {
	w := c.world
	w.mu.Lock()
	tap := w.tap
	w.mu.Unlock()
	if tap != nil && len(p) >= 16 {
		proc := uint32(p[12])<<24 | uint32(p[13])<<16 | uint32(p[14])<<8 | uint32(p[15])
		switch tap(proc) {
		case cut:
			c.Conn.Close()
			return 0, io.ErrClosedPipe
		case lostReply:
			c.deaf.Store(true)
		}
	}
	return c.Conn.Write(p)
}

func (c *wiretap) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if c.deaf.Load() {
		c.Conn.Close()
		return 0, io.EOF
	}
	return n, err
}

// tapped has each call of a driver go through f.
func (w *world) tapped(f func(proc uint32) fate) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tap = f
}

// away cuts all connections of drivers, and refuses new ones.
func (w *world) away() (mend func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.down = true
	for c := range w.conns {
		c.Close()
	}
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.down = false
	}
}
