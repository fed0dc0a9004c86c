package config

import (
	"os"
	"strings"
	"testing"
)

// TestCheckReaders: which variables `perfmonctl check` warns of, because one
// of those who read alarms would not understand theirs.
func TestCheckReaders(t *testing.T) {
	const (
		mail = "not understood by mail-alarm: "
		rest = "not understood by Xen Orchestra's REST API (and XO 6): "
		both = "not understood by Xen Orchestra's web page and Xen Orchestra's REST API (and XO 6): "
	)
	f := func(class, text string, want ...string) {
		t.Helper()
		var got []string
		for _, p := range Check(class, text, Options{}) {
			if p.Severity != Warning {
				t.Errorf("%s: %v", text, p)
			}
			if p.Line != 1 || p.Fix == "" {
				t.Errorf("%s: %+v", text, p)
			}
			got = append(got, p.Msg)
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%s:\ngot\n%s\nwant\n%s", text, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	const level = "alarm_trigger_level=0.5"
	f("vm", variable("name=cpu_usage", level))
	f("vm", variable("name=fs_usage"))
	f("host", variable("name=memory_free_kib", level))
	f("sr", variable("name=physical_utilisation"))
	f("sr", variable("name=sr_io_throughput_total_per_host", level))
	f("host", variable("name=own", "rrd_regex=disk_usage", level))

	f("vm", variable(level, "name=cpu_usage"), rest+"<name> is not the first thing in <variable>")
	f("vm", "<c><variable><!-- x --><name value='cpu_usage'/><alarm_trigger_level value='1'/></variable></c>", rest+"a comment stands before <name>")
	f("vm", "<c><variable x='1'><name value='cpu_usage'/><alarm_trigger_level value='1'/></variable></c>", rest+"<variable> has attributes")
	f("vm", "<c><variable> text <name value='cpu_usage'/><alarm_trigger_level value='1'/></variable></c>", rest+"<name> is not the first thing in <variable>")
	f("vm", "<c><variable><name value='cpu_usage'/><alarm_trigger_level value='1'/><!--config:--></variable></c>", mail+`the text "config:" is in the XML`)
	f("host", variable("name=sr_io_throughput_total_0123abcd", level), mail+"it looks for <configured_on>, which only an SR's variable gets")
	f("host", variable("name=disk_usage", "rrd_regex=disk_.*_read", level), mail+"it knows disk_usage of a vm only")
	f("sr", variable("name=cpu_usage", "rrd_regex=x", level), mail+"it knows cpu_usage of a host or a vm only")
	f("vm", variable("name=a&b", "rrd_regex=x", level),
		`not understood by mail-alarm and Xen Orchestra's REST API (and XO 6): it reads the name as "a&amp;b"`)

	const negative = both + "the value can be negative, which it does not read"
	f("vm", variable("name=own", "rrd_regex=x", "alarm_trigger_level=-1"), negative)
	f("vm", variable("name=own", "rrd_regex=x", "alarm_trigger_level=0"))
	f("vm", variable("name=own", "rrd_regex=x", "alarm_trigger_level=0", "alarm_trigger_sense=low"), negative)
	f("vm", variable("name=own", "rrd_regex=x", "alarm_trigger_level=-5", "alarm_trigger_sense=low"), negative)
	f("vm", variable("name=own", "rrd_regex=x", "alarm_trigger_level=5", "alarm_trigger_sense=low"))
}

// TestCheckKeepsParse: Check also says what Parse says, in the document's
// order.
func TestCheckKeepsParse(t *testing.T) {
	problems := Check(ClassVM, "<c>\n<variable><name value='a'/></variable>\n<variable><alarm_trigger_level value='1'/><name value='cpu_usage'/></variable>\n<x/></c>", Options{})
	var lines []int
	for _, p := range problems {
		lines = append(lines, p.Line)
	}
	if len(lines) != 4 || lines[0] != 2 || lines[1] != 2 || lines[2] != 3 || lines[3] != 4 {
		t.Errorf("problems: %v", problems)
	}
	if problems := Check(ClassVM, "<c>", Options{}); len(problems) != 1 || problems[0].Severity != Error {
		t.Errorf("malformed: %v", problems)
	}
}

// TestExampleTriggers: the triggers that the package installs are sound.
func TestExampleTriggers(t *testing.T) {
	for class, want := range map[string][]string{
		ClassHost: {
			"cpu_busiest max(cpu[0-9]+) high 0.9 period 30 inhibit 3600 priority 3",
			"cpu_usage average(cpu[0-9]+) high 0.95 period 300 inhibit 3600 priority 3",
			"host_load sum(hostload) high 1 period 300 inhibit 3600 priority 3",
			"memory_available get_percent_mem_available() low 0.05 period 60 inhibit 3600 priority 3",
			"nic_errors sum(pif_(eth[0-9]+|em[0-9]+|p[0-9]+p[0-9]+|en[a-z0-9]+)_[rt]x_errors) high 1 period 60 inhibit 3600 priority 3",
			"root_fs_usage get_percent_fs_usage() high 0.9 period 60 inhibit 3600 priority 3",
			"disk_latency_us max(disk_.+_latency) high 100000 period 60 inhibit 3600 priority 3",
			"network_usage sum(pif_(eth[0-9]+|em[0-9]+|p[0-9]+p[0-9]+|en[a-z0-9]+)_[rt]x) high 1.1e+08 period 300 inhibit 3600 priority 3",
			"memory_pressure sum(pressure_memory_full) high 0.1 period 60 inhibit 3600 priority 2",
			"io_pressure sum(pressure_io_full) high 0.5 period 120 inhibit 3600 priority 3",
		},
		ClassVM: {
			"cpu_usage average(cpu[0-9]+) high 0.95 period 900 inhibit 3600 priority 3",
			"memory_internal_free sum(memory_internal_free) low 51200 period 300 inhibit 3600 priority 3",
			"disk_latency_us max(vbd_.+_(read|write)_latency) high 100000 period 300 inhibit 3600 priority 3",
		},
		ClassSR: {
			"physical_utilisation get_percent_sr_usage() high 0.9 period 300 inhibit 3600 priority 3",
		},
	} {
		text, err := os.ReadFile("../../packaging/triggers/" + class + ".xml")
		if err != nil {
			t.Fatal(err)
		}
		if problems := Check(class, string(text), Options{}); len(problems) > 0 {
			t.Errorf("%s: problems: %v", class, problems)
		}
		got := parse(t, class, string(text), Options{})
		if len(got) != len(want) {
			t.Fatalf("%s: %d variables, want %d", class, len(got), len(want))
		}
		for i, w := range want {
			if spell(got[i]) != w {
				t.Errorf("%s: variable %d:\ngot  %s\nwant %s", class, i, spell(got[i]), w)
			}
		}
	}
}
