package config

import (
	"math"
	"strings"
	"testing"
)

// TestBody has the examples of what the stock daemon wrote.
func TestBody(t *testing.T) {
	f := func(text string, value float64, want string) {
		t.Helper()
		c, _ := Parse(ClassVM, text, Options{})
		if len(c.Variables) != 1 {
			t.Fatalf("%s: %d variables", text, len(c.Variables))
		}
		if got := c.Variables[0].Body(value); got != want {
			t.Errorf("%s:\ngot  %q\nwant %q", text, got, want)
		}
	}
	f(`<config><variable><name value="cpu_usage"/><alarm_trigger_level value="0.5"/></variable></config>`, .986414,
		"value: 0.986414\nconfig:\n<variable>\n\t<name value=\"cpu_usage\"/>\n\t<alarm_trigger_level value=\"0.5\"/>\n</variable>\n")
	f(`<config><variable> <name value="cpu_usage"/> <alarm_trigger_level value="0.5"/> </variable></config>`, 1,
		"value: 1.000000\nconfig:\n<variable>\n\t \n\t<name value=\"cpu_usage\"/>\n\t \n\t<alarm_trigger_level value=\"0.5\"/>\n\t \n</variable>\n")
	f("<config>\n  <variable>\n    <name value=\"cpu_usage\"/>\n    <alarm_trigger_level value=\"0.5\"/>\n  </variable>\n</config>", 1,
		"value: 1.000000\nconfig:\n<variable>\n\t\n    \n\t<name value=\"cpu_usage\"/>\n\t\n    \n\t<alarm_trigger_level value=\"0.5\"/>\n\t\n  \n</variable>\n")
	f(`<c><variable><!-- c --><name value="cpu_usage">hi</name><alarm_trigger_level value='5'></alarm_trigger_level><x value="a&amp;b&lt;c&quot;d'e&gt;f"/></variable></c>`, 1,
		"value: 1.000000\nconfig:\n<variable>\n\t<!-- c -->\n\t<name value=\"cpu_usage\">hi</name>\n\t<alarm_trigger_level value=\"5\"/>\n\t<x value=\"a&amp;b&lt;c&quot;d'e&gt;f\"/>\n</variable>\n")
}

func TestValueLine(t *testing.T) {
	f := func(value float64, want string) {
		t.Helper()
		if got := pythonFloat(value); got != want {
			t.Errorf("%v: got %s, want %s", value, got, want)
		}
	}
	f(0, "0.000000")
	f(math.Copysign(0, -1), "-0.000000")
	f(-.5, "-0.500000")
	f(1e20, "100000000000000000000.000000")
	f(8589934592, "8589934592.000000")
	f(0.0000005, "0.000000") // the double is a little less
	f(0.5000005, "0.500000")
	f(2.5e-6, "0.000003") // a little more
	f(1e-300, "0.000000")
	f(math.NaN(), "nan")
	f(math.Inf(1), "inf")
	f(math.Inf(-1), "-inf")
}

func TestSameTrigger(t *testing.T) {
	get := func(text string) *Variable {
		t.Helper()
		c, _ := Parse(ClassVM, text, Options{})
		if len(c.Variables) != 1 {
			t.Fatalf("%s: %d variables", text, len(c.Variables))
		}
		return c.Variables[0]
	}
	const base = `<c><variable><name value="cpu_usage"/><alarm_trigger_level value="0.5"/></variable></c>`
	f := func(text string, want bool) {
		t.Helper()
		if got := get(base).SameTrigger(get(text)); got != want {
			t.Errorf("%s: %t", text, got)
		}
	}
	f(base, true)
	f("<!-- x -->\n<c>\n <variable>\n  <alarm_trigger_level value='0.5'/><!-- y --><name value='cpu_usage'></name>\n</variable></c>", true)
	f(strings.Replace(base, "0.5", "5e-1", 1), true)
	with := func(tags string) string { return strings.Replace(base, "</variable>", tags+"</variable>", 1) }
	f(with(`<rrd_regex value="cpu[0-9]+"/><consolidation_fn value="average"/><alarm_trigger_period value="60"/><alarm_trigger_sense value="high"/>`), true)
	f(with(`<alarm_priority value="1"/><alarm_auto_inhibit_period value="5"/><unknown/>`), true)
	f(with(`<alarm_clear_level value="0.4"/><alarm_clear_period value="9"/><alarm_warning_level value="0.4"/><alarm_nodata_period value="9"/><alarm_labels value="a=1"/>`), true)
	f(strings.Replace(base, "0.5", "0.6", 1), false)
	f(with(`<rrd_regex value="cpu[0-9]*"/>`), false)
	f(with(`<consolidation_fn value="max"/>`), false)
	f(with(`<consolidation_fn value="get_percent_fs_usage"/>`), false)
	f(with(`<alarm_trigger_period value="61"/>`), false)
	f(with(`<alarm_trigger_sense value="low"/>`), false)

	// The state may stay, the words in the alarm are the new ones.
	if body := get("<c><variable><name value='cpu_usage'/><!-- y --><alarm_trigger_level value='0.5'/></variable></c>").Body(1); !strings.Contains(body, "<!-- y -->") {
		t.Errorf("body %q", body)
	}
}
