package monitor

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"perfmon/monitor/config"
	"perfmon/rrd"
)

// TestUnrecordedSources: the log says how to get what the toolstack does not
// record by itself, once, and again when that has changed.
func TestUnrecordedSources(t *testing.T) {
	const (
		both = `msg="variable: no data source of the object matches; the value is unknown" class=vm uuid=a variable=cpu_contention ` +
			`fix="for s in runstate_full_contention runstate_partial_contention; do xe vm-data-source-record uuid=a data-source=$s; done"`
		one = `msg="variable: not all of its data sources are recorded" class=vm uuid=a variable=cpu_contention ` +
			`fix="xe vm-data-source-record uuid=a data-source=runstate_partial_contention"`
	)
	w := newWorld(t, Options{}, "vm/a/cpu0")
	w.give("vm", "a", "cpu_contention period=0 inhibit=0")
	told := func(question string, wantBoth, wantOne int) {
		t.Helper()
		if w.logged(both) != wantBoth || w.logged(one) != wantOne {
			t.Errorf("%s: want %d and %d lines:\n%s", question, wantBoth, wantOne, w.log.String())
		}
	}
	for i := range int64(3) {
		w.row(60*i, 0.9)
		w.wantAlarms("nothing is recorded", w.poll(60*i+5), "")
	}
	told("nothing is recorded", 1, 0)

	w.setColumns("vm/a/cpu0", "vm/a/runstate_full_contention")
	clear(w.rows)
	for i := int64(3); i < 6; i++ {
		w.row(60*i, 0.9, 0.08)
		w.wantAlarms("half of it, 0.08", w.poll(60*i+5), "")
	}
	told("one of two is recorded", 1, 1)

	w.setColumns("vm/a/cpu0", "vm/a/runstate_full_contention", "vm/a/runstate_partial_contention", "vm/a/runstate_concurrency_hazard")
	clear(w.rows)
	w.row(360, 0.9, 0.08, 0.07, 0.5)
	w.wantAlarms("0.15 of the time", w.poll(365), "cpu_contention@360")
	told("all is recorded", 1, 1)

	w.setColumns("vm/a/cpu0")
	clear(w.rows)
	w.row(420, 0.9)
	w.poll(425)
	told("and forgotten again", 2, 1)
}

// TestUnrecordedSourcesOfAClass: a few objects stand for all that inherit the
// variable; what no command mends is no warning there.
func TestUnrecordedSourcesOfAClass(t *testing.T) {
	const vms = 25
	var columns []string
	for i := range vms {
		columns = append(columns, fmt.Sprintf("vm/v%d/cpu0", i))
	}
	w := newWorld(t, Options{}, columns...)
	w.change(func(inv *Inventory) {
		inv.Files["vm"] = shortXML("cpu_contention; memory_internal_free level=1")
		for i := range vms {
			inv.Objects[Object{"vm", fmt.Sprintf("v%d", i)}] = &Facts{Resident: true}
		}
	})
	for i := range int64(2) {
		w.row(60*i, make([]float64, vms)...)
		w.poll(60*i + 5)
	}
	warned := 0
	for line := range strings.Lines(w.log.String()) {
		if strings.Contains(line, "level=WARN") && strings.Contains(line, "no data source") {
			warned++
			if !strings.Contains(line, "xe vm-data-source-record") {
				t.Errorf("a warning without a command: %s", line)
			}
		}
	}
	if warned != maxAlike || w.logged(`the same on more objects that inherit it" class=vm variable=cpu_contention objects=15`) != 1 {
		t.Errorf("%d warnings:\n%s", warned, w.log.String())
	}
}

func TestMemoryAvailable(t *testing.T) {
	w := dom0(t, "memory_available inhibit=0")
	w.reads[config.MemAvailable] = 0.05
	w.wantAlarms("at the level", w.poll(0), "")
	w.reads[config.MemAvailable] = 0.04
	w.wantAlarms("below it", w.poll(60), "memory_available@60")
	if w.logged("no data source") != 0 {
		t.Errorf("a reading needs none:\n%s", w.log.String())
	}
}

func TestSRLatencyOfAnSR(t *testing.T) {
	const sr = "12345678-aaaa-bbbb-cccc-ddddeeeeffff"
	w := newWorld(t, Options{}, "host/h/latency_12345678", "host/h/latency_87654321", "host/h/read_latency_12345678")
	w.give("sr", sr, "sr_latency period=60 inhibit=0")
	w.row(0, 50_001, 90_000, 90_000)
	w.wantAlarms("asked by the SR", w.poll(5), "sr_latency_12345678@0")
	w.give("host", "h", "sr_latency period=60 inhibit=0 level=80000")
	w.row(60, 50_000, 90_000, 99_000)
	w.wantAlarms("the slowest of the host", w.poll(65), "sr_latency@60")
	if v := w.alarms[0].Value; v != 90_000 {
		t.Errorf("value %v, want 90000", v)
	}
}

// TestContentionOnRealHosts: the names with a default on answers of three
// versions of the toolstack.
func TestContentionOnRealHosts(t *testing.T) {
	for _, version := range []string{"head", "v24_19_2", "r2013"} {
		f, err := os.Open(filepath.Join("../rrd/testdata/rrd_updates", version, "host_3vms_sr_5s.xml"))
		if err != nil {
			t.Fatal(err)
		}
		h, err := rrd.NewDecoder(f, rrd.DecoderOptions{}).Header()
		if err != nil {
			t.Fatal(err)
		}
		w := newWorld(t, Options{})
		w.legend, w.step, w.end = h.Legend, h.Step, t0
		w.change(func(inv *Inventory) {
			inv.Files["host"] = shortXML("host_load; sr_latency; nic_errors; memory_available")
			inv.Files["vm"] = shortXML("cpu_contention")
			inv.Files["sr"] = shortXML("sr_latency")
			delete(inv.Objects, Object{"host", "h"})
			for _, e := range h.Legend.Entries {
				inv.Objects[Object{e.Class, e.UUID}] = &Facts{Resident: true, SR: &SRFacts{}}
				if e.Class == rrd.ClassHost {
					inv.HostUUID = e.UUID
				}
			}
		})
		w.poll(5)
		got := map[string]string{}
		for _, o := range w.m.plan.order {
			for _, v := range o.vars {
				var names []string
				for _, c := range v.columns {
					names = append(names, h.Legend.Entries[c].Name)
				}
				got[v.conf.Name] = strings.Join(names, " ")
			}
		}
		for name, want := range map[string]string{
			"host_load": "hostload", "sr_latency": "latency_eb8904d9", "nic_errors": "", "memory_available": "", "cpu_contention": "",
		} {
			if columns, there := got[name]; !there || columns != want {
				t.Errorf("%s: %s reads %q, want %q", version, name, columns, want)
			}
		}
		if n := w.logged("data-source=$s; done"); n != 4 { // three VMs and the host
			t.Errorf("%s: %d commands told:\n%s", version, n, w.log.String())
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
}
