package xapitest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// lively is a pool with a template on a shared SR, and a host with a little
// memory.
func lively(t *testing.T) (c client, session string, call func(want, method string, params ...any) any) {
	c = start(t, Options{})
	s := c.s
	s.PutHost(Host{UUID: "small", Name: "small", Enabled: true, MemoryBytes: 1 << 30, Address: "192.0.2.3"})
	s.PutSR(SR{UUID: "sr", Name: "sr", ContentType: "user", PhysicalSize: 10 << 30})
	s.PutSR(SR{UUID: "sr2", Name: "sr2", ContentType: "user", PhysicalSize: 1 << 30})
	for _, h := range []string{s.HostUUID(), "small"} {
		s.PutPBD(PBD{UUID: "pbd " + h, Host: h, SR: "sr", Attached: true})
	}
	s.PutNetwork(Network{UUID: "net", Name: "net"})
	s.PutNetwork(Network{UUID: "net2", Name: "net2", Hosts: []string{"small"}})
	s.PutVM(VM{UUID: "template", Name: "template", Template: true, PowerState: "Halted", MemoryBytes: 2 << 30, VCPUs: 2,
		OtherConfig: map[string]string{"x": "y", "disks": `<provision><disk device="1" size="1048576" sr="sr" bootable="false" type="user"/></provision>`},
		Tags:        []string{"tag"}, Life: Life{Devices: true}})
	s.PutVDI(VDI{UUID: "vdi", Name: "root", SR: "sr", Size: 2 << 30})
	s.PutVBD(VBD{UUID: "vbd", VM: "template", VDI: "vdi", Device: "0", Type: "Disk", Mode: "RW"})
	s.PutVIF(VIF{UUID: "vif", VM: "template", Network: "net", Device: "0", MAC: "02:00:00:00:00:01"})
	session = c.login()
	return c, session, func(want, method string, params ...any) any {
		t.Helper()
		r, failed := c.rpc(method, append([]any{session}, params...)...)
		if code, _, _ := strings.Cut(failed, " "); code != want {
			t.Fatalf("%s %v: %q, want %q", method, params, failed, want)
		}
		return r
	}
}

