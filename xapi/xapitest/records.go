package xapitest

import (
	"strconv"
	"strings"
)

const null = "OpaqueRef:NULL"

// refOr is the reference of an object, or NULL where there is none.
func refOr(class, uuid string) string {
	if uuid == "" {
		return null
	}
	return Ref(class, uuid)
}

func list(items ...string) []any { return stringsToAny(items) }

func dict(m map[string]string) map[string]any {
	out := make(map[string]any, len(m))
	for k, v := range m {
		out[k] = v
	}
	return out
}

func decimal(n int64) string { return strconv.FormatInt(n, 10) }

// recordOf is the full record of an object, as XAPI sends it. It is called
// with the lock held.
func (w *world) recordOf(o *object) map[string]any {
	switch v := o.v.(type) {
	case VM:
		return w.vmRecord(o, v)
	case Host:
		return w.hostRecord(v)
	case SR:
		return w.srRecord(v)
	case PBD:
		return pbdRecord(v)
	case Pool:
		return poolRecord(v)
	case VDI:
		return w.vdiRecord(v)
	case VBD:
		return vbdRecord(v)
	case VIF:
		return vifRecord(v)
	case Network:
		return w.networkRecord(v)
	case Task:
		return taskRecord(v)
	}
	panic("BUG: record of class " + o.class)
}

func pbdRecord(p PBD) map[string]any {
	host := refOr(classHost, p.Host)
	if p.HostRef != "" {
		host = p.HostRef
	}
	return map[string]any{
		"uuid": p.UUID, "host": host, "SR": refOr(classSR, p.SR), "currently_attached": p.Attached,
		"device_config": dict(map[string]string{"device": "/dev/disk/by-id/scsi-" + p.UUID}), "other_config": map[string]any{},
	}
}

func poolRecord(p Pool) map[string]any {
	return map[string]any{
		"uuid": p.UUID, "name_label": p.Name, "name_description": "", "master": refOr(classHost, p.Coordinator),
		"default_SR": null, "suspend_image_SR": null, "crash_dump_SR": null, "other_config": dict(p.OtherConfig), "tags": list(p.Tags...),
		"ha_enabled": false, "ha_configuration": map[string]any{}, "ha_statefiles": []any{}, "ha_host_failures_to_tolerate": "0",
		"ha_plan_exists_for": "0", "ha_allow_overcommit": false, "ha_overcommitted": false, "ha_cluster_stack": "",
		"blobs": map[string]any{}, "gui_config": map[string]any{}, "health_check_config": map[string]any{}, "wlb_url": "", "wlb_username": "",
		"wlb_enabled": false, "wlb_verify_cert": false, "redo_log_enabled": false, "redo_log_vdi": null, "vswitch_controller": "",
		"restrictions": map[string]any{}, "metadata_VDIs": []any{}, "allowed_operations": list("cluster_create", "ha_enable"),
		"current_operations": map[string]any{}, "guest_agent_config": map[string]any{}, "cpu_info": map[string]any{},
		"policy_no_vendor_device": false, "live_patching_disabled": false, "igmp_snooping_enabled": false, "uefi_certificates": "",
		"is_psr_pending": false, "tls_verification_enabled": true, "repositories": []any{}, "client_certificate_auth_enabled": false,
		"migration_compression": false, "coordinator_bias": true, "telemetry_frequency": "weekly", "last_update_sync": dateTime("19700101T00:00:00Z"),
	}
}

func (w *world) srRecord(v SR) map[string]any {
	pbds := []any{}
	for _, o := range w.objects {
		if p, ok := o.v.(PBD); ok && p.SR == v.UUID {
			pbds = append(pbds, o.ref)
		}
	}
	return map[string]any{
		"uuid": v.UUID, "name_label": v.Name, "name_description": "", "type": v.Type, "content_type": v.ContentType, "shared": v.Shared,
		"physical_size": decimal(v.PhysicalSize), "physical_utilisation": decimal(v.PhysicalUtilisation),
		"virtual_allocation": decimal(v.PhysicalUtilisation), "PBDs": pbds, "VDIs": w.disksOf(v.UUID),
		"other_config": dict(v.OtherConfig), "tags": list(v.Tags...), "blobs": map[string]any{}, "local_cache_enabled": false,
		"introduced_by": null, "clustered": false, "is_tools_sr": false, "current_operations": map[string]any{},
		"allowed_operations": list("vdi_enable_cbt", "vdi_list_changed_blocks", "unplug", "plug", "pbd_create", "vdi_disable_cbt", "update",
			"pbd_destroy", "vdi_resize", "vdi_clone", "vdi_data_destroy", "scan", "vdi_snapshot", "vdi_mirror", "vdi_create", "vdi_destroy"),
		"sm_config": dict(map[string]string{"allocation": "thick", "use_vhd": "true", "devserial": "scsi-" + v.UUID}),
	}
}

// tasks are current_operations: what goes on, each by its task.
func tasks(owner string, operations []string) map[string]any {
	m := make(map[string]any, len(operations))
	for i, operation := range operations {
		m[Ref("task", owner+strconv.Itoa(i))] = operation
	}
	return m
}

