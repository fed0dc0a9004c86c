package config

import (
	"fmt"
	"strings"
	"testing"
)

func TestLostElements(t *testing.T) {
	f := func(before, after string, want ...string) {
		t.Helper()
		var got []string
		for _, l := range LostElements(before, after) {
			got = append(got, fmt.Sprintf("%s %s=%s", l.Variable, l.Tag, l.Value))
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%s\n%s:\ngot  %q\nwant %q", before, after, got, want)
		}
	}
	const gui = `<variable><name value="cpu_usage"/><alarm_trigger_level value="0.5"/><alarm_trigger_period value="60"/><alarm_auto_inhibit_period value="3600"/></variable>`
	config := func(variables ...string) string { return "<config>" + strings.Join(variables, "") + "</config>" }
	with := func(tags string) string { return strings.Replace(gui, "</variable>", tags+"</variable>", 1) }
	own := with(`<note/><alarm_labels value="a=1"/><alarm_clear_level value="0.4"/><rrd_regex value="x"/>`)
	other := strings.Replace(own, "cpu_usage", "other", 1)
	f(config(own), config(gui), "cpu_usage rrd_regex=x", "cpu_usage alarm_clear_level=0.4", "cpu_usage alarm_labels=a=1")
	f(config(own, other), config(gui, other), "cpu_usage rrd_regex=x", "cpu_usage alarm_clear_level=0.4", "cpu_usage alarm_labels=a=1")
	// Whoever leaves something of ours, or none of the variable, means it.
	f(config(own), config(own))
	f(config(own), config(with(`<alarm_clear_level value="0.4"/>`)))
	f(config(own), config(with(`<note/>`)))
	f(config(own), config(strings.Replace(gui, "cpu_usage", "other", 1)))
	f(config(own), "<config/>")
	f(config(gui), config(gui))
	f("<", config(gui))
	f(config(own), "<")
	f(config(own), "")
	// What was switched off is on again.
	f(config(gui, `<disable name="a"/>`), config(gui), "a disable=")
	f(config(gui, `<disable name="a"/>`, `<disable name="b"/>`), config(gui, `<disable name="b"/>`))
	f(config(gui, `<disable name="a"/>`), config(gui, other))
	f(config(`<disable name="a"/>`), "<config/>")
}
