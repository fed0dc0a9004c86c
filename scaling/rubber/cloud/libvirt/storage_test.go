//go:build integration

package libvirt

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"

	wire "github.com/digitalocean/go-libvirt"
)

// Volumes of libvirt's real storage driver, which the test driver only
// pretends to have: a base volume is copied, and user data written.
func TestRealVolumes(t *testing.T) {
	ctx := t.Context()
	d := startDaemon(t, "storage")
	dir := t.TempDir()
	c, err := New(Options{URI: "storage:///system", Pool: "rubber-test", Clone: CloneCopy, Dial: func(context.Context) (net.Conn, error) { return net.Dial("unix", d.socket) }})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	content := []byte("the base volume")
	err = c.link.do(ctx, func(l *wire.Libvirt) error {
		pool, err := l.StoragePoolCreateXML(fmt.Sprintf("<pool type='dir'><name>rubber-test</name><target><path>%s</path></target></pool>", dir), 0)
		if err != nil {
			return err
		}
		v, err := l.StorageVolCreateXML(pool, volumeXML("base", "raw", 1<<20, nil), 0)
		if err != nil {
			return err
		}
		return l.StorageVolUpload(v, bytes.NewReader(content), 0, uint64(len(content)), 0)
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		err := c.link.do(context.Background(), func(l *wire.Libvirt) error {
			pool, err := l.StoragePoolLookupByName("rubber-test")
			if err != nil {
				return err
			}
			return l.StoragePoolDestroy(pool)
		})
		if err != nil {
			t.Error(err)
		}
	}()

	s := spec("one", "me", "worker-one")
	s.Image, s.UserData = "base", []byte("#cloud-config\nhostname: worker-one\n")
	m := &machine{marks: marksOf(s, "rubber-test", c.opts.Now())}
	for range 2 { // the second time it is all there
		b, err := c.baseOf(ctx, filepath.Join(dir, "base"))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.makeRoot(ctx, m, b); err != nil {
			t.Fatal(err)
		}
		if err := c.makeSeed(ctx, m, s); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string][]byte{rootName(m.marks): content, seedName(m.marks): s.UserData} {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || !bytes.Contains(got, want) {
			t.Errorf("volume %s of %d bytes has no %q (%v)", name, len(got), want, err)
		}
	}
	if err := c.removeVolumes(ctx, m); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 || left[0].Name() != "base" {
		t.Errorf("left: %v, %v", left, err)
	}
}