func manyRefs(class, owner string, n int) []any {
	refs := make([]any, n)
	for i := range refs {
		refs[i] = Ref(class, owner+strconv.Itoa(i))
	}
	return refs
}

func (w *world) residents(host string) []any {
	refs := []any{}
	for _, o := range w.objects {
		if v, ok := o.v.(VM); ok && v.ResidentOn == host {
			refs = append(refs, o.ref)
		}
	}
	return refs
}

// controlDomain is the reference of the host's own VM.
func (w *world) controlDomain(host string) string {
	for _, o := range w.objects {
		if v, ok := o.v.(VM); ok && v.ResidentOn == host && v.ControlDomain {
			return o.ref
		}
	}
	return null
}

func (w *world) hostRecord(h Host) map[string]any {
	pbds := []any{}
	for _, o := range w.objects {
		if p, ok := o.v.(PBD); ok && p.Host == h.UUID {
			pbds = append(pbds, o.ref)
		}
	}
	return map[string]any{
		"uuid": h.UUID, "name_label": h.Name, "name_description": "", "address": h.Address, "hostname": h.Name, "enabled": h.Enabled,
		"other_config": dict(h.OtherConfig), "tags": list(h.Tags...), "resident_VMs": w.residents(h.UUID), "PBDs": pbds,
		"control_domain": w.controlDomain(h.UUID), "metrics": Ref("host_metrics", h.UUID), "PIFs": manyRefs("pif", h.UUID, 4),
		"host_CPUs": manyRefs("host_cpu", h.UUID, 16), "memory_overhead": "1073741824", "API_version_major": "2", "API_version_minor": "21",
		"API_version_vendor": "XenSource", "API_version_vendor_implementation": map[string]any{}, "sched_policy": "credit",
		"software_version": dict(map[string]string{"product_version": "8.4.0", "product_brand": "Simulated", "xapi": "26.17",
			"xen": "4.17.5", "linux": "4.19.0+1", "platform_name": "XCP", "platform_version": "3.4.0", "date": "2026-08-21"}),
		"capabilities":          list("xen-3.0-x86_64", "hvm-3.0-x86_32", "hvm-3.0-x86_32p", "hvm-3.0-x86_64", ""),
		"cpu_configuration":     map[string]any{},
		"cpu_info":              dict(map[string]string{"cpu_count": "16", "socket_count": "1", "vendor": "GenuineIntel", "speed": "2400.000", "modelname": "Simulated", "features": strings.Repeat("0fcbfbff-", 18)}),
		"supported_bootloaders": list("pygrub", "eliloader"), "logging": map[string]any{}, "suspend_image_sr": null, "crash_dump_sr": null,
		"crashdumps": []any{}, "patches": []any{}, "updates": []any{}, "blobs": map[string]any{}, "ha_statefiles": []any{},
		"ha_network_peers": []any{}, "allowed_operations": list("vm_migrate", "provision", "vm_resume", "evacuate", "vm_start"),
		"current_operations": tasks(h.UUID, h.Operations), "external_auth_type": "", "external_auth_service_name": "", "external_auth_configuration": map[string]any{},
		"edition": "xcp-ng", "license_server": dict(map[string]string{"address": "localhost", "port": "27000"}), "license_params": dict(map[string]string{"restrict_email_alerting": "false"}),
		"bios_strings": dict(map[string]string{"bios-vendor": "Simulated", "system-manufacturer": "Simulated"}), "power_on_mode": "", "power_on_config": map[string]any{},
		"local_cache_sr": null, "chipset_info": dict(map[string]string{"iommu": "true"}), "PCIs": manyRefs("pci", h.UUID, 6), "PGPUs": []any{}, "PUSBs": []any{},
		"ssl_legacy": false, "guest_VCPUs_params": map[string]any{}, "display": "enabled", "virtual_hardware_platform_versions": list("0", "1", "2"),
		"features": []any{}, "uefi_certificates": "", "certificates": []any{}, "editions": list("xcp-ng"), "pending_guidances": []any{},
		"tls_verification_enabled": true, "last_software_update": dateTime("19700101T00:00:00Z"), "https_only": false, "multipathing": false,
		"iscsi_iqn": "iqn.2026-08.example:" + h.UUID,
	}
}

// recommendations is a part of every VM's record, and long.
var recommendations = `<restrictions><restriction field="memory-static-max" max="1649267441664"/><restriction field="vcpus-max" max="32"/>` +
	strings.Repeat(`<restriction field="allow-network-sriov" value="1"/><restriction property="number-of-vbds" max="255"/>`, 12) + `</restrictions>`

