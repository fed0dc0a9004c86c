package local

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// nicKind is what a network device is.
type nicKind int

const (
	nicOther nicKind = iota // veth, bridge, tunnel, VLAN, virtual function, lo
	nicPhysical
	nicBond
)

// devices tells devices apart by sysfs, at sys.
type devices struct {
	sys string
	// kinds remembers NICs by name for as long as they are there.
	kinds map[string]nicKind
}

// nic says what kind a NIC is.
func (d *devices) nic(name string) nicKind {
	kind, ok := d.kinds[name]
	if !ok {
		kind = d.lookUp(name)
		d.kinds[name] = kind
	}
	return kind
}

func (d *devices) lookUp(name string) nicKind {
	dir := filepath.Join(d.sys, "class/net", name)
	switch {
	case exists(dir, "bonding"):
		return nicBond
	case exists(dir, "device") && !exists(dir, "device/physfn"):
		// The traffic of a virtual function is counted by its parent too.
		return nicPhysical
	}
	return nicOther
}

func exists(dir, name string) bool {
	_, err := os.Stat(filepath.Join(dir, name))
	return err == nil
}

// keep forgets the NICs that are not among those given, all of which have
// been looked up, so that a name that is used again is looked up again.
func (d *devices) keep(nics []nicTotals) {
	if len(d.kinds) == len(nics) {
		return
	}
	there := make(map[string]bool, len(nics))
	for _, n := range nics {
		there[n.name] = true
	}
	for name := range d.kinds {
		if !there[name] {
			delete(d.kinds, name)
		}
	}
}

// measured returns the NICs that get data sources, in their order: physical
// ones and bonds, or all but lo when there are no such.
func (d *devices) measured(nics []nicTotals) []nicTotals {
	var real, others []nicTotals
	for _, n := range nics {
		switch {
		case d.nic(n.name) != nicOther:
			real = append(real, n)
		case n.name != "lo":
			others = append(others, n)
		}
	}
	d.keep(nics)
	if real == nil {
		return others
	}
	return real
}

// wholeDisks returns the names of the disks as /proc/diskstats has them.
func (d *devices) wholeDisks() (map[string]bool, error) {
	entries, err := os.ReadDir(filepath.Join(d.sys, "block"))
	if err != nil {
		return nil, fmt.Errorf("list disks: %w", err)
	}
	whole := make(map[string]bool, len(entries))
	for _, e := range entries {
		name := e.Name()
		if !numbered(name, "loop") && !numbered(name, "ram") && !numbered(name, "zram") {
			// A file name has no slash: cciss!c0d0.
			whole[strings.ReplaceAll(name, "!", "/")] = true
		}
	}
	return whole, nil
}

// numbered says whether name is prefix and digits.
func numbered(name, prefix string) bool {
	rest, ok := strings.CutPrefix(name, prefix)
	return ok && rest != "" && strings.Trim(rest, "0123456789") == ""
}
