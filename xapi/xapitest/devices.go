package xapitest

import (
	"maps"
	"slices"
	"strconv"
)

// VDI is a disk.
type VDI struct {
	UUID, Name, Description string
	SR                      string // uuid
	Size                    int64  // bytes
	Type                    string // system, user, suspend, …; empty means user
	Sharable, ReadOnly      bool
	OtherConfig             map[string]string
	Content                 []byte // what was written to it, from its first byte on
}

// VBD attaches a VDI to a VM.
type VBD struct {
	UUID        string
	VM, VDI     string // uuids; a CD drive may be without a VDI
	Device      string // a number
	Type, Mode  string // Disk or CD; RW or RO
	Bootable    bool
	Attached    bool // the VM runs with it
	OtherConfig map[string]string
}

// VIF connects a VM to a network.
type VIF struct {
	UUID        string
	VM, Network string // uuids
	Device      string // a number
	MAC         string
	OtherConfig map[string]string
}

// Network is one that VMs are connected to.
type Network struct {
	UUID, Name  string
	Bridge      string
	Hosts       []string // uuids of those that have it; nil means all
	OtherConfig map[string]string
}

// PutVDI adds the VDI, or replaces the one with its uuid.
func (s *Server) PutVDI(v VDI) {
	v.OtherConfig, v.Content = maps.Clone(v.OtherConfig), slices.Clone(v.Content)
	s.world.put(classVDI, v.UUID, v)
}

// PutVBD adds the VBD, or replaces the one with its uuid.
func (s *Server) PutVBD(v VBD) {
	v.OtherConfig = maps.Clone(v.OtherConfig)
	s.world.put(classVBD, v.UUID, v)
}

// PutVIF adds the VIF, or replaces the one with its uuid.
func (s *Server) PutVIF(v VIF) {
	v.OtherConfig = maps.Clone(v.OtherConfig)
	s.world.put(classVIF, v.UUID, v)
}

// PutNetwork adds the network, or replaces the one with its uuid.
func (s *Server) PutNetwork(n Network) {
	n.OtherConfig, n.Hosts = maps.Clone(n.OtherConfig), slices.Clone(n.Hosts)
	s.world.put(classNetwork, n.UUID, n)
}

// VMs are all VMs, templates, snapshots and control domains, in the order in
// which they were made; VDIs, VBDs and VIFs likewise.
func (s *Server) VMs() []VM { return all[VM](s, classVM) }

// VDIs see VMs.
func (s *Server) VDIs() []VDI { return all[VDI](s, classVDI) }

// VBDs see VMs.
func (s *Server) VBDs() []VBD { return all[VBD](s, classVBD) }

// VIFs see VMs.
func (s *Server) VIFs() []VIF { return all[VIF](s, classVIF) }

func all[T any](s *Server, class string) []T {
	var list []T
	s.world.each(class, func(o *object) { list = append(list, o.v.(T)) })
	return list
}

// vdi, vbds and the like are called with the world's lock held.
func (w *world) vdi(uuid string) (VDI, bool) {
	o := w.byUUID[classVDI+uuid]
	if o == nil {
		return VDI{}, false
	}
	return o.v.(VDI), true
}

func (w *world) vbds(keep func(VBD) bool) []VBD {
	var list []VBD
	for _, o := range w.objects {
		if v, ok := o.v.(VBD); ok && keep(v) {
			list = append(list, v)
		}
	}
	return list
}

func (w *world) vifs(vm string) []VIF {
	var list []VIF
	for _, o := range w.objects {
		if v, ok := o.v.(VIF); ok && v.VM == vm {
			list = append(list, v)
		}
	}
	return list
}

func (w *world) devicesOf(vm string) []VBD {
	return w.vbds(func(b VBD) bool { return b.VM == vm })
}

// disksOf are the references of an SR's VDIs; made-up ones if it has none.
func (w *world) disksOf(sr string) []any {
	var refs []any
	for _, o := range w.objects {
		if v, ok := o.v.(VDI); ok && v.SR == sr {
			refs = append(refs, o.ref)
		}
	}
	if refs == nil {
		return manyRefs(classVDI, sr, 12)
	}
	return refs
}

