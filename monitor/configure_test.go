package monitor

import (
	"strings"
	"testing"
)

func TestEditsOfWordingKeepState(t *testing.T) {
	w := newWorld(t, Options{}, hostCPU)
	variable := func(inner string) string { return `<config><variable>` + inner + `</variable></config>` }
	w.giveXML("host", "h", variable(`<name value="cpu_usage"/><alarm_trigger_level value="0.5"/><alarm_trigger_period value="120"/>`))
	w.row(0, 0.9)
	w.poll(5)
	w.giveXML("host", "h", variable("\n\t<!-- a comment -->\n <name value='cpu_usage' /> <alarm_trigger_period value=\"120\"/><alarm_trigger_level value=\"0.50\"/>\n"))
	w.row(60, 0.9)
	w.wantAlarms("progress went on", w.poll(65), "cpu_usage@60")
	if body := w.alarms[0].Body; !strings.Contains(body, "<!-- a comment -->") {
		t.Errorf("the body has the old text: %q", body)
	}
}

func TestEditsOfMeaningResetProgressAndKeepInhibit(t *testing.T) {
	const base = "cpu_usage level=0.5 period=120 inhibit=600 regex=cpu[0-9]+ fn=average sense=high"
	for _, edit := range []string{"level=0.6", "period=121", "regex=cpu0", "fn=max", "sense=low level=2"} {
		changed := base
		for one := range strings.FieldsSeq(edit) {
			key, _, _ := strings.Cut(one, "=")
			words := strings.Fields(changed)
			for i, word := range words {
				if strings.HasPrefix(word, key+"=") {
					words[i] = one
				}
			}
			changed = strings.Join(words, " ")
		}
		w := steady(t, base)
		w.row(0, 0.9)
		w.row(60, 0.9)
		w.wantAlarms("before "+edit, w.poll(65), "cpu_usage@60")
		w.row(120, 0.9)
		w.wantAlarms("half way again", w.poll(125), "")
		w.give("host", "h", changed)
		if v := w.m.objects[Object{"host", "h"}].vars[0]; v.trig.BadFor != 0 || v.trig.RaisedAt == 0 {
			t.Errorf("%s: progress %d s (want 0), inhibit kept %v (want true)", edit, v.trig.BadFor, v.trig.RaisedAt != 0)
		}
	}
	w := steady(t, base)
	w.row(0, 0.9)
	w.poll(5)
	w.give("host", "h", base+" priority=1")
	if v := w.m.objects[Object{"host", "h"}].vars[0]; v.trig.BadFor != 60 {
		t.Errorf("a new priority reset the progress to %d s", v.trig.BadFor)
	}
}

func TestBadVariableKeepsItsLastGoodVersion(t *testing.T) {
	w := steady(t, "a level=0.5 period=120 inhibit=0 regex=cpu0; cpu_usage level=0.5 period=120 inhibit=0")
	w.row(0, 0.9)
	w.poll(5)
	w.give("host", "h", "a level=oops period=120 inhibit=0 regex=cpu0; cpu_usage level=0.5 period=120 inhibit=0")
	if n := w.m.configErrors()[Object{"host", "h"}]; n != 1 {
		t.Errorf("%d configuration errors, want 1", n)
	}
	w.row(60, 0.9)
	w.wantAlarms("both go on where they were", w.poll(65), "a@60 cpu_usage@60")
	w.giveXML("host", "h", "<config><variable>")
	w.row(120, 0.9)
	w.row(180, 0.9)
	w.wantAlarms("and with a document that cannot be read", w.poll(185), "a@180 cpu_usage@180")
	w.give("host", "h", "cpu_usage level=0.5 period=120 inhibit=0")
	w.row(240, 0.9)
	w.row(300, 0.9)
	w.wantAlarms("until it is removed", w.poll(305), "cpu_usage@300")
	if n := len(w.m.configErrors()); n != 0 {
		t.Errorf("%d objects with errors after the repair", n)
	}
}

