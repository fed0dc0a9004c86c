package monitor

import (
	"strings"
	"testing"
)

func TestDroppedElementsAreTold(t *testing.T) {
	const before = `<config><variable><name value="cpu_usage"/><alarm_trigger_level value="0.9"/><alarm_clear_level value="0.8"/>` +
		`<alarm_labels value="team=R &amp; D's, tier=gold"/></variable><variable><name value="mine"/><rrd_regex value="cpu0"/><alarm_trigger_level value="1"/></variable>` +
		`<disable name="network_usage"/></config>`
	const after = `<config><variable><name value="cpu_usage"/><alarm_trigger_level value="0.95"/><alarm_trigger_period value="300"/><alarm_auto_inhibit_period value="3600"/></variable></config>`
	const told = `msg="a GUI seems to have dropped elements that it does not know" class=vm uuid=a name="" variable=cpu_usage lost="alarm_clear_level, alarm_labels" ` +
		`fix="perfmonctl set vm:a cpu_usage clear_level=0.8 labels='team=R & D'\\''s, tier=gold'"`
	const toldDisable = `variable=network_usage lost=disable fix="write <disable name=\"network_usage\"/> into other-config:perfmon again"`
	f := func(question string, times int, change func(w *world)) {
		t.Helper()
		w := twoVMs(t, Options{})
		w.giveXML("vm", "a", before)
		w.m.keep()
		change(w)
		got := strings.Count(strings.ReplaceAll(w.log.String(), `\\''`, `\''`), strings.ReplaceAll(told, `\\''`, `\''`))
		if disables := w.logged(toldDisable); got != times || disables != times {
			t.Errorf("%s: told %d and %d times, want %d:\n%s", question, got, disables, times, w.log.String())
		}
	}
	f("as it was", 0, func(*world) {})
	f("rewritten by a GUI", 1, func(w *world) { w.giveXML("vm", "a", after) })
	f("while the agent was down", 1, func(w *world) {
		w.change(func(inv *Inventory) { inv.Objects[Object{"vm", "a"}].Config = after })
	})
	f("once", 1, func(w *world) {
		w.giveXML("vm", "a", after)
		w.m.keep()
		w.restart()
		w.giveXML("vm", "a", strings.Replace(after, "300", "600", 1))
	})
	f("after a spoiled text", 1, func(w *world) {
		w.giveXML("vm", "a", "<config>")
		w.m.keep()
		w.giveXML("vm", "a", after)
	})
	f("of a text that was not good as a whole", 1, func(w *world) {
		w.giveXML("vm", "a", "")
		w.m.keep()
		w.giveXML("vm", "a", strings.Replace(before, "<config>", "<config><variable/>", 1))
		w.giveXML("vm", "a", after)
	})
	f("with another editor", 0, func(w *world) {
		w.giveXML("vm", "a", strings.Replace(before, `<alarm_clear_level value="0.8"/>`, "", 1))
	})
	f("removed", 0, func(w *world) { w.giveXML("vm", "a", "") })
}

// The next run knows what the last one had in force.
func TestDroppedElementsAreToldAfterARestart(t *testing.T) {
	w := twoVMs(t, Options{})
	w.giveXML("vm", "a", `<config><variable><name value="cpu_usage"/><alarm_trigger_level value="0.9"/><alarm_clear_period value="60"/></variable></config>`)
	w.m.keep()
	inv := *w.inv
	inv.Objects = map[Object]*Facts{{"vm", "a"}: {Resident: true, Config: shortXML("cpu_usage level=0.9")}}
	w.inv = &inv
	w.restart()
	if n := w.logged(`fix="perfmonctl set vm:a cpu_usage clear_period=60"`); n != 1 {
		t.Errorf("told %d times, want once:\n%s", n, w.log.String())
	}
	w.m.keep()
	w.restart()
	if n := w.logged("perfmonctl set"); n != 1 {
		t.Errorf("told %d times after another restart, want once", n)
	}
}
