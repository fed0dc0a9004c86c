package monitor

import (
	"fmt"
	"maps"
	"regexp"
	"strings"
	"testing"

	"perfmon/alarm"
	"perfmon/monitor/config"
)

// change puts an inventory in force that differs from the last one by what f
// does to it.
func (w *world) change(f func(inv *Inventory)) {
	inv := *w.inv
	inv.Objects, inv.Files = map[Object]*Facts{}, maps.Clone(w.inv.Files)
	for key, facts := range w.inv.Objects {
		copied := *facts
		inv.Objects[key] = &copied
	}
	if inv.Files == nil {
		inv.Files = map[string]string{}
	}
	f(&inv)
	w.inv = &inv
	w.m.setInventory(w.inv)
	w.m.keep() // as the loop does
}

func (w *world) file(class, text string) {
	w.change(func(inv *Inventory) { inv.Files[class] = text })
}

func (w *world) poolDefaults(text string) {
	w.change(func(inv *Inventory) { inv.PoolDefaults = text })
}

func (w *world) tag(class, uuid string, tags ...string) {
	w.change(func(inv *Inventory) { inv.Objects[Object{class, uuid}].Tags = tags })
}

var place = regexp.MustCompile(`:\d+:\d+`)

// inForce is the variables of an object with their levels, in order, and
// where each comes from.
func (w *world) inForce(class, uuid string) string {
	o := w.m.objects[Object{class, uuid}]
	if o == nil {
		return "unknown"
	}
	from := map[string]string{}
	for i, c := range o.effective.Variables {
		from[c.Name] = " from " + place.ReplaceAllString(o.provenance[i].From.String(), "")
	}
	var words []string
	for _, v := range o.vars {
		words = append(words, fmt.Sprintf("%s %v%s", v.conf.Name, v.conf.Level, from[v.conf.Name]))
	}
	return strings.Join(words, ", ")
}

func (w *world) wantInForce(question, class, uuid, want string) {
	w.t.Helper()
	if got := w.inForce(class, uuid); got != want {
		w.t.Errorf("%s:\n got  %s\n want %s", question, got, want)
	}
}

// block is shortXML for a class and a tag.
func block(class, tag, short string) string {
	head := fmt.Sprintf("<config class=%q", class)
	if tag != "" {
		head += fmt.Sprintf(" tag=%q", tag)
	}
	return strings.Replace(shortXML(short), "<config", head, 1)
}

func triggers(blocks ...string) string {
	return "<triggers>" + strings.Join(blocks, "") + "</triggers>"
}

// twoVMs is a host with the VMs a and b.
func twoVMs(t *testing.T, o Options) *world {
	w := newWorld(t, o, "vm/a/cpu0", "vm/b/cpu0", hostCPU)
	w.giveXML("vm", "a", "")
	w.giveXML("vm", "b", "")
	return w
}

func TestInheritanceInOrderOfPrecedence(t *testing.T) {
	w := twoVMs(t, Options{})
	w.poolDefaults(triggers(block("vm", "", "cpu_usage level=0.1"), block("vm", "db", "cpu_usage level=0.2"), block("host", "", "cpu_usage level=0.7")))
	w.wantInForce("the pool, by class", "vm", "a", "cpu_usage 0.1 from pool:other-config:perfmon-defaults")
	w.wantInForce("another class", "host", "h", "cpu_usage 0.7 from pool:other-config:perfmon-defaults")
	w.tag("vm", "a", "db")
	w.wantInForce("the pool, by tag", "vm", "a", `cpu_usage 0.2 from pool:other-config:perfmon-defaults (tag "db")`)
	w.file("vm", shortXML("cpu_usage level=0.3"))
	w.wantInForce("the file, by class", "vm", "a", "cpu_usage 0.3 from triggers/vm.xml")
	w.file("vm", triggers(block("vm", "", "cpu_usage level=0.3"), block("vm", "db", "cpu_usage level=0.4")))
	w.wantInForce("the file, by tag", "vm", "a", `cpu_usage 0.4 from triggers/vm.xml (tag "db")`)
	w.wantInForce("without the tag", "vm", "b", "cpu_usage 0.3 from triggers/vm.xml")
	w.give("vm", "a", "cpu_usage level=0.5")
	w.wantInForce("its own", "vm", "a", "cpu_usage 0.5 from other-config:perfmon")
	w.giveXML("vm", "a", `<config><disable name="cpu_usage"/></config>`)
	w.wantInForce("switched off", "vm", "a", "")
	w.giveXML("vm", "a", "")
	w.tag("vm", "a")
	w.file("vm", "")
	w.poolDefaults("")
	w.wantInForce("nothing", "vm", "a", "")
	if w.logged("trigger configuration") != 0 {
		t.Errorf("something was reported:\n%s", w.log.String())
	}
}

