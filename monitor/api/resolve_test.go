package api

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"perfmon/alarm"
	"perfmon/monitor"
	"perfmon/rrd"
)

const (
	hostUUID = "0b5a1b6c-63cf-4f3c-a0cb-0a3c1f4f1f10"
	webUUID  = "5c2bd0d2-2d5a-4d0e-a1c6-0e8f2e0b9c11"
	dbUUID   = "5c2bffff-2d5a-4d0e-a1c6-0e8f2e0b9c12"
	twinUUID = "9d1e0000-0000-4000-8000-000000000001"
	awayUUID = "77770000-0000-4000-8000-000000000001"
	srUUID   = "aaaa1111-0000-4000-8000-000000000001"
	newUUID  = "bbbb1111-0000-4000-8000-000000000001"
)

// snapshotOf is a host with VMs and an SR. Of one VM nobody but the legend
// knows, another is on another host.
func snapshotOf() *monitor.Snapshot {
	facts := func(name string, here bool) *monitor.Facts { return &monitor.Facts{Name: name, Resident: here} }
	return &monitor.Snapshot{
		Inventory: &monitor.Inventory{HostUUID: hostUUID, Objects: map[monitor.Object]*monitor.Facts{
			{Class: "host", UUID: hostUUID}: facts("xcp-1", true),
			{Class: "vm", UUID: webUUID}:    facts("web-07", true),
			{Class: "vm", UUID: dbUUID}:     facts("twin", true),
			{Class: "vm", UUID: twinUUID}:   facts("twin", true),
			{Class: "vm", UUID: awayUUID}:   facts("far", false),
			{Class: "sr", UUID: srUUID}:     facts("5c2b", true),
		}},
		Legend:    &rrd.Legend{Entries: []rrd.Entry{{Class: "vm", UUID: newUUID, Name: "cpu0"}}},
		Variables: []monitor.VariableStatus{{ID: alarm.ID{Class: "vm", UUID: newUUID, Variable: "x"}}},
	}
}

func TestResolve(t *testing.T) {
	s := snapshotOf()
	f := func(text, class, uuid string) {
		t.Helper()
		o, err := Resolve(s, text)
		if err != nil || o.Class != class || o.UUID != uuid {
			t.Errorf("%q: %v, %v", text, o, err)
		}
	}
	f("host", "host", hostUUID)
	f("xcp-1", "host", hostUUID)
	f("host:"+hostUUID, "host", hostUUID)
	f("host:0b5a", "host", hostUUID)
	f(webUUID, "vm", webUUID)
	f(strings.ToUpper(webUUID), "vm", webUUID)
	f("vm:"+webUUID, "vm", webUUID)
	f("5c2bd", "vm", webUUID)
	f("5C2BD0D2-2", "vm", webUUID)
	f("vm:5c2bd", "vm", webUUID)
	f("web-07", "vm", webUUID)
	f("vm:web-07", "vm", webUUID)
	f("sr:5c2b", "sr", srUUID) // by name: no uuid of an SR begins so
	f("aaaa", "sr", srUUID)
	f("bbbb", "vm", newUUID)

	refused := func(text string, status int, says string, known ...string) {
		t.Helper()
		o, err := Resolve(s, text)
		var r *Refusal
		if !errors.As(err, &r) {
			t.Errorf("%q: %v, %v", text, o, err)
			return
		}
		if r.status != status || !strings.Contains(r.Message, says) || r.Fix == "" || known != nil && !slices.Equal(r.Known, known) {
			t.Errorf("%q: %d %+v, want %d, %q, %q", text, r.status, r, status, says, known)
		}
	}
	refused("", 400, "no object is named")
	refused("5c2b", 409, `"5c2b" can be 3 objects`, "vm:"+dbUUID+" twin", "vm:"+webUUID+" web-07", "sr:"+srUUID+" 5c2b")
	refused("vm:5c2b", 409, "can be 2 objects", "vm:"+dbUUID+" twin", "vm:"+webUUID+" web-07")
	refused("twin", 409, "can be 2 objects", "vm:"+dbUUID+" twin", "vm:"+twinUUID+" twin")
	refused("WEB", 404, `no object "WEB"`, "vm:"+webUUID+" web-07")
	refused("5c2", 404, "no object", "sr:"+srUUID+" 5c2b")
	refused("vm:WEB", 404, `no object "vm:WEB"`, "vm:"+webUUID+" web-07")
	refused("sr:nfs", 404, "no object", "sr:"+srUUID+" 5c2b")
	refused("sr:"+webUUID, 404, "no object")
	refused("far", 404, "vm:"+awayUUID+" far is not on this host")
	refused("host:far", 404, "no object")
	if _, err := Resolve(s, "zzz"); len(err.(*Refusal).Known) != 6 {
		t.Errorf("all should be named: %+v", err)
	}
	if _, err := Resolve(nil, "host"); err.(*Refusal).status != 503 {
		t.Errorf("before the first poll: %v", err)
	}
}

// TestResolveAmongMany: a refusal stays short.
func TestResolveAmongMany(t *testing.T) {
	s := snapshotOf()
	for i := range 500 {
		s.Variables = append(s.Variables, monitor.VariableStatus{ID: alarm.ID{Class: "vm", UUID: strings.Repeat("c", 1+i)}})
	}
	_, err := Resolve(s, "zzz")
	if n := len(err.(*Refusal).Known); n != maxKnown {
		t.Errorf("%d objects are named", n)
	}
}

// TestResolveWithoutAnInventory: what rows have come of is known by uuid.
func TestResolveWithoutAnInventory(t *testing.T) {
	s := snapshotOf()
	s.Inventory = nil
	if o, err := Resolve(s, "bbbb"); err != nil || o.UUID != newUUID {
		t.Errorf("%v, %v", o, err)
	}
	if o, err := Resolve(s, "host"); err == nil {
		t.Errorf("%v is the host, though nobody has said so", o)
	}
}
