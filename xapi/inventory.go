package xapi

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Inventory is what a host agent needs to know of its pool, at one moment. It
// is immutable. Lists are sorted by uuid.
type Inventory struct {
	Host     Host // the host that was asked for
	PoolUUID string
	// PoolDefaults is the pool's other_config["perfmon-defaults"]; "" for none.
	PoolDefaults string
	Coordinator  bool // Host is the coordinator of the pool
	// VMs are those of the whole pool, control domains included, templates
	// and snapshots left out.
	VMs []VM
	// SRs are those of the whole pool.
	SRs []SR
}

// Host is this host's record.
type Host struct {
	UUID       string
	Ref        string
	Name       string   // name_label
	Config     string   // other_config["perfmon"]; "" for none
	SavedState string   // other_config["perfmon-state"]; "" for none
	Tags       []string // sorted
	Enabled    bool     // it accepts VMs
	Evacuating bool     // its VMs are being moved away
}

// VM is one VM's record.
type VM struct {
	UUID       string
	Ref        string
	Name       string
	Config     string   // other_config["perfmon"]; "" for none
	SavedState string   // other_config["perfmon-state"]; "" for none
	Tags       []string // sorted
	// Operations are what the toolstack is doing with it, such as
	// "pool_migrate" or "snapshot"; sorted.
	Operations    []string
	PowerState    string // "Running", "Halted", "Paused" or "Suspended"
	Resident      bool   // it runs on this host
	ControlDomain bool   // with Resident: it is this host's dom0
}

// SR is one storage repository's record. Sizes are bytes, as the toolstack
// last read them.
type SR struct {
	UUID                string
	Ref                 string
	Name                string
	Config              string   // other_config["perfmon"]; "" for none
	SavedState          string   // other_config["perfmon-state"]; "" for none
	Tags                []string // sorted
	Type                string   // such as "lvmoiscsi", "nfs", "iso"
	ContentType         string   // such as "user", "iso"
	Shared              bool
	PhysicalSize        int64
	PhysicalUtilisation int64
	// ConnectedHere says that a PBD joins the SR to this host, plugged or
	// not; AttachedHere that it is plugged.
	ConnectedHere, AttachedHere bool
	// RaisedHere says that of all hosts this one raises the alarms that are
	// read from this record; if not, NotRaised says why.
	RaisedHere bool
	NotRaised  NotRaised
}

// NotRaised is why a host does not raise alarms from an SR's record; "" when
// it does.
type NotRaised string

// Reasons for NotRaised.
const (
	NotRaisedISO       NotRaised = "iso"             // full by nature
	NotRaisedUnplugged NotRaised = "unplugged"       // attached to no host
	NotRaisedNoSize    NotRaised = "no size"         // physical_size is not positive
	NotRaisedOtherHost NotRaised = "other host"      // another host does
	NotRaisedNoHost    NotRaised = "no enabled host" // attached to disabled hosts alone
)

// Equal says whether two inventories say the same.
func (i *Inventory) Equal(o *Inventory) bool { return reflect.DeepEqual(i, o) }

// buildInventory makes the inventory of one host. References that lead
// nowhere, such as a PBD of a host that has left the pool, are passed over. A
// host that is not in the records is an error.
func buildInventory(r *records, hostUUID string) (*Inventory, error) {
	inv := &Inventory{}
	for ref, h := range r.hosts {
		if h.UUID == hostUUID {
			inv.Host = Host{
				UUID: h.UUID, Ref: ref, Name: h.Name, Config: h.OtherConfig.perfmon, SavedState: h.OtherConfig.state,
				Tags: h.Tags, Enabled: h.Enabled, Evacuating: slices.Contains(h.Operations, "evacuate"),
			}
		}
	}
	if inv.Host.Ref == "" {
		return nil, fmt.Errorf("host %q is not among the %d hosts of the pool", hostUUID, len(r.hosts))
	}
	var coordinator string // reference
	for _, p := range r.pools {
		inv.PoolUUID, inv.PoolDefaults, coordinator = p.UUID, p.OtherConfig.defaults, p.Master
	}
	inv.Coordinator = coordinator == inv.Host.Ref
	for ref, v := range r.vms {
		if v.Template || v.Snapshot {
			continue
		}
		inv.VMs = append(inv.VMs, VM{
			UUID:          v.UUID,
			Ref:           ref,
			Name:          v.Name,
			Config:        v.OtherConfig.perfmon,
			SavedState:    v.OtherConfig.state,
			Tags:          v.Tags,
			Operations:    v.Operations,
			PowerState:    v.PowerState,
			Resident:      v.ResidentOn == inv.Host.Ref,
			ControlDomain: v.ControlDomain,
		})
	}
	joints := jointsOf(r)
	for ref, s := range r.srs {
		inv.SRs = append(inv.SRs, buildSR(ref, s, joints[ref], inv.Host.Ref, coordinator))
	}
	slices.SortFunc(inv.VMs, func(a, b VM) int { return strings.Compare(a.UUID+a.Ref, b.UUID+b.Ref) })
	slices.SortFunc(inv.SRs, func(a, b SR) int { return strings.Compare(a.UUID+a.Ref, b.UUID+b.Ref) })
	return inv, nil
}

func buildSR(ref string, s srRecord, joints []joint, here, coordinator string) SR {
	sr := SR{
		UUID:                s.UUID,
		Ref:                 ref,
		Name:                s.Name,
		Config:              s.OtherConfig.perfmon,
		SavedState:          s.OtherConfig.state,
		Tags:                s.Tags,
		Type:                s.Type,
		ContentType:         s.ContentType,
		Shared:              s.Shared,
		PhysicalSize:        int64(s.PhysicalSize),
		PhysicalUtilisation: int64(s.PhysicalUtilisation),
	}
	for _, j := range joints {
		if j.hostRef == here {
			sr.ConnectedHere = true
			sr.AttachedHere = sr.AttachedHere || j.attached
		}
	}
	sr.NotRaised = whyNotRaised(s, joints, here, coordinator)
	sr.RaisedHere = sr.NotRaised == ""
	return sr
}