// What an object inherits is as good as its own: an edit of the wording keeps
// the state wherever it is made, and one of the meaning does not.
func TestInheritedAlarmLivesAndEnds(t *testing.T) {
	w := twoVMs(t, Options{})
	w.file("vm", shortXML("cpu_usage level=0.5 period=60"))
	w.row(0, 0.9, 0.1, 0)
	w.poll(5)
	w.file("vm", "\n"+shortXML("cpu_usage level=0.50 period=60"))
	w.poolDefaults(triggers(block("vm", "", "cpu_usage level=0.5 period=60")))
	w.file("vm", "") // the pool's says the same
	w.give("vm", "a", "cpu_usage level=0.5 period=60")
	w.wantTold("four hands", "a:cpu_usage raised@0")
	w.giveXML("vm", "a", "")
	w.poolDefaults("")
	w.wantTold("removed", "a:cpu_usage raised@0, a:cpu_usage cleared@0 config")
}

func TestInheritedAlarmSurvivesARestart(t *testing.T) {
	for _, files := range []bool{true, false} {
		w := twoVMs(t, Options{})
		w.file("vm", shortXML("cpu_usage level=0.5 period=60"))
		w.poolDefaults(triggers(block("host", "", "cpu_usage level=0.5 period=60")))
		w.row(0, 0.9, 0, 0.9)
		w.poll(5)
		w.change(func(inv *Inventory) {
			if !files { // nobody has been able to read it yet
				delete(inv.Files, "vm")
			}
		})
		w.restart()
		w.row(60, 0.9, 0, 0.9)
		w.poll(65)
		w.wantTold(fmt.Sprintf("restart with files %v", files), "a:cpu_usage raised@0, h:cpu_usage raised@0")
		w.row(120, 0, 0, 0)
		w.poll(125)
		w.wantTold(fmt.Sprintf("and after it, with files %v", files), "a:cpu_usage raised@0, h:cpu_usage raised@0, a:cpu_usage cleared@120 level, h:cpu_usage cleared@120 level")
	}
}

// What was taken out of a layer while nobody looked ends.
func TestInheritedAlarmEndsOverARestart(t *testing.T) {
	w := twoVMs(t, Options{})
	w.file("vm", shortXML("cpu_usage level=0.5 period=60"))
	w.row(0, 0.9, 0, 0)
	w.poll(5)
	inv := *w.inv
	inv.Files = map[string]string{"vm": ""}
	w.inv = &inv
	w.restart()
	w.row(60, 0.9, 0, 0)
	w.poll(65)
	w.wantTold("ended", "a:cpu_usage raised@0, a:cpu_usage cleared@0 config")
	w.restart()
	w.row(120, 0.9, 0, 0)
	w.poll(125)
	w.wantTold("once", "a:cpu_usage raised@0, a:cpu_usage cleared@0 config")
	if text, ok := w.saved.Configs[Object{layerClass, "vm.xml"}]; ok && text != "" {
		t.Errorf("%q is kept of a file that has gone", text)
	}
}

func TestSpoiledLayerKeepsItsLastGoodText(t *testing.T) {
	w := twoVMs(t, Options{})
	good := triggers(block("vm", "", "cpu_usage level=0.5"), block("vm", "db", "cpu_usage level=0.6"))
	w.poolDefaults(good)
	w.tag("vm", "b", "db")
	f := func(question, text, a, b string) {
		t.Helper()
		w.poolDefaults(text)
		for _, restarted := range []bool{false, true} {
			if restarted {
				w.restart()
			}
			question := fmt.Sprintf("%s, restarted %v", question, restarted)
			w.wantInForce(question, "vm", "a", a)
			w.wantInForce(question, "vm", "b", b)
		}
	}
	const from = " from pool:other-config:perfmon-defaults"
	f("cannot be read", "<triggers>", "cpu_usage 0.5"+from, `cpu_usage 0.6`+from+` (tag "db")`)
	f("one is refused", triggers(block("vm", "", "cpu_usage level=x; other level=1 regex=x"), block("vm", "db", "cpu_usage level=0.7")),
		"cpu_usage 0.5"+from+" (the last good text), other 1"+from, `cpu_usage 0.7`+from+` (tag "db"), other 1`+from)
	w.poolDefaults(" \n")
	w.wantInForce("emptied", "vm", "a", "")
}