func (w *world) vmRecord(o *object, v VM) map[string]any {
	memory := v.MemoryBytes
	if memory == 0 {
		memory = 4 << 30
	}
	cpus := decimal(int64(max(v.VCPUs, 1)))
	domid := "-1"
	if v.PowerState == "Running" && !v.ControlDomain {
		domid = decimal(o.created)
	}
	if v.ControlDomain {
		domid = "0"
	}
	// The order of these changes whenever XAPI works them out anew.
	operations := []string{"changing_dynamic_range", "migrate_send", "pool_migrate", "changing_VCPUs_live", "suspend", "hard_reboot",
		"hard_shutdown", "clean_reboot", "clean_shutdown", "pause", "checkpoint", "snapshot"}
	turn := int(o.modified) % len(operations)
	operations = append(operations[turn:len(operations):len(operations)], operations[:turn]...)
	r := map[string]any{
		"uuid": v.UUID, "name_label": v.Name, "name_description": "", "power_state": v.PowerState, "resident_on": refOr(classHost, v.ResidentOn),
		"is_a_template": v.Template, "is_default_template": false, "is_a_snapshot": v.Snapshot, "is_control_domain": v.ControlDomain,
		"other_config": dict(v.OtherConfig), "tags": list(v.Tags...), "allowed_operations": list(operations...), "current_operations": tasks(v.UUID, v.Operations),
		"domid": domid, "domarch": "", "user_version": "1", "suspend_VDI": null, "scheduled_to_be_resident_on": null, "affinity": refOr(classHost, v.ResidentOn),
		"memory_overhead": "38797312", "memory_target": decimal(memory), "memory_static_max": decimal(memory), "memory_dynamic_max": decimal(memory),
		"memory_dynamic_min": decimal(memory), "memory_static_min": decimal(memory / 2), "VCPUs_params": map[string]any{}, "VCPUs_max": cpus,
		"VCPUs_at_startup": cpus, "actions_after_softreboot": "soft_reboot", "actions_after_shutdown": "destroy", "actions_after_reboot": "restart",
		"actions_after_crash": "restart", "consoles": manyRefs("console", v.UUID, 2), "VIFs": manyRefs("vif", v.UUID, 2), "VBDs": manyRefs("vbd", v.UUID, 3),
		"VUSBs": []any{}, "crash_dumps": []any{}, "VTPMs": []any{}, "PV_bootloader": "", "PV_kernel": "", "PV_ramdisk": "", "PV_args": "",
		"PV_bootloader_args": "", "PV_legacy_args": "", "HVM_boot_policy": "BIOS order", "HVM_boot_params": dict(map[string]string{"order": "cdn", "firmware": "uefi"}),
		"HVM_shadow_multiplier": 1.0, "platform": dict(map[string]string{"timeoffset": "0", "device-model": "qemu-upstream-uefi", "secureboot": "false",
			"videoram": "8", "hpet": "true", "acpi": "1", "apic": "true", "pae": "true", "nx": "true", "viridian": "true", "device_id": "0002", "vga": "std"}),
		"PCI_bus": "", "last_boot_CPU_flags": dict(map[string]string{"vendor": "GenuineIntel", "features": strings.Repeat("0fcbfbff-", 18)}),
		"last_booted_record": "", "recommendations": recommendations, "metrics": Ref("vm_metrics", v.UUID), "guest_metrics": Ref("vm_guest_metrics", v.UUID),
		"xenstore_data": dict(map[string]string{"vm-data": "", "vm-data/mmio-hole-size": "268435456"}), "ha_always_run": false, "ha_restart_priority": "",
		"snapshot_of": null, "snapshots": manyRefs("snapshot", v.UUID, 4), "snapshot_time": dateTime("19700101T00:00:00Z"), "transportable_snapshot_id": "",
		"blobs": map[string]any{}, "blocked_operations": map[string]any{}, "snapshot_info": map[string]any{}, "snapshot_metadata": "", "parent": null,
		"children": []any{}, "bios_strings": dict(map[string]string{"bios-vendor": "Xen", "bios-version": "", "system-manufacturer": "Xen",
			"system-product-name": "HVM domU", "system-version": "", "system-serial-number": "", "baseboard-manufacturer": "", "oem-1": "Xen",
			"oem-2": "MS_VM_CERT/SHA1/bdbeb6e0a816d43fa6d3fe8aaef04c2bad9d3e3d", "hp-rombios": ""}),
		"protection_policy": null, "is_snapshot_from_vmpp": false, "snapshot_schedule": null, "is_vmss_snapshot": false, "appliance": null,
		"start_delay": "0", "shutdown_delay": "0", "order": "0", "VGPUs": []any{}, "attached_PCIs": []any{}, "suspend_SR": null, "version": "0",
		"generation_id": "0:0", "hardware_platform_version": "0", "has_vendor_device": false, "requires_reboot": false, "reference_label": "",
		"domain_type": "hvm", "pending_guidances": []any{}, "pending_guidances_recommended": []any{}, "pending_guidances_full": []any{}, "groups": []any{},
		"NVRAM": dict(map[string]string{"EFI-variables": nvram}),
	}
	if v.Devices {
		w.alive(o, v, r)
	}
	return r
}

// nvram is the firmware's store of a VM, in base 64.
var nvram = strings.Repeat("VkFSUwEAAAAAAAAAAAAAAGHfi+SCkwPqCyvCvxGN", 95)
