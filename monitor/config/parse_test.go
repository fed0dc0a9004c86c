package config

import (
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
)

// parse reads XML that must have no problem, and gives its variables.
func parse(t *testing.T, class, text string, opts Options) []*Variable {
	t.Helper()
	c, problems := Parse(class, text, opts)
	if len(problems) > 0 {
		t.Fatalf("%s: problems: %v", text, problems)
	}
	return c.Variables
}

// variable wraps tags, written "tag=value", as a document with one variable.
func variable(tags ...string) string {
	var b strings.Builder
	b.WriteString("<config><variable>")
	for _, tag := range tags {
		name, value, _ := strings.Cut(tag, "=")
		fmt.Fprintf(&b, `<%s value="%s"/>`, name, escape(value))
	}
	b.WriteString("</variable></config>")
	return b.String()
}

// spell is a variable in one line.
func spell(v *Variable) string {
	return fmt.Sprintf("%s %s(%s) %s %g period %d inhibit %d priority %d", v.Name, v.Fold, v.Pattern, v.Sense, v.Level, v.Period, v.Inhibit, v.Priority)
}

func TestDefaults(t *testing.T) {
	f := func(class string, legacy bool, text, want string) {
		t.Helper()
		got := parse(t, class, text, Options{Legacy: legacy})
		if len(got) != 1 || spell(got[0]) != want {
			t.Errorf("%s %s:\ngot  %s\nwant %s", class, text, spell(got[0]), want)
		}
	}
	const level = "alarm_trigger_level=7"
	f("vm", false, variable("name=cpu_usage", level), "cpu_usage average(cpu[0-9]+) high 7 period 60 inhibit 3600 priority 3")
	f("vm", false, variable("name=network_usage", level), "network_usage sum(vif_[0-9]+_[rt]x) high 7 period 60 inhibit 3600 priority 3")
	f("vm", false, variable("name=disk_usage", level), "disk_usage sum(vbd_((xvd|hd|sd|vd)[a-z]+|nvme[0-9]+(n[0-9]+)?)_(read|write)) high 7 period 60 inhibit 3600 priority 3")
	f("vm", false, variable("name=memory_internal_free", level), "memory_internal_free sum(memory_internal_free) low 7 period 60 inhibit 3600 priority 3")
	f("vm", false, variable("name=fs_usage"), "fs_usage get_percent_fs_usage() high 0.9 period 60 inhibit 3600 priority 3")
	f("vm", false, variable("name=log_fs_usage"), "log_fs_usage get_percent_log_fs_usage() high 0.9 period 60 inhibit 3600 priority 3")
	f("vm", false, variable("name=mem_usage"), "mem_usage get_percent_mem_usage() high 0.95 period 60 inhibit 3600 priority 3")
	f("vm", false, variable("name=own", "rrd_regex=x", level), "own sum(x) high 7 period 60 inhibit 3600 priority 3")

	f("host", false, variable("name=cpu_usage", level), "cpu_usage average(cpu[0-9]+) high 7 period 60 inhibit 3600 priority 3")
	f("host", false, variable("name=network_usage", level), "network_usage sum(pif_(eth[0-9]+|em[0-9]+|p[0-9]+p[0-9]+|en[a-z0-9]+)_[rt]x) high 7 period 60 inhibit 3600 priority 3")
	f("host", false, variable("name=memory_free_kib", level), "memory_free_kib sum(memory_free_kib) low 7 period 60 inhibit 3600 priority 3")
	f("host", false, variable("name=sr_io_throughput_total_0123abcd", level), "sr_io_throughput_total_0123abcd sum(io_throughput_total_0123abcd) high 7 period 60 inhibit 3600 priority 3")

	f("sr", false, variable("name=physical_utilisation"), "physical_utilisation get_percent_sr_usage() high 0.8 period 60 inhibit 3600 priority 3")
	f("sr", false, variable("name=sr_io_throughput_total_per_host", level), "sr_io_throughput_total_per_host sum() high 7 period 60 inhibit 3600 priority 3")

	f("sr", false, variable("name=physical_utilisation", "rrd_regex=physical_utilisation|size"), "physical_utilisation get_percent_sr_usage() high 0.8 period 60 inhibit 3600 priority 3")

	// The daemon of 2012: its priority, its patterns, its week of silence.
	f("vm", true, variable("name=cpu_usage", level), "cpu_usage average(cpu[0-9]+) high 7 period 60 inhibit 3600 priority 5")
	f("vm", true, variable("name=disk_usage", level), "disk_usage sum(vbd_((xvd|hd|sd|vd)[a-z]+|nvme[0-9]+(n[0-9]+)?)_(read|write)) high 7 period 60 inhibit 3600 priority 5")
	f("vm", true, variable("name=fs_usage"), "fs_usage get_percent_fs_usage() high 0.9 period 60 inhibit 604800 priority 5")
	f("vm", true, variable("name=log_fs_usage"), "log_fs_usage get_percent_log_fs_usage() high 0.9 period 60 inhibit 3600 priority 5")
	f("host", true, variable("name=network_usage", level), "network_usage sum(pif_(eth[0-9]+|em[0-9]+|p[0-9]+p[0-9]+|en[a-z0-9]+)_[rt]x) high 7 period 60 inhibit 3600 priority 5")

	// What the XML says wins.
	f("vm", false, variable("name=fs_usage", "consolidation_fn=max", "rrd_regex=a|b", "alarm_trigger_level=-1.5e3", "alarm_trigger_period=-0",
		"alarm_auto_inhibit_period=0", "alarm_trigger_sense=low", "alarm_priority=1"), "fs_usage max(a|b) low -1500 period 0 inhibit 0 priority 1")
	f("vm", false, variable("name=memory_internal_free", level, "alarm_trigger_sense=high"), "memory_internal_free sum(memory_internal_free) high 7 period 60 inhibit 3600 priority 3")
	// A reading has no columns, whatever the class and the pattern.
	f("host", false, variable("name=root", "consolidation_fn=get_percent_fs_usage", level), "root get_percent_fs_usage() high 7 period 60 inhibit 3600 priority 3")
	f("host", false, variable("name=root", "rrd_regex=x", "consolidation_fn=get_percent_mem_usage", level), "root get_percent_mem_usage() high 7 period 60 inhibit 3600 priority 3")
}