func TestFirstTextThatCannotBeRead(t *testing.T) {
	w := newWorld(t, Options{}, hostCPU)
	w.giveXML("host", "h", "<config")
	w.row(0, 0.9)
	w.wantAlarms("no variables", w.poll(5), "")
	if w.m.configErrors()[Object{"host", "h"}] == 0 {
		t.Error("the error is not counted")
	}
	w.give("host", "h", "cpu_usage level=0.5 period=60")
	w.row(60, 0.9)
	w.wantAlarms("after the repair", w.poll(65), "cpu_usage@60")
}

func TestProblemsAreLoggedOncePerText(t *testing.T) {
	w := steady(t, "cpu_usage level=oops")
	for i := range int64(3) {
		w.poll(60 * i)
		w.m.setInventory(w.inv)
	}
	if n := w.logged("trigger configuration"); n != 1 {
		t.Errorf("logged %d times, want once:\n%s", n, w.log.String())
	}
}

func TestConfigurationGoesWithTheObject(t *testing.T) {
	w := newWorld(t, Options{}, "vm/a/cpu0", hostCPU)
	w.give("vm", "a", "cpu_usage level=0.5 period=60")
	inv := *w.inv
	inv.Objects = map[Object]*Facts{{"host", "h"}: {Resident: true}}
	w.m.setInventory(&inv)
	w.row(0, 0.9, 0)
	w.wantAlarms("a VM that no inventory names", w.poll(5), "")
}

func TestVMThatIsArrivingIsKnown(t *testing.T) {
	w := newWorld(t, Options{}, hostCPU)
	w.give("vm", "a", "cpu_usage level=0.5 period=60")
	w.inv.Objects[Object{"vm", "a"}].Resident = false
	w.m.setInventory(w.inv)
	w.setColumns("vm/a/cpu0", hostCPU)
	w.row(0, 0.9, 0)
	w.wantAlarms("in the legend before its record says so", w.poll(5), "cpu_usage@0")
}

func TestHostUUIDChange(t *testing.T) {
	w := steady(t, "cpu_usage level=0.5 period=60")
	w.row(0, 0.9)
	w.wantAlarms("the old host", w.poll(5), "cpu_usage@0")
	w.setColumns("host/h2/cpu0")
	w.inv = &Inventory{HostUUID: "h2", Objects: map[Object]*Facts{}}
	w.give("host", "h2", "cpu_usage level=0.5 period=60")
	w.row(60, 0.9)
	w.wantAlarms("the new one", w.poll(65), "cpu_usage@60")
	if w.alarms[0].UUID != "h2" || w.logged("uuid changed: adopted") != 1 {
		t.Errorf("raised for %s, logged %d times", w.alarms[0].UUID, w.logged("uuid changed: adopted"))
	}
}

func TestPerHostVariableOfAnSR(t *testing.T) {
	const sr = "12345678-aaaa-bbbb-cccc-ddddeeeeffff"
	w := newWorld(t, Options{}, "host/h/io_throughput_total_12345678")
	w.give("sr", sr, "sr_io_throughput_total_per_host level=0.01 period=60 inhibit=0")
	w.row(0, 1.5)
	w.wantAlarms("asked by the SR", w.poll(5), "sr_io_throughput_total_12345678@0")
	a := w.alarms[0]
	if a.Class != "host" || a.UUID != "h" || !strings.Contains(a.Body, `<configured_on class="SR" uuid="`+sr+`"/>`) {
		t.Errorf("alarm of %s %s with body %q", a.Class, a.UUID, a.Body)
	}
	w.give("host", "h", "sr_io_throughput_total_12345678 level=2 period=60 inhibit=0")
	w.row(60, 1.5)
	w.wantAlarms("overridden by the host's own", w.poll(65), "")
	w.give("host", "h", "")
	w.row(120, 1.5)
	w.wantAlarms("active again", w.poll(125), "sr_io_throughput_total_12345678@120")
	w.inv.Objects[Object{"sr", sr}].Resident = false
	w.m.setInventory(w.inv)
	w.row(180, 1.5)
	w.wantAlarms("the SR is unplugged", w.poll(185), "")
}

func TestLegacyHasNoSRVariables(t *testing.T) {
	w := newWorld(t, Options{Legacy: true}, "sr/s/size", "sr/s/physical_utilisation", hostCPU)
	w.give("sr", "s", "physical_utilisation level=0.5 period=60")
	w.row(0, 100, 90, 0)
	w.wantAlarms("legacy", w.poll(5), "")
}
