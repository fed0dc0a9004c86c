package local

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var uuidForm = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

func (tr tree) uuid() string {
	tr.t.Helper()
	uuid, err := hostUUID(filepath.Join(tr.root, "etc"), tr.proc(), tr.sys(), tr.root)
	if err != nil {
		tr.t.Error(err)
	}
	if !uuidForm.MatchString(uuid) {
		tr.t.Errorf("uuid %q", uuid)
	}
	return uuid
}

func TestMachineID(t *testing.T) {
	tr := newTree(t, "before")
	for _, id := range []string{"3d1219c7c4c5404aaa1f6d2a48adfda4\n", "3D1219C7C4C5404AAA1F6D2A48ADFDA4"} {
		tr.write("etc/machine-id", id)
		if got := tr.uuid(); got != "3d1219c7-c4c5-404a-aa1f-6d2a48adfda4" {
			t.Errorf("machine-id %q: %s", id, got)
		}
	}
	if _, err := os.Stat(filepath.Join(tr.root, uuidFile)); err == nil {
		t.Error("kept although there is a machine-id")
	}
}

func TestNoMachineID(t *testing.T) {
	for _, id := range []string{"missing", "", "uninitialized\n", strings.Repeat("0", 32), strings.Repeat("g", 32), strings.Repeat("1", 33), strings.Repeat("1", 2*maxFile)} {
		tr := newTree(t, "before")
		if id != "missing" {
			tr.write("etc/machine-id", id)
		}
		first := tr.uuid()
		// It stays when what it was made from changes.
		tr.write("proc/sys/kernel/hostname", "renamed\n")
		tr.write("sys/class/net/eth0/address", "02:00:00:ff:ff:ff\n")
		if got := tr.uuid(); got != first {
			t.Errorf("machine-id %.20q: %s, then %s", id, first, got)
		}
		info, err := os.Stat(filepath.Join(tr.root, uuidFile))
		if err != nil || info.Mode() != 0o600 {
			t.Errorf("machine-id %.20q: kept as %v, %v", id, info, err)
		}
	}
}

func TestDerivedUUID(t *testing.T) {
	tr := newTree(t, "before")
	first := deriveUUID(tr.proc(), tr.sys())
	tr.write("sys/class/net/docker0/address", "02:42:00:00:00:01\n") // made anew at each boot
	if got := deriveUUID(tr.proc(), tr.sys()); got != first {
		t.Errorf("%s, then %s with another bridge", first, got)
	}
	tr.write("sys/class/net/eth0/address", "02:00:00:ff:ff:ff\n")
	clone := deriveUUID(tr.proc(), tr.sys())
	tr.write("proc/sys/kernel/hostname", "renamed\n")
	if renamed := deriveUUID(tr.proc(), tr.sys()); clone == first || renamed == clone || renamed == first {
		t.Errorf("not told apart: %s, %s, %s", first, clone, renamed)
	}
	if got := deriveUUID("/nowhere", "/nowhere"); !uuidForm.MatchString(got) || got[14] != '8' {
		t.Errorf("from nothing: %q", got)
	}
}

func TestUUIDThatCannotBeKept(t *testing.T) {
	tr := newTree(t, "before")
	want := deriveUUID(tr.proc(), tr.sys())
	got, err := hostUUID(tr.root, tr.proc(), tr.sys(), filepath.Join(tr.root, "missing"))
	if err == nil || got != want {
		t.Errorf("%s, %v; want %s and an error", got, err, want)
	}
	got, err = hostUUID(tr.root, tr.proc(), tr.sys(), "")
	if err != nil || got != want {
		t.Errorf("in memory: %s, %v; want %s", got, err, want)
	}
	tr.write(uuidFile, "garbage")
	if got := tr.uuid(); got != want {
		t.Errorf("over a damaged file: %s, want %s", got, want)
	}
	if data, err := os.ReadFile(filepath.Join(tr.root, uuidFile)); err != nil || string(data) != want+"\n" {
		t.Errorf("kept %q, %v", data, err)
	}
}

func TestUUIDThatIsGiven(t *testing.T) {
	s := New(Options{UUID: "b0cc7f0e-3f5b-4a44-9d7e-52c1a4a2a001", Etc: t.TempDir(), StateDir: t.TempDir()})
	if got := s.HostUUID(); got != "b0cc7f0e-3f5b-4a44-9d7e-52c1a4a2a001" {
		t.Errorf("the uuid is %q, not the one that was given", got)
	}
}