func TestLayerIsReportedOnce(t *testing.T) {
	w := newWorld(t, Options{}, hostCPU)
	for i := range 50 {
		w.giveXML("vm", fmt.Sprint(i), "")
	}
	w.file("vm", shortXML("cpu_usage level=x"))
	w.file("host", "<config>")
	w.poolDefaults(`<config><variable/></config>`)
	w.tag("vm", "7", "db")
	for i := range int64(3) {
		w.poll(60 * i)
		w.change(func(*Inventory) {})
	}
	f := func(text string) {
		t.Helper()
		if n := w.logged(text); n != 1 {
			t.Errorf("%q is logged %d times, want once:\n%s", text, n, w.log.String())
		}
	}
	f("from=triggers/vm.xml class=vm variable=cpu_usage at=1:44")
	f("from=triggers/host.xml class=host")
	f("from=pool:other-config:perfmon-defaults variable")
	want := map[Object]int{{"vm", ""}: 1, {"host", "h"}: 1, {"pool", "p"}: 1}
	w.change(func(inv *Inventory) { inv.PoolUUID = "p" })
	if got := w.m.configErrors(); !maps.Equal(got, want) {
		t.Errorf("errors %v, want %v", got, want)
	}
}

// Objects are made anew only where something changed for them.
func TestOnlyWhatChangedIsMadeAnew(t *testing.T) {
	w := twoVMs(t, Options{})
	w.file("vm", shortXML("cpu_usage level=0.5"))
	of := func(uuid string) *config.Config { return w.m.objects[Object{"vm", uuid}].effective }
	a, b := of("a"), of("b")
	w.change(func(*Inventory) {})
	w.file("sr", shortXML("physical_utilisation level=0.5"))
	if of("a") != a || of("b") != b {
		t.Error("an inventory that changes nothing for them")
	}
	w.tag("vm", "a", "db")
	w.give("host", "h", "cpu_usage level=0.5")
	if of("a") == a || of("b") != b {
		t.Error("a tag of the other one")
	}
	b = of("b")
	w.file("vm", "<config>") // refused as a whole
	if of("b") != b {
		t.Error("a file that changes nothing")
	}
}

func TestLegacyInheritsNothing(t *testing.T) {
	w := twoVMs(t, Options{Legacy: true})
	w.file("vm", shortXML("cpu_usage level=x"))
	w.poolDefaults("<triggers>")
	w.wantInForce("legacy", "vm", "a", "")
	if w.logged("trigger configuration") != 0 || len(w.m.configErrors()) != 0 {
		t.Errorf("reported:\n%s", w.log.String())
	}
}

// An inherited variable that reads dom0 is for control domains; an object's
// own goes on as it was.
func TestInheritedReadingsAreForControlDomains(t *testing.T) {
	w := twoVMs(t, Options{})
	w.file("vm", shortXML("fs_usage; cpu_usage level=0.5"))
	w.change(func(inv *Inventory) { inv.Objects[Object{"vm", "b"}].ControlDomain = true })
	w.wantInForce("a VM", "vm", "a", "cpu_usage 0.5 from triggers/vm.xml")
	w.wantInForce("the control domain", "vm", "b", "fs_usage 0.9 from triggers/vm.xml, cpu_usage 0.5 from triggers/vm.xml")
	w.give("vm", "a", "mem_usage")
	w.wantInForce("its own", "vm", "a", "mem_usage 0.95 from other-config:perfmon, cpu_usage 0.5 from triggers/vm.xml")
	if n := w.logged("reads the control domain"); n != 1 {
		t.Errorf("%d warnings, want one", n)
	}
}

