package xapi

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// pool is a pool of three hosts a, b and c; a is the coordinator.
func pool() *records {
	r := newRecords()
	r.pools["P"] = poolRecord{UUID: "pool", Master: "A"}
	r.hosts["A"] = hostRecord{UUID: "a", Name: "host a", Enabled: true}
	r.hosts["B"] = hostRecord{UUID: "b", Name: "host b", OtherConfig: otherConfig{perfmon: "<config/>", defaults: "not of a host"}, Enabled: true}
	r.hosts["C"] = hostRecord{UUID: "c", Name: "host c", Enabled: true}
	return r
}

func mustBuild(t *testing.T, r *records, host string) *Inventory {
	t.Helper()
	inv, err := buildInventory(r, host)
	if err != nil {
		t.Fatal(err)
	}
	return inv
}

func TestBuildInventory(t *testing.T) {
	r := pool()
	r.vms["dom0b"] = vmRecord{UUID: "v0", Name: "Control domain", OtherConfig: otherConfig{perfmon: "<dom0/>"}, ResidentOn: "B", PowerState: "Running", ControlDomain: true}
	r.vms["web"] = vmRecord{UUID: "v1", Name: "web", OtherConfig: otherConfig{perfmon: "<web/>", state: "1"}, ResidentOn: "B", PowerState: "Running",
		Tags: words{"db", "web"}, Operations: operations{"snapshot"}}
	r.vms["away"] = vmRecord{UUID: "v2", Name: "away", ResidentOn: "A", PowerState: "Paused"}
	r.vms["off"] = vmRecord{UUID: "v3", Name: "off", ResidentOn: "OpaqueRef:NULL", PowerState: "Halted"}
	r.vms["template"] = vmRecord{UUID: "v4", Template: true}
	r.vms["snapshot"] = vmRecord{UUID: "v5", Snapshot: true}
	r.srs["nfs"] = srRecord{UUID: "s1", Name: "nfs", OtherConfig: otherConfig{perfmon: "<sr/>"}, Type: "nfs", ContentType: "user", Shared: true,
		PhysicalSize: 1000, PhysicalUtilisation: 800}
	r.srs["alone"] = srRecord{UUID: "s0", Type: "ext", PhysicalSize: 10}
	r.pbds["1"] = pbdRecord{Host: "B", SR: "nfs", Attached: true}
	r.pbds["2"] = pbdRecord{Host: "C", SR: "nfs", Attached: true}
	r.pbds["3"] = pbdRecord{Host: "gone", SR: "nfs", Attached: true}
	r.pbds["4"] = pbdRecord{Host: "B", SR: "gone", Attached: true}

	r.pools["P"] = poolRecord{UUID: "pool", Master: "A", OtherConfig: otherConfig{perfmon: "not of a pool", defaults: "<triggers/>"}}

	want := &Inventory{
		PoolDefaults: "<triggers/>",
		Host:         Host{UUID: "b", Ref: "B", Name: "host b", Config: "<config/>", Enabled: true},
		PoolUUID:     "pool",
		VMs: []VM{
			{UUID: "v0", Ref: "dom0b", Name: "Control domain", Config: "<dom0/>", PowerState: "Running", Resident: true, ControlDomain: true},
			{UUID: "v1", Ref: "web", Name: "web", Config: "<web/>", SavedState: "1", PowerState: "Running", Resident: true,
				Tags: []string{"db", "web"}, Operations: []string{"snapshot"}},
			{UUID: "v2", Ref: "away", Name: "away", PowerState: "Paused"},
			{UUID: "v3", Ref: "off", Name: "off", PowerState: "Halted"},
		},
		SRs: []SR{
			{UUID: "s0", Ref: "alone", Type: "ext", PhysicalSize: 10, NotRaised: NotRaisedUnplugged},
			{UUID: "s1", Ref: "nfs", Name: "nfs", Config: "<sr/>", Type: "nfs", ContentType: "user", Shared: true,
				PhysicalSize: 1000, PhysicalUtilisation: 800, ConnectedHere: true, AttachedHere: true, RaisedHere: true},
		},
	}
	got := mustBuild(t, r, "b")
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if !got.Equal(mustBuild(t, r, "b")) {
		t.Error("the same records give another inventory")
	}
	if a := mustBuild(t, r, "a"); !a.Coordinator || a.SRs[1].ConnectedHere || a.SRs[1].AttachedHere {
		t.Errorf("of host a: %+v", a)
	}
	if _, err := buildInventory(r, "d"); err == nil {
		t.Error("a host that is not in the pool: no error")
	}
	if _, err := buildInventory(newRecords(), ""); err == nil {
		t.Error("no records at all: no error")
	}
}

