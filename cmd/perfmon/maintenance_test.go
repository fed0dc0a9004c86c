package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"perfmon/monitor"
	"perfmon/xapi"
)

func TestMaintenanceOfTheRecords(t *testing.T) {
	vm := func(want string, operations ...string) {
		t.Helper()
		if got := vmMaintenance(operations); got != want {
			t.Errorf("%q: %q, want %q", operations, got, want)
		}
	}
	vm("")
	vm("", "start", "changing_dynamic_range", "")
	vm("migrating", "pool_migrate")
	vm("migrating", "migrate_send", "snapshot")
	vm("snapshot", "checkpoint")
	vm("snapshot", "snapshot_with_quiesce")
	for _, operation := range []string{"clean_shutdown", "hard_shutdown", "shutdown", "clean_reboot", "hard_reboot", "suspend"} {
		vm("shutting down", operation, "snapshot")
	}
	host := func(want string, h xapi.Host) {
		t.Helper()
		if got := hostMaintenance(h); got != want {
			t.Errorf("%+v: %q, want %q", h, got, want)
		}
	}
	host("", xapi.Host{Enabled: true})
	host("disabled", xapi.Host{})
	host("evacuating", xapi.Host{Enabled: true, Evacuating: true})
	host("evacuating", xapi.Host{Evacuating: true})
}

func TestInventoryInTheMonitorsWords(t *testing.T) {
	got := inventoryOf(&xapi.Inventory{
		Host:     xapi.Host{UUID: "h", Name: "host", Config: "<h/>", SavedState: "hs", Tags: []string{"a"}, Enabled: true},
		PoolUUID: "p", PoolDefaults: "<triggers/>",
		VMs: []xapi.VM{{UUID: "v", Name: "web", Config: "<v/>", SavedState: "vs", Tags: []string{"b", "c"}, Operations: []string{"suspend"}, Resident: true}},
		SRs: []xapi.SR{
			{UUID: "s", Config: "<s/>", SavedState: "ss", Tags: []string{"d"}, PhysicalSize: 9, PhysicalUtilisation: 3, AttachedHere: true, RaisedHere: true},
			{UUID: "elsewhere"},
		},
	})
	want := &monitor.Inventory{
		HostUUID: "h", PoolUUID: "p", PoolDefaults: "<triggers/>",
		Objects: map[monitor.Object]*monitor.Facts{
			{Class: "host", UUID: "h"}: {Name: "host", Config: "<h/>", SavedState: "hs", Tags: []string{"a"}, Resident: true},
			{Class: "vm", UUID: "v"}:   {Name: "web", Config: "<v/>", SavedState: "vs", Tags: []string{"b", "c"}, Maintenance: "shutting down", Resident: true},
			{Class: "sr", UUID: "s"}: {Config: "<s/>", SavedState: "ss", Tags: []string{"d"}, Resident: true,
				SR: &monitor.SRFacts{Size: 9, Utilisation: 3, RaisedHere: true}},
		},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