func TestLifeOfAVM(t *testing.T) {
	c, _, call := lively(t)
	s := c.s
	template, host, small := Ref("vm", "template"), Ref("host", s.HostUUID()), Ref("host", "small")

	// A clone of a template is a template, with all that the first has.
	vm := call("", "VM.clone", template, "new").(string)
	r := call("", "VM.get_record", vm).(map[string]any)
	uuid := r["uuid"].(string)
	config := r["other_config"].(map[string]any)
	if r["is_a_template"] != true || config["x"] != "y" || config["base_template_name"] != "template" || config["mac_seed"] == nil ||
		len(r["VBDs"].([]any)) != 1 || len(r["VIFs"].([]any)) != 1 || fmt.Sprint(r["tags"]) != "[tag]" {
		t.Errorf("the clone is %v", r)
	}
	if n := len(s.VDIs()); n != 2 {
		t.Errorf("%d disks", n)
	}

	// What a template cannot be asked for, and what it can.
	call("VM_IS_TEMPLATE", "VM.start_on", vm, host, false, false)
	call("MEMORY_CONSTRAINT_VIOLATION", "VM.set_memory_limits", vm, "2", "1", "1", "1")
	call("", "VM.set_memory_limits", vm, "1073741824", "1073741824", "1073741824", "1073741824")
	call("INVALID_VALUE", "VM.set_VCPUs_max", vm, "1")
	call("", "VM.set_VCPUs_at_startup", vm, "1")
	call("", "VM.set_VCPUs_max", vm, "1")
	call("", "VM.provision", vm)
	call("", "VM.set_name_label", vm, "worker")
	call("", "VM.set_name_description", vm, "text")
	call("", "VM.add_tags", vm, "another")
	call("", "VM.remove_tags", vm, "tag")
	call("", "VM.set_affinity", vm, host)
	call("", "VM.add_to_xenstore_data", vm, "vm-data/a", "b")
	call("MAP_DUPLICATE_KEY", "VM.add_to_xenstore_data", vm, "vm-data/a", "b")
	r = call("", "VM.get_record", vm).(map[string]any)
	for field, want := range map[string]string{"is_a_template": "false", "name_label": "worker", "name_description": "text", "tags": "[another]", "memory_static_max": "1073741824",
		"VCPUs_max": "1", "affinity": host, "xenstore_data": "map[vm-data/a:b]", "power_state": "Halted", "guest_metrics": null} {
		if got := fmt.Sprint(r[field]); got != want {
			t.Errorf("%s is %s, not %s", field, got, want)
		}
	}
	if drives := r["VBDs"].([]any); len(drives) != 2 { // the template asks for a disk
		t.Errorf("it has the drives %v", drives)
	}
	if free := call("", "VM.get_allowed_VBD_devices", vm).([]any); free[0] != "2" {
		t.Errorf("free devices: %v", free)
	}

	// It starts where it fits.
	call("", "VM.assert_can_boot_here", vm, small)
	big := call("", "VM.clone", template, "big").(string)
	call("", "VM.provision", big)
	call("HOST_NOT_ENOUGH_FREE_MEMORY", "VM.assert_can_boot_here", big, small)
	call("HOST_NOT_ENOUGH_FREE_MEMORY", "VM.start_on", big, small, false, false)
	call("", "VM.start_on", vm, small, false, false)
	call("VM_BAD_POWER_STATE", "VM.start_on", vm, small, false, false)
	if free := call("", "host.compute_free_memory", small); free != "0" {
		t.Errorf("the host has %v free", free)
	}
	r = call("", "VM.get_record", vm).(map[string]any)
	if r["power_state"] != "Running" || r["resident_on"] != small || !slices.Contains(r["allowed_operations"].([]any), any("clean_shutdown")) {
		t.Errorf("when it runs: %v", r)
	}
	networks := call("", "VM_guest_metrics.get_networks", r["guest_metrics"]).(map[string]any)
	if v, _ := s.VM(uuid); networks["0/ip"] != v.Addresses[0] || v.Started != 1 {
		t.Errorf("networks %v of %+v", networks, v)
	}

	// Of one that runs neither it nor its disks can be destroyed.
	disk := s.VDIs()[1]
	call("VM_BAD_POWER_STATE", "VM.destroy", vm)
	call("VDI_IN_USE", "VDI.destroy", Ref("vdi", disk.UUID))
	call("", "VM.suspend", vm)
	if v, _ := s.VM(uuid); v.PowerState != "Suspended" || v.SuspendVDI == "" {
		t.Errorf("suspended: %+v", v)
	}
	call("", "VM.resume_on", vm, host, false, false)
	call("", "VM.clean_shutdown", vm)
	call("VM_BAD_POWER_STATE", "VM.hard_shutdown", vm)
	call("", "VM.destroy", vm)
	if n := len(s.VDIs()); n != 5 { // of the template, two each of the VMs
		t.Errorf("%d disks are left", n)
	}
	call("", "VDI.destroy", Ref("vdi", disk.UUID))
	call("HANDLE_INVALID", "VDI.destroy", Ref("vdi", disk.UUID))
	call("HANDLE_INVALID", "VM.get_record", vm)
	call("UUID_INVALID", "VM.get_by_uuid", uuid)
}

func TestDevices(t *testing.T) {
	c, _, call := lively(t)
	template, sr := Ref("vm", "template"), Ref("sr", "sr")
	vm := call("", "VM.clone", template, "new").(string)
	disk := func(sr, size string) map[string]any {
		return map[string]any{"name_label": "n", "name_description": "", "SR": sr, "virtual_size": size, "type": "user", "sharable": false, "read_only": false,
			"other_config": map[string]any{"k": "v"}}
	}
	vdi := call("", "VDI.create", disk(sr, "1048576")).(string)
	if refs := call("", "VDI.get_by_name_label", "n").([]any); len(refs) != 1 || refs[0] != vdi {
		t.Errorf("by name: %v", refs)
	}
	call("SR_FULL", "VDI.create", disk(sr, "99999999999999"))
	call("HANDLE_INVALID", "VDI.create", disk("OpaqueRef:none", "1"))
	call("FIELD_TYPE_ERROR", "VDI.create", map[string]any{"SR": sr})
	drive := map[string]any{"VM": vm, "VDI": vdi, "userdevice": "autodetect", "bootable": false, "mode": "RO", "type": "Disk", "empty": false, "other_config": map[string]any{}}
	vbd := call("", "VBD.create", drive).(string)
	if r := call("", "VBD.get_record", vbd).(map[string]any); r["userdevice"] != "1" || r["VDI"] != vdi {
		t.Errorf("the drive is %v", r)
	}
	drive["userdevice"] = "1"
	call("DEVICE_ALREADY_EXISTS", "VBD.create", drive)
	drive["userdevice"] = "x"
	call("INVALID_DEVICE", "VBD.create", drive)
	call("", "VDI.destroy", vdi) // and its drive
	call("HANDLE_INVALID", "VBD.get_record", vbd)

	card := map[string]any{"VM": vm, "network": Ref("network", "net2"), "device": "0", "MAC": "", "MTU": "1500", "other_config": map[string]any{}}
	call("DEVICE_ALREADY_EXISTS", "VIF.create", card)
	card["device"] = "1"
	vif := call("", "VIF.create", card).(string)
	if mac := call("", "VIF.get_record", vif).(map[string]any)["MAC"]; mac == "" {
		t.Error("the card has no address")
	}
	card["VM"], card["device"] = template, "1"
	call("MAC_INVALID", "VIF.create", card) // it has no seed for one
	call("", "VM.provision", vm)
	call("VM_REQUIRES_NETWORK", "VM.assert_can_boot_here", vm, Ref("host", c.s.HostUUID()))
	call("", "VIF.destroy", vif)
	call("", "VM.assert_can_boot_here", vm, Ref("host", c.s.HostUUID()))
	call("SR_FULL", "VM.copy", template, "x", Ref("sr", "sr2"))
	c.s.PutSR(SR{UUID: "sr2", Name: "sr2", ContentType: "user", PhysicalSize: 9 << 30})
	copied := call("", "VM.copy", template, "x", Ref("sr", "sr2")).(string)
	call("", "VM.provision", copied)
	call("VM_REQUIRES_SR", "VM.assert_can_boot_here", copied, Ref("host", "small"))
	c.s.PutHost(Host{UUID: "small", Name: "small", Enabled: false})
	call("HOST_DISABLED", "VM.assert_can_boot_here", vm, Ref("host", "small"))
	c.s.PutHost(Host{UUID: "small", Name: "small", Enabled: true, Dead: true})
	call("HOST_NOT_LIVE", "VM.assert_can_boot_here", vm, Ref("host", "small"))
	for _, h := range []string{"small", c.s.HostUUID()} {
		c.s.PutHost(Host{UUID: h, Name: h})
	}
	call("NO_HOSTS_AVAILABLE", "VM.start", vm, false, false)
}