func TestFreshDom0(t *testing.T) {
	text, err := os.ReadFile("testdata/dom0-default-perfmon-config.xml")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"fs_usage get_percent_fs_usage() high 0.9 period 60 inhibit 3600 priority 3",
		"mem_usage get_percent_mem_usage() high 0.95 period 60 inhibit 3600 priority 3",
		"log_fs_usage get_percent_log_fs_usage() high 0.9 period 60 inhibit 3600 priority 3",
	}
	got := parse(t, ClassVM, string(text), Options{})
	if len(got) != len(want) {
		t.Fatalf("%d variables, want %d", len(got), len(want))
	}
	for i, w := range want {
		if spell(got[i]) != w {
			t.Errorf("variable %d:\ngot  %s\nwant %s", i, spell(got[i]), w)
		}
	}
	if problems := Check(ClassVM, string(text), Options{}); len(problems) > 0 {
		t.Errorf("check: %v", problems)
	}
}

// names are the variables in force, in their order.
func names(c *Config) string {
	var all []string
	for _, v := range c.Variables {
		all = append(all, fmt.Sprintf("%s=%g", v.Name, v.Level))
	}
	return strings.Join(all, " ")
}

func TestWhichVariables(t *testing.T) {
	one := func(name string, level float64) string {
		return fmt.Sprintf(`<variable><name value="%s"/><rrd_regex value="x"/><alarm_trigger_level value="%g"/></variable>`, name, level)
	}
	f := func(text, want string) {
		t.Helper()
		c, _ := Parse(ClassVM, text, Options{})
		if c == nil {
			t.Fatalf("%s: not read", text)
		}
		if names(c) != want {
			t.Errorf("%s:\ngot  %s\nwant %s", text, names(c), want)
		}
	}
	f("", "")
	f("<config/>", "")
	f("<config>"+one("b", 1)+one("a", 2)+"</config>", "b=1 a=2")
	f(one("a", 1), "a=1") // the root itself
	f("<x><y>"+one("a", 1)+"</y>"+one("b", 2)+"</x>", "a=1 b=2")
	f("<config><Variable/>"+one("a", 1)+"</config>", "a=1")
	// Of one name the last counts, at its place.
	f("<c>"+one("a", 1)+one("b", 2)+one("a", 3)+one("c", 4)+"</c>", "b=2 a=3 c=4")
	// A refused one leaves its neighbours.
	f("<c>"+one("a", 1)+`<variable><name value="z"/></variable>`+one("b", 2)+"</c>", "a=1 b=2")
	f(`<c><variable/>`+one("b", 2)+"</c>", "b=2")
	// A tag is the first of its name below the variable, however deep.
	f(`<c><variable><g><name value="a"/></g><name value="b"/><rrd_regex value="x"/><alarm_trigger_level value="1"/></variable></c>`, "a=1")
	// So an outer variable takes the tags of an inner one.
	f(`<c><variable><name value="a"/>`+one("b", 2)+`</variable></c>`, "a=2 b=2")
	// Prefixed names are other names.
	f(`<c xmlns:n="u"><n:variable/>`+one("a", 1)+`</c>`, "a=1")
}