// A class has objects without what others have; only an object's own triggers
// are worth a warning then.
func TestInheritedVariableWithoutColumnsIsNoWarning(t *testing.T) {
	w := twoVMs(t, Options{})
	w.file("vm", shortXML("memory_internal_free level=5"))
	w.row(0, 0, 0, 0)
	w.poll(5)
	if n := w.logged("level=WARN"); n != 0 {
		t.Errorf("%d warnings:\n%s", n, w.log.String())
	}
	w.give("vm", "a", "memory_internal_free level=4")
	w.poll(65)
	if n := w.logged("level=WARN"); n != 1 {
		t.Errorf("%d warnings, want one:\n%s", n, w.log.String())
	}
}

// The one host is like no other.
func TestInheritedVariableOfTheHostWithoutColumnsIsAWarning(t *testing.T) {
	w := newWorld(t, Options{}, hostCPU)
	w.file("host", shortXML("x level=5 regex=none"))
	w.row(0, 0)
	w.poll(5)
	if n := w.logged("level=WARN msg=\"variable: no data source"); n != 1 {
		t.Errorf("%d warnings, want one:\n%s", n, w.log.String())
	}
}

func TestPerHostVariableIsInherited(t *testing.T) {
	const sr = "12345678-aaaa-bbbb-cccc-ddddeeeeffff"
	const name = "sr_io_throughput_total_12345678"
	w := newWorld(t, Options{}, "host/h/io_throughput_total_12345678")
	w.giveXML("sr", sr, "")
	w.file("sr", triggers(block("sr", "", "sr_io_throughput_total_per_host level=1 period=60 inhibit=0")))
	w.row(0, 1.5)
	w.wantAlarms("every SR asks", w.poll(5), name+"@0")
	if body := w.alarms[0].Body; !strings.Contains(body, `uuid="`+sr+`"`) {
		t.Errorf("body %q", body)
	}
	f := func(question, want string) {
		t.Helper()
		w.wantInForce(question, "host", "h", want)
	}
	w.giveXML("host", "h", `<config><disable name="`+name+`"/></config>`)
	f("switched off by the host", "")
	w.giveXML("host", "h", "")
	w.file("host", `<config><disable name="`+name+`"/></config>`)
	f("by the hosts' file", "")
	w.file("host", shortXML(name+" level=3"))
	f("replaced by the hosts' file", name+" 3 from triggers/host.xml")
	w.file("host", "")
	w.giveXML("sr", sr, `<config><disable name="sr_io_throughput_total_per_host"/></config>`)
	f("switched off by the SR", "")
	w.give("sr", sr, "sr_io_throughput_total_per_host level=7")
	f("the SR's own", name+" 7")
	w.giveXML("sr", sr, "")
	w.tag("sr", sr, "slow")
	w.file("sr", triggers(block("sr", "", "sr_io_throughput_total_per_host level=1"), block("sr", "slow", "sr_io_throughput_total_per_host level=0.5")))
	f("by tag", name+" 0.5")
}

func TestPointlessDisableIsReportedWhenItBecomesPointless(t *testing.T) {
	w := twoVMs(t, Options{})
	w.file("vm", shortXML("cpu_usage level=0.5"))
	w.giveXML("vm", "a", `<config><disable name="cpu_usage"/></config>`)
	if w.logged("nothing of that name") != 0 {
		t.Error("reported while it has something to switch off")
	}
	w.file("vm", "")
	w.file("vm", shortXML("network_usage level=0.5"))
	w.tag("vm", "a", "x")
	if n := w.logged("nothing of that name"); n != 1 {
		t.Errorf("reported %d times, want once", n)
	}
}

func TestLabelsAreInherited(t *testing.T) {
	w := twoVMs(t, Options{})
	w.file("vm", strings.Replace(shortXML("cpu_usage level=0.5 period=60"), "</variable>", `<alarm_labels value="team=web"/></variable>`, 1))
	w.row(0, 0.9, 0, 0)
	w.poll(5)
	if len(w.events) == 0 || w.events[0].Kind != alarm.KindRaised || w.events[0].Labels["team"] != "web" {
		t.Errorf("events %v", w.events)
	}
	if v := w.m.Snapshot().Variables[0]; v.Labels["team"] != "web" {
		t.Errorf("%+v", v)
	}
}
