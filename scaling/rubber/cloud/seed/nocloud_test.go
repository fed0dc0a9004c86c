package seed

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/kdomanski/iso9660"
)

func readDisk(t *testing.T, image []byte) (files map[string]string, label string) {
	t.Helper()
	img, err := iso9660.OpenImage(bytes.NewReader(image))
	if err != nil {
		t.Fatal(err)
	}
	if label, err = img.Label(); err != nil {
		t.Fatal(err)
	}
	root, err := img.RootDir()
	if err != nil {
		t.Fatal(err)
	}
	children, err := root.GetChildren()
	if err != nil {
		t.Fatal(err)
	}
	files = map[string]string{}
	for _, c := range children {
		content, err := io.ReadAll(c.Reader())
		if err != nil {
			t.Fatal(err)
		}
		files[c.Name()] = string(content)
	}
	return files, label
}

func TestDisk(t *testing.T) {
	long := "#cloud-config\n# " + strings.Repeat("x", 5*sector) + "\n"
	f := func(d Disk, want map[string]string) {
		t.Helper()
		t.Setenv("TMPDIR", t.TempDir())
		image, err := d.Image()
		if err != nil {
			t.Fatal(err)
		}
		files, label := readDisk(t, image)
		if diff := cmp.Diff(want, files); diff != "" || label != "CIDATA" || len(image)%sector != 0 {
			t.Errorf("label %q, %d bytes, %s", label, len(image), diff)
		}
		again, err := d.Image()
		if err != nil || !bytes.Equal(again, image) {
			t.Errorf("the same disk has other bytes: %v", err)
		}
		if bytes.Contains(image, []byte(time.Now().UTC().Format("20060102"))) {
			t.Error("the time is in it")
		}
	}
	meta := "instance-id: \"i-1\"\nlocal-hostname: \"w-1\"\n"
	f(Disk{InstanceID: "i-1", Hostname: "w-1", UserData: []byte(long)}, map[string]string{"meta-data": meta, "user-data": long})
	f(Disk{InstanceID: "i-1", Hostname: "w-1", NetworkConfig: []byte("version: 2\n")}, map[string]string{"meta-data": meta, "user-data": "", "network-config": "version: 2\n"})
	f(Disk{InstanceID: "1", Hostname: "no", UserData: bytes.Repeat([]byte("x"), sector)},
		map[string]string{"meta-data": "instance-id: \"1\"\nlocal-hostname: \"no\"\n", "user-data": strings.Repeat("x", sector)})
}

func TestDisksThatAreWrong(t *testing.T) {
	f := func(want string, d Disk) {
		t.Helper()
		if image, err := d.Image(); image != nil || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%d bytes, %v; want %q", len(image), err, want)
		}
	}
	f("instance-id", Disk{Hostname: "w"})
	f("hostname", Disk{InstanceID: "i"})
	f("may have 1048576", Disk{InstanceID: "i", Hostname: "w", UserData: make([]byte, DiskLimit+1)})
	t.Setenv("TMPDIR", "/no/such/folder")
	f("TMPDIR", Disk{InstanceID: "i", Hostname: "w"})
}