func TestUnpluggedHere(t *testing.T) {
	r := pool()
	r.srs["S"] = srRecord{UUID: "s", PhysicalSize: 100}
	r.pbds["1"] = pbdRecord{Host: "A", SR: "S", Attached: true}
	r.pbds["2"] = pbdRecord{Host: "B", SR: "S"}
	f := func(host string, connected, attached bool) {
		t.Helper()
		if sr := mustBuild(t, r, host).SRs[0]; sr.ConnectedHere != connected || sr.AttachedHere != attached {
			t.Errorf("host %s: connected %v, attached %v", host, sr.ConnectedHere, sr.AttachedHere)
		}
	}
	f("a", true, true)
	f("b", true, false)
	f("c", false, false)
}

func TestInventoryEqual(t *testing.T) {
	build := func(change func(*records)) *Inventory {
		r := pool()
		r.vms["V"] = vmRecord{UUID: "v", OtherConfig: otherConfig{perfmon: "<a/>"}}
		r.srs["S"] = srRecord{UUID: "s", PhysicalSize: 100, PhysicalUtilisation: 1}
		if change != nil {
			change(r)
		}
		return mustBuild(t, r, "a")
	}
	same := build(nil)
	for name, change := range map[string]func(*records){
		"coordinator": func(r *records) { r.pools["P"] = poolRecord{UUID: "pool", Master: "B"} },
		"pool":        func(r *records) { r.pools["P"] = poolRecord{UUID: "other", Master: "A"} },
		"host":        func(r *records) { r.hosts["A"] = hostRecord{UUID: "a", Name: "renamed"} },
		"vm":          func(r *records) { r.vms["V"] = vmRecord{UUID: "v", OtherConfig: otherConfig{perfmon: "<b/>"}} },
		"new vm":      func(r *records) { r.vms["W"] = vmRecord{UUID: "w"} },
		"defaults": func(r *records) {
			r.pools["P"] = poolRecord{UUID: "pool", Master: "A", OtherConfig: otherConfig{defaults: "x"}}
		},
		"host's tags": func(r *records) { h := r.hosts["A"]; h.Tags = words{"x"}; r.hosts["A"] = h },
		"evacuation": func(r *records) {
			h := r.hosts["A"]
			h.Operations = operations{"evacuate", "vm_start"}
			r.hosts["A"] = h
		},
		"vm's tags":  func(r *records) { v := r.vms["V"]; v.Tags = words{"x"}; r.vms["V"] = v },
		"operations": func(r *records) { v := r.vms["V"]; v.Operations = operations{"snapshot"}; r.vms["V"] = v },
		"state":      func(r *records) { v := r.vms["V"]; v.OtherConfig.state = "1"; r.vms["V"] = v },
		"sr's tags":  func(r *records) { s := r.srs["S"]; s.Tags = words{"x"}; r.srs["S"] = s },
		"sr's state": func(r *records) { s := r.srs["S"]; s.OtherConfig.state = "1"; r.srs["S"] = s },
		"sr":         func(r *records) { r.srs["S"] = srRecord{UUID: "s", PhysicalSize: 100, PhysicalUtilisation: 2} },
	} {
		if same.Equal(build(change)) {
			t.Errorf("%s: a change is not seen", name)
		}
	}
	for name, change := range map[string]func(*records){
		"another host":         func(r *records) { r.hosts["B"] = hostRecord{UUID: "b", Name: "renamed"} },
		"vm_start on the host": func(r *records) { h := r.hosts["A"]; h.Operations = operations{"vm_start"}; r.hosts["A"] = h },
		"a template":           func(r *records) { r.vms["T"] = vmRecord{Template: true} },
	} {
		if !same.Equal(build(change)) {
			t.Errorf("%s: a change that concerns nobody is seen", name)
		}
	}
}

