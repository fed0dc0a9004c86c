package local

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// kind is what a device is.
type kind uint8

const (
	kindOther    kind = iota // veth, bridge, tunnel, VLAN, virtual function, lo; partition, loop, ram, zram
	kindPhysical             // NIC, or whole disk
	kindBond
)

// looks is how often a device is looked up. The kernel lists one under a new
// name a moment before sysfs has it there, so the first answer may be wrong.
const looks = 2

// devices tells devices apart by sysfs, at sys.
type devices struct {
	sys string
}

// nic says what kind a NIC is.
func (d devices) nic(m *meter) kind {
	if m.looks < looks {
		m.kind = d.lookUp(m.device)
		m.looks++
	}
	return m.kind
}

func (d devices) lookUp(name string) kind {
	dir := filepath.Join(d.sys, "class/net", name)
	switch {
	case exists(dir, "bonding"):
		return kindBond
	case exists(dir, "device") && !exists(dir, "device/physfn"):
		// The traffic of a virtual function is counted by its parent too.
		return kindPhysical
	}
	return kindOther
}

func exists(dir, name string) bool {
	_, err := os.Stat(filepath.Join(dir, name))
	return err == nil
}

// whole says whether a block device is a whole disk. An error is about all
// disks: sysfs does not list any.
func (d devices) whole(m *meter) (bool, error) {
	if m.looks < looks {
		var err error
		if m.kind, err = d.lookUpDisk(m.device); err != nil {
			return false, err
		}
		m.looks++
	}
	return m.kind == kindPhysical, nil
}

func (d devices) lookUpDisk(name string) (kind, error) {
	if numbered(name, "loop") || numbered(name, "ram") || numbered(name, "zram") {
		return kindOther, nil
	}
	all := filepath.Join(d.sys, "block")
	// A file name has no slash: cciss!c0d0.
	_, err := os.Stat(filepath.Join(all, strings.ReplaceAll(name, "/", "!")))
	if err == nil {
		return kindPhysical, nil
	}
	if errors.Is(err, fs.ErrNotExist) {
		// A partition, where there is a list of disks.
		if _, err = os.Stat(all); err == nil {
			return kindOther, nil
		}
	}
	return kindOther, fmt.Errorf("list disks: %w", err)
}

// numbered says whether name is prefix and digits.
func numbered(name, prefix string) bool {
	rest, ok := strings.CutPrefix(name, prefix)
	return ok && rest != "" && strings.Trim(rest, "0123456789") == ""
}
