package config

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// hintOf parses one variable and asks what to do about its data sources, which
// are given as words.
func hintOf(t *testing.T, class, sources string, tags ...string) string {
	t.Helper()
	hint, command := RecordHint(class, "U", parse(t, class, variable(tags...), Options{})[0], strings.Fields(sources))
	if command != strings.Contains(hint, "xe ") {
		t.Errorf("%q: a command: %v", hint, command)
	}
	return hint
}

func TestRecordHint(t *testing.T) {
	f := func(class, sources, want string, tags ...string) {
		t.Helper()
		if got := hintOf(t, class, sources, tags...); got != want {
			t.Errorf("%s %q with %q:\ngot  %s\nwant %s", class, tags, sources, got, want)
		}
	}
	const level = "alarm_trigger_level=7"
	both := "for s in runstate_full_contention runstate_partial_contention; do xe vm-data-source-record uuid=U data-source=$s; done"
	f("vm", "", both, "name=cpu_contention")
	f("vm", "cpu0 runstate_blocked", both, "name=cpu_contention")
	f("vm", "runstate_full_contention", "xe vm-data-source-record uuid=U data-source=runstate_partial_contention", "name=cpu_contention")
	f("vm", "runstate_full_contention runstate_partial_contention", "", "name=cpu_contention")

	// One command for each card that is there; never of a sum of them.
	f("host", "pif_aggr_rx pif_eth0_rx pif_eth0_tx pif_bond0_rx cpu0",
		"for s in pif_eth0_rx_errors pif_eth0_tx_errors; do xe host-data-source-record uuid=U data-source=$s; done", "name=nic_errors")
	f("host", "pif_eth0_rx pif_eth0_rx_errors pif_eth0_tx_errors", "", "name=nic_errors")
	f("host", "cpu0", "", "name=nic_errors") // no cards
	f("host", "pif_eth0;reboot_rx", "", "name=nic_errors")
	f("host", "pif_aggr_rx pif_eth0_rx", "", "name=own", "rrd_regex=pif_aggr_rx_errors", level)

	// An expression of one's own: what it chooses, unless it finds something.
	f("vm", "cpu0 vif_0_rx vif_1_rx", "for s in vif_0_tx_errors vif_1_tx_errors; do xe vm-data-source-record uuid=U data-source=$s; done", "name=own", "rrd_regex=vif_.*_tx_errors", level)
	f("vm", "cpu0", "xe vm-data-source-record uuid=U data-source=runnable_any", "name=own", "rrd_regex=(?!cpu)runnable_any", level)
	f("vm", "vif_0_rx vif_0_rx_errors", "", "name=own", "rrd_regex=vif_0_[rt]x_errors", level)
	f("vm", "cpu0", "", "name=own", "rrd_regex=nothing", level)

	// What no command brings.
	f("vm", "cpu0", absentAgent, "name=memory_internal_free", level)
	f("vm", "memory_internal_free", "", "name=memory_internal_free", level)
	f("vm", "cpu0", "", "name=own", "rrd_regex=memory_internal_free", level)
	f("host", "cpu0 loadavg", absentLoad, "name=host_load")
	f("host", "cpu0 read_latency_0123abcd", absentSR, "name=sr_latency")
	f("host", "cpu0", absentSR, "name=sr_latency_0123abcd")
	f("host", "cpu0", "", "name=cpu_usage", level)
	f("host", "cpu0", "", "name=memory_available")
}

// TestNamesOfOurs: what the stock daemon takes under these names means the
// same as with it.
func TestNamesOfOurs(t *testing.T) {
	f := func(class, want string, tags ...string) {
		t.Helper()
		if got := parse(t, class, variable(tags...), Options{})[0]; spell(got) != want || got.PerHost {
			t.Errorf("%s %q:\ngot  %s\nwant %s", class, tags, spell(got), want)
		}
	}
	const level = "alarm_trigger_level=7"
	f("vm", "cpu_contention sum(x) high 7 period 60 inhibit 3600 priority 3", "name=cpu_contention", "rrd_regex=x", level)
	f("vm", "memory_available sum(memory_internal_free) high 7 period 60 inhibit 3600 priority 3", "name=memory_available", "rrd_regex=memory_internal_free", level)
	f("vm", "memory_available get_percent_mem_usage() high 7 period 60 inhibit 3600 priority 3", "name=memory_available", "consolidation_fn=get_percent_mem_usage", level)
	f("host", "sr_latency sum(latency_.*) high 7 period 60 inhibit 3600 priority 3", "name=sr_latency", "rrd_regex=latency_.*", level)
	f("host", "sr_latency_0123abcd average(x) high 7 period 60 inhibit 3600 priority 3", "name=sr_latency_0123abcd", "rrd_regex=x", "consolidation_fn=average", level)
	f("sr", "sr_latency sum(x) high 7 period 60 inhibit 3600 priority 3", "name=sr_latency", "rrd_regex=x", level)
	// A fold alone is not enough for the stock daemon: this is ours.
	f("host", "nic_errors max(pif_(eth[0-9]+|em[0-9]+|p[0-9]+p[0-9]+|en[a-z0-9]+)_[rt]x_errors) high 1 period 60 inhibit 3600 priority 3", "name=nic_errors", "consolidation_fn=max")
	f("vm", "cpu_contention sum(runstate_(full|partial)_contention) high 0.2 period 30 inhibit 3600 priority 1", "name=cpu_contention", "alarm_trigger_level=0.2", "alarm_trigger_period=30", "alarm_priority=1")

	// And what it refuses for want of a level is refused.
	if _, problems := Parse("vm", variable("name=cpu_contention", "rrd_regex=x"), Options{}); len(problems) != 1 || problems[0].Severity != Error {
		t.Errorf("an expression and no level: %v", problems)
	}
}