func TestOperationsThatTakeTime(t *testing.T) {
	c, session, call := lively(t)
	template, host := Ref("vm", "template"), Ref("host", c.s.HostUUID())
	vm := call("", "VM.clone", template, "new").(string)
	call("", "VM.provision", vm)
	release := c.s.Hold("VM.start_on")
	task := call("", "Async.VM.start_on", vm, host, false, false).(string)
	if err := c.s.WaitFor(t.Context(), func() bool { return c.s.Waiting("VM.start_on") == 1 }); err != nil {
		t.Fatal(err)
	}
	if r := call("", "VM.get_record", vm).(map[string]any); fmt.Sprint(r["current_operations"]) != "map["+task+":start_on]" || r["power_state"] != "Halted" {
		t.Errorf("while it starts: %v", r["current_operations"])
	}
	call("OTHER_OPERATION_IN_PROGRESS", "VM.start_on", vm, host, false, false)
	call("OTHER_OPERATION_IN_PROGRESS", "VM.destroy", vm)
	if status := call("", "task.get_record", task).(map[string]any)["status"]; status != "pending" {
		t.Errorf("the task is %v", status)
	}
	release()
	events, _ := c.from(session, []string{"task/" + task}, "", 0)
	for token := ""; !strings.Contains(events, "mod task"); {
		if status := call("", "task.get_record", task).(map[string]any)["status"]; status == "success" {
			break
		}
		events, token = c.from(session, []string{"task/" + task}, token, 1)
	}
	call("", "task.destroy", task)
	call("HANDLE_INVALID", "task.get_record", task)

	// A failure that is ordered for the method is the task's.
	c.s.Install(Fault{Method: "VM.hard_shutdown", Kind: RPCFailure, Failure: []string{"INTERNAL_ERROR", "x"}, Count: 1})
	task = call("", "Async.VM.hard_shutdown", vm).(string)
	for {
		r := call("", "task.get_record", task).(map[string]any)
		if r["status"] == "failure" {
			if fmt.Sprint(r["error_info"]) != "[INTERNAL_ERROR x]" {
				t.Errorf("the task is %v", r)
			}
			break
		}
	}

	// A server that closes ends what it holds.
	c.s.Hold("VM.clean_shutdown")
	c.s.Take("VM.clone", time.Hour)
	call("", "Async.VM.clean_shutdown", vm)
	call("", "Async.VM.clone", template, "late")
	if err := c.s.WaitFor(t.Context(), func() bool { return c.s.Waiting("VM.clean_shutdown") == 1 }); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	closed := make(chan error)
	go func() { closed <- c.s.Close() }()
	select {
	case err := <-closed:
		if err != nil {
			t.Error(err)
		}
	case <-ctx.Done():
		t.Fatal("it does not close")
	}
}