func refsOf[T any](class string, list []T, uuid func(T) string) []any {
	refs := []any{}
	for _, v := range list {
		refs = append(refs, Ref(class, uuid(v)))
	}
	return refs
}

func (w *world) vdiRecord(v VDI) map[string]any {
	kind := v.Type
	if kind == "" {
		kind = "user"
	}
	vbds := w.vbds(func(b VBD) bool { return b.VDI == v.UUID })
	return map[string]any{
		"uuid": v.UUID, "name_label": v.Name, "name_description": v.Description, "SR": refOr(classSR, v.SR), "type": kind,
		"VBDs": refsOf(classVBD, vbds, func(b VBD) string { return b.UUID }), "virtual_size": decimal(v.Size), "physical_utilisation": decimal(v.Size),
		"sharable": v.Sharable, "read_only": v.ReadOnly, "other_config": dict(v.OtherConfig), "storage_lock": false, "location": v.UUID,
		"managed": true, "missing": false, "parent": null, "xenstore_data": map[string]any{}, "sm_config": dict(map[string]string{"vdi_type": "vhd"}),
		"is_a_snapshot": false, "snapshot_of": null, "snapshots": []any{}, "snapshot_time": dateTime("19700101T00:00:00Z"), "tags": []any{},
		"allow_caching": false, "on_boot": "persist", "metadata_of_pool": null, "metadata_latest": false, "is_tools_iso": false, "cbt_enabled": false,
		"crash_dumps": []any{}, "allowed_operations": list("clone", "copy", "destroy", "resize", "snapshot"), "current_operations": map[string]any{},
	}
}

func vbdRecord(v VBD) map[string]any {
	return map[string]any{
		"uuid": v.UUID, "VM": refOr(classVM, v.VM), "VDI": refOr(classVDI, v.VDI), "device": "", "userdevice": v.Device, "bootable": v.Bootable,
		"mode": v.Mode, "type": v.Type, "unpluggable": true, "empty": v.VDI == "", "other_config": dict(v.OtherConfig), "currently_attached": v.Attached,
		"storage_lock": false, "status_code": "0", "status_detail": "", "runtime_properties": map[string]any{}, "qos_algorithm_type": "",
		"qos_algorithm_params": map[string]any{}, "qos_supported_algorithms": []any{}, "metrics": Ref("vbd_metrics", v.UUID),
		"allowed_operations": list("attach"), "current_operations": map[string]any{},
	}
}

func vifRecord(v VIF) map[string]any {
	return map[string]any{
		"uuid": v.UUID, "VM": refOr(classVM, v.VM), "network": refOr(classNetwork, v.Network), "device": v.Device, "MAC": v.MAC, "MTU": "1500",
		"other_config": dict(v.OtherConfig), "currently_attached": false, "MAC_autogenerated": true, "locking_mode": "network_default",
		"ipv4_allowed": []any{}, "ipv6_allowed": []any{}, "ipv4_configuration_mode": "None", "ipv4_addresses": []any{}, "ipv4_gateway": "",
		"status_code": "0", "status_detail": "", "runtime_properties": map[string]any{}, "qos_algorithm_type": "", "qos_algorithm_params": map[string]any{},
		"metrics": Ref("vif_metrics", v.UUID), "allowed_operations": list("attach"), "current_operations": map[string]any{},
	}
}

func (w *world) networkRecord(n Network) map[string]any {
	vifs := []any{}
	for _, o := range w.objects {
		if v, ok := o.v.(VIF); ok && v.Network == n.UUID {
			vifs = append(vifs, o.ref)
		}
	}
	return map[string]any{
		"uuid": n.UUID, "name_label": n.Name, "name_description": "", "bridge": n.Bridge, "managed": true, "MTU": "1500", "VIFs": vifs,
		"PIFs": []any{}, "other_config": dict(n.OtherConfig), "blobs": map[string]any{}, "tags": []any{}, "default_locking_mode": "unlocked",
		"assigned_ips": map[string]any{}, "purpose": []any{}, "allowed_operations": []any{}, "current_operations": map[string]any{},
	}
}

// freeDevice is the lowest number that none of the devices has.
func freeDevice(taken []string) string {
	for n := 0; ; n++ {
		if d := strconv.Itoa(n); !slices.Contains(taken, d) {
			return d
		}
	}
}