// Who raises an SR's alarms, for each host of the pool: r for the one that
// raises, or the reason.
func TestSROwner(t *testing.T) {
	const (
		raised = NotRaised("")
		other  = NotRaisedOtherHost
		none   = NotRaisedUnplugged
	)
	plugged := func(hosts ...string) func(*records) {
		return func(r *records) {
			for _, h := range hosts {
				r.pbds["pbd of "+h] = pbdRecord{Host: h, SR: "S", Attached: true}
			}
		}
	}
	disabled := func(hosts ...string) func(*records) {
		return func(r *records) {
			for _, ref := range hosts {
				h := r.hosts[ref]
				h.Enabled = false
				r.hosts[ref] = h
			}
		}
	}
	sr := func(edit func(*srRecord)) func(*records) {
		return func(r *records) {
			s := r.srs["S"]
			edit(&s)
			r.srs["S"] = s
		}
	}
	f := func(name string, a, b, c NotRaised, changes ...func(*records)) {
		t.Run(name, func(t *testing.T) {
			r := pool()
			r.srs["S"] = srRecord{UUID: "s", Type: "nfs", ContentType: "user", PhysicalSize: 100}
			for _, change := range changes {
				change(r)
			}
			for host, want := range map[string]NotRaised{"a": a, "b": b, "c": c} {
				for range 20 { // records are in maps: whatever their order
					got := mustBuild(t, r, host).SRs[0]
					if got.NotRaised != want || got.RaisedHere != (want == "") {
						t.Fatalf("host %s: raised %v, reason %q; want %q", host, got.RaisedHere, got.NotRaised, want)
					}
				}
			}
		})
	}
	f("attached everywhere: the coordinator", raised, other, other, plugged("A", "B", "C"))
	f("the coordinator, whatever its uuid", raised, other, other, plugged("A", "B", "C"),
		func(r *records) {
			r.hosts["A"] = hostRecord{UUID: "a", Enabled: true}
			r.hosts["B"] = hostRecord{UUID: "b"}
		})
	f("the coordinator has not the lowest uuid", other, other, raised, plugged("A", "B", "C"),
		func(r *records) { r.pools["P"] = poolRecord{Master: "C"} })
	f("the coordinator, even disabled", raised, other, other, plugged("A", "B", "C"), disabled("A"))
	f("not attached to the coordinator: lowest uuid", other, raised, other, plugged("B", "C"))
	f("lowest enabled uuid", other, other, raised, plugged("B", "C"), disabled("B"))
	f("a local SR", other, other, raised, plugged("C"))
	f("of disabled hosts alone", NotRaisedNoHost, NotRaisedNoHost, NotRaisedNoHost, plugged("B", "C"), disabled("B", "C"))
	f("coordinator joined but unplugged", other, raised, other, plugged("B"),
		func(r *records) { r.pbds["x"] = pbdRecord{Host: "A", SR: "S"} })
	f("coordinator unknown", raised, other, other, plugged("A", "B"), func(r *records) { clear(r.pools) })
	f("unplugged", none, none, none, func(r *records) { r.pbds["x"] = pbdRecord{Host: "A", SR: "S"} })
	f("no PBD", none, none, none)
	f("PBD of a host that has gone", none, none, none, plugged("gone"))

	iso, size := NotRaisedISO, NotRaisedNoSize
	f("ISO content", iso, iso, iso, plugged("A"), sr(func(s *srRecord) { s.ContentType = "iso" }))
	f("ISO type", iso, iso, iso, plugged("A"), sr(func(s *srRecord) { s.Type = "iso" }))
	f("removable", iso, iso, iso, plugged("A"), sr(func(s *srRecord) { s.Type = "udev" }))
	f("without size", size, size, size, plugged("A"), sr(func(s *srRecord) { s.PhysicalSize = 0 }))
	f("with size unknown", size, size, size, plugged("A"), sr(func(s *srRecord) { s.PhysicalSize = -1 }))
}