func TestPlace(t *testing.T) {
	c, problems := Parse(ClassVM, "<config>\r\n\t<!-- é --><variable>\r\n  <name value='a'/>\n  <alarm_trigger_level value='no'/>\n</variable>\n\n <variable><name value='cpu_usage'/><alarm_trigger_level value='1'/></variable></config>", Options{})
	if len(c.Variables) != 1 || c.Variables[0].Line != 7 || c.Variables[0].Column != 2 {
		t.Errorf("variables: %+v", c.Variables)
	}
	var got []string
	for _, p := range problems {
		got = append(got, p.Format("vm.xml"))
	}
	want := []string{
		`vm.xml:2:12: error: variable "a": no columns to measure: the name has no default rrd_regex; fix: write <rrd_regex value="…"/>, the names of the data sources`,
		`vm.xml:4:3: error: variable "a": alarm_trigger_level "no": not a number; fix: write <alarm_trigger_level value="0.9"/>`,
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestBad(t *testing.T) {
	f := func(sense Sense, value float64, want bool) {
		t.Helper()
		v := &Variable{Sense: sense, Level: 5}
		if v.Bad(value) != want {
			t.Errorf("%v %v: %t", sense, value, !want)
		}
	}
	f(High, 5, false)
	f(High, math.Nextafter(5, 6), true)
	f(High, 4, false)
	f(Low, 5, false)
	f(Low, math.Nextafter(5, 4), true)
	f(Low, 6, false)
	f(High, math.NaN(), false)
	f(Low, math.NaN(), false)
}

func TestUnknownClass(t *testing.T) {
	if c, problems := Parse("VM", "<config/>", Options{}); c != nil || len(problems) != 1 || problems[0].Severity != Error {
		t.Errorf("got %v, %v", c, problems)
	}
}

func TestLegacyHasNoSRVariables(t *testing.T) {
	c, problems := Parse(ClassSR, variable("name=physical_utilisation"), Options{Legacy: true})
	if c == nil || len(c.Variables) != 0 || len(problems) != 1 || problems[0].Severity != Warning {
		t.Errorf("got %v, %v", c, problems)
	}
}