// TestSRLatencyOfAnSR: an SR's is measured by each host, as its throughput is.
func TestSRLatencyOfAnSR(t *testing.T) {
	sr := parse(t, ClassSR, variable("name=sr_latency", "alarm_priority=2"), Options{})[0]
	if want := "sr_latency max() high 50000 period 300 inhibit 3600 priority 2"; spell(sr) != want || !sr.PerHost {
		t.Errorf("the SR's: %s", spell(sr))
	}
	host, err := PerHostVariable(srUUID, sr)
	if err != nil {
		t.Fatal(err)
	}
	if want := "sr_latency_12345678 max(latency_12345678) high 50000 period 300 inhibit 3600 priority 2"; spell(host) != want || host.PerHost {
		t.Errorf("the host's: %s", spell(host))
	}
	if !strings.Contains(host.Body(60000), `<configured_on class="SR" uuid="12345678-aaaa-bbbb-cccc-ddddeeeeffff"/>`) {
		t.Errorf("body: %s", host.Body(60000))
	}
	own := parse(t, ClassHost, variable("name=sr_latency_12345678", "alarm_priority=2"), Options{})[0]
	if !own.SameTrigger(host) {
		t.Errorf("a host's own: %s", spell(own))
	}
	if problems := Check(ClassSR, variable("name=sr_latency"), Options{}); len(problems) > 0 {
		t.Errorf("readers: %v", problems)
	}
	if c, _ := Parse(ClassSR, variable("name=sr_latency"), Options{Legacy: true}); len(c.Variables) > 0 {
		t.Error("in force with --legacy")
	}
}

// TestDefaultsOverFixtures: what each name with a default chooses among the
// data sources of a host of three times.
func TestDefaultsOverFixtures(t *testing.T) {
	want := map[string]map[string]string{
		ClassVM: {
			"cpu_usage": "cpu0 cpu1 cpu2 cpu3", "network_usage": "vif_0_rx vif_0_tx vif_1_rx vif_1_tx",
			"disk_usage":           "vbd_hda_read vbd_hda_write vbd_xvda_read vbd_xvda_write vbd_xvdb_read vbd_xvdb_write",
			"memory_internal_free": "memory_internal_free", "cpu_contention": "",
		},
		ClassHost: {
			"cpu_usage": "cpu0 cpu1 cpu2 cpu3", "network_usage": "pif_eth0_rx pif_eth0_tx pif_eth1_rx pif_eth1_tx", "memory_free_kib": "memory_free_kib",
			"host_load": "hostload", "sr_latency": "latency_eb8904d9", "nic_errors": "",
			"sr_latency_eb8904d9": "latency_eb8904d9", "sr_io_throughput_total_eb8904d9": "io_throughput_total_eb8904d9",
		},
	}
	for _, version := range []string{"head", "v24_19_2", "r2013"} {
		sources := recordedSources(t, filepath.Join("../../rrd/testdata/rrd_updates", version, "host_3vms_sr_5s.expected.tsv"))
		for class, names := range want {
			for name, columns := range names {
				v := defaultVariable(t, class, name)
				var got []string
				for _, source := range sources[class] {
					if matches(t, v.Pattern, source) {
						got = append(got, source)
					}
				}
				if strings.Join(got, " ") != columns {
					t.Errorf("%s: %s %s: %q, want %q", version, class, name, got, columns)
				}
				if hint, command := RecordHint(class, "U", v, sources[class]); command != (columns == "") {
					t.Errorf("%s: %s %s: hint %q", version, class, name, hint)
				}
			}
			for name, b := range builtins(class) {
				if _, said := names[name]; !said && !b.fold.Reading() {
					t.Errorf("%s %s: which data sources does it choose?", class, name)
				}
			}
		}
	}
}

// recordedSources reads the names of data sources of each class:
//
//	C	3	AVERAGE	vm	12345678-aaaa-…	cpu0
func recordedSources(t *testing.T, path string) map[string][]string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	sources := map[string][]string{}
	for line := range strings.Lines(string(text)) {
		if f := strings.Split(strings.TrimSuffix(line, "\n"), "\t"); f[0] == "C" && len(f) == 6 {
			sources[f[3]] = append(sources[f[3]], f[5])
		}
	}
	for class, names := range sources { // three VMs have the same ones
		slices.Sort(names)
		sources[class] = slices.Compact(names)
	}
	return sources
}
