package monitor

import "testing"

// TestSameConfigurationIsSharedInMemory: a thousand VMs are often told the
// same.
func TestSameConfigurationIsSharedInMemory(t *testing.T) {
	w := newWorld(t, Options{}, "vm/a/cpu0")
	w.change(func(inv *Inventory) {
		facts := func(name, level string, tags ...string) *Facts {
			return &Facts{Name: name, Resident: true, Running: true, Tags: tags, Config: shortXML("cpu_usage level=" + level)}
		}
		inv.Objects = map[Object]*Facts{
			{"vm", "a"}: facts("a", "0.5"), {"vm", "b"}: facts("b", "0.5"), {"vm", "other"}: facts("other", "0.25"),
			{"vm", "tagged"}: facts("tagged", "0.5", "production"),
		}
		inv.Files["vm"] = triggers(block("vm", "production", "network_usage level=7"))
	})
	of := func(uuid string) *object { return w.m.objects[Object{"vm", uuid}] }
	if a, b := of("a"), of("b"); a.own != b.own || a.effective != b.effective || &a.provenance[0] != &b.provenance[0] {
		t.Error("the same configuration is there twice")
	}
	w.wantInForce("one", "vm", "a", "cpu_usage 0.5 from other-config:perfmon")
	w.wantInForce("another text", "vm", "other", "cpu_usage 0.25 from other-config:perfmon")
	w.wantInForce("another tag", "vm", "tagged", `cpu_usage 0.5 from other-config:perfmon, network_usage 7 from triggers/vm.xml (tag "production")`)
	if w.m.combined != nil {
		t.Error("what an inventory needed is kept")
	}
}
