package xapi

import (
	"maps"
	"slices"
	"strings"
	"time"

	"perfmon/scaling/rubber/cloud"
)

// Keys of other_config, of VMs and of disks.
const (
	prefix        = "rubber:"
	keyOwner      = prefix + "owner"
	keyIntent     = prefix + "intent"
	keyProfile    = prefix + "profile"
	keyGeneration = prefix + "generation"
	keyName       = prefix + "name"    // that it is to have
	keyCreated    = prefix + "created" // by our clock
	keyMachine    = prefix + "machine" // uuid of the VM: not ours if it is not its own
	keyMade       = prefix + "made"    // all disks have been marked
	keyStart      = prefix + "start"   // the task of the last start
	keyParked     = prefix + "parked"
	keyDisk       = prefix + "disk" // uuid of the disk: not ours if it is not its own
	keySeed       = prefix + "seed" // what has been written to a seed disk
)

// tag is for people.
const tag = "rubber"

// birthName is what a clone is called until it has been marked, and until all
// of it is there.
func birthName(owner, intent string) string { return "rubber/" + owner + "/" + intent }

// seedName is what a seed disk is called.
func seedName(owner, intent string) string { return birthName(owner, intent) + "/seed" }

// machine is a VM of a rubber.
type machine struct {
	vm
	owner, intent string
}

// key is what is locked while something is done with the machine.
func (m *machine) key() string { return m.owner + "/" + m.intent }

// marked says whether its other_config is its own.
func (m *machine) marked() bool { return m.OtherConfig[keyMachine] == m.UUID }

// made says whether nothing of it is missing, but that it may not run.
func (m *machine) made() bool { return !m.Template && m.marked() && m.OtherConfig[keyMade] != "" }

// ours reads the marks of a VM: nil if it is nobody's.
func ours(v vm) *machine {
	if v.Snapshot || v.ControlDomain {
		return nil
	}
	m := &machine{vm: v, owner: v.OtherConfig[keyOwner], intent: v.OtherConfig[keyIntent]}
	if m.marked() && m.owner != "" {
		if v.Template && v.OtherConfig[keyMade] != "" {
			return nil // somebody has made a template of it
		}
		return m
	}
	// A clone that has not been marked yet, or, if somebody has made a template
	// of a machine of ours, has the other_config of that.
	parts := strings.Split(v.Name, "/")
	if !v.Template || v.PowerState != "Halted" || len(parts) != 3 || parts[0] != "rubber" || parts[1] == "" || parts[2] == "" {
		return nil
	}
	m.owner, m.intent = parts[1], parts[2]
	return m
}

// marks is the other_config of a machine, whatever it was before.
func marks(v vm, s cloud.Spec, now time.Time) map[string]string {
	all := maps.Clone(v.OtherConfig)
	if all == nil {
		all = map[string]string{}
	}
	maps.DeleteFunc(all, func(key, _ string) bool { return strings.HasPrefix(key, prefix) })
	maps.Copy(all, map[string]string{
		keyOwner: s.Owner, keyIntent: s.Intent, keyProfile: s.Profile, keyGeneration: s.Generation, keyName: s.Name,
		keyCreated: now.UTC().Format(time.RFC3339), keyMachine: v.UUID,
	})
	return all
}

// diskMarks is the other_config of one of a machine's disks.
func diskMarks(m *machine, d vdi) map[string]string {
	all := maps.Clone(d.OtherConfig)
	if all == nil {
		all = map[string]string{}
	}
	maps.DeleteFunc(all, func(key, _ string) bool { return strings.HasPrefix(key, prefix) && key != keySeed })
	maps.Copy(all, map[string]string{keyOwner: m.owner, keyIntent: m.intent, keyMachine: m.UUID, keyDisk: d.UUID})
	return all
}

// diskIs says whether a disk has the marks of a machine, and they are its own.
func diskIs(m *machine, d vdi) bool {
	own := d.OtherConfig[keyDisk]
	return d.OtherConfig[keyMachine] == m.UUID && (own == d.UUID || own == "" && d.Name == seedName(m.owner, m.intent)) && !d.Snapshot
}

// instance is what the marks say.
func (m *machine) instance() cloud.Instance {
	i := cloud.Instance{ID: m.UUID, Owner: m.owner, Intent: m.intent, Name: m.Name}
	if !m.marked() {
		return i
	}
	i.Profile, i.Generation = m.OtherConfig[keyProfile], m.OtherConfig[keyGeneration]
	if m.OtherConfig[keyMade] == "" {
		i.Name = m.OtherConfig[keyName]
	}
	i.Created, _ = time.Parse(time.RFC3339, m.OtherConfig[keyCreated])
	return i
}

// better says which of two VMs of one intent is the machine: the one that has
// come further.
func better(a, b *machine) bool {
	rank := func(m *machine) int {
		switch {
		case m.PowerState != "Halted":
			return 4
		case m.made():
			return 3
		case !m.Template:
			return 2
		case m.marked():
			return 1
		}
		return 0
	}
	if ra, rb := rank(a), rank(b); ra != rb {
		return ra > rb
	}
	return a.UUID < b.UUID
}

// begun says whether one of these operations goes on.
func (v vm) begun(operations ...string) bool {
	for _, going := range v.Operations {
		if slices.Contains(operations, going) {
			return true
		}
	}
	return false
}
