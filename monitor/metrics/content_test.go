package metrics

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"perfmon/alarm"
	"perfmon/monitor"
	"perfmon/rrd"
)

func TestNothingKnownYet(t *testing.T) {
	if got := samples(t, nil); got != nil {
		t.Errorf("no snapshot: %q", got)
	}
	if got := samples(t, &monitor.Snapshot{Taken: now}); got != nil {
		t.Errorf("no legend: %q", got)
	}
}

func TestUnknownValuesHaveNoSeries(t *testing.T) {
	s := picture(
		average("vm", "u", "cpu0", math.NaN()),
		average("vm", "u", "cpu1", 0),
		average("vm", "u", "memory", math.Inf(1)),
		average("vm", "u", "memory_target", math.Inf(-1)),
		average("vm", "u", "memory_internal_free", math.MaxFloat64), // too large in bytes
		average("vm", "u", "numa_nodes", 2),
	)
	s.Row.Values = s.Row.Values[:5] // a row that is short
	want := []string{`xen_vm_cpu_usage_ratio{cpu="1",uuid="u"} 0`}
	if diff := cmp.Diff(want, samples(t, s)); diff != "" {
		t.Error(diff)
	}
}

func TestOnlyAverages(t *testing.T) {
	s := picture(
		column{rrd.Entry{CF: rrd.Min, Class: "vm", UUID: "u", Name: "cpu0"}, 0.1},
		average("vm", "u", "cpu0", 0.2),
		column{rrd.Entry{CF: rrd.Max, Class: "vm", UUID: "u", Name: "cpu0"}, 0.3},
		column{rrd.Entry{CF: rrd.Last, Class: "vm", UUID: "u", Name: "foreign"}, 0.4},
		column{rrd.Entry{}, 0.5}, // a heading that could not be read
	)
	want := []string{`xen_vm_cpu_usage_ratio{cpu="0",uuid="u"} 0.2`}
	if diff := cmp.Diff(want, samples(t, s)); diff != "" {
		t.Error(diff)
	}
}

func TestTheSameDataSourceTwice(t *testing.T) {
	got := samples(t, picture(average("vm", "u", "cpu0", 0.1), average("vm", "u", "cpu0", 0.2)))
	if diff := cmp.Diff([]string{`xen_vm_cpu_usage_ratio{cpu="0",uuid="u"} 0.1`}, got); diff != "" {
		t.Error(diff)
	}
}

func TestOldRowsLeaveThePage(t *testing.T) {
	for _, step := range []int64{5, 60} {
		s := picture(average("vm", "u", "cpu0", 0.1))
		s.Step = step
		s.Variables = []monitor.VariableStatus{{ID: alarm.ID{Class: "vm", UUID: "u", Variable: "v"}, Known: true, Value: 7, Level: 8}}
		last := time.Unix(rowTime+2*step+30, 0)
		for _, c := range []struct {
			at   time.Time
			want bool
		}{
			{time.Unix(rowTime-3600, 0), true}, // a clock that is behind the rows
			{time.Unix(rowTime-3601, 0), false},
			{last, true},
			{last.Add(time.Nanosecond), false},
			{last.Add(time.Hour), false},
		} {
			page := pageAt(t, s, c.at)
			if got := strings.Contains(page, "xen_vm_cpu_usage_ratio{"); got != c.want {
				t.Errorf("step %d, %v after the row: series on the page: %v", step, c.at.Sub(time.Unix(rowTime, 0)), got)
			}
			if got := strings.Contains(page, "perfmon_alarm_value{"); got != c.want {
				t.Errorf("step %d, %v after the row: alarm value on the page: %v", step, c.at.Sub(time.Unix(rowTime, 0)), got)
			}
			if !strings.Contains(page, "perfmon_alarm_state{") || !strings.Contains(page, "perfmon_alarm_level{") {
				t.Error("the trigger itself left the page")
			}
		}
	}
}

func TestGoneObjectsLeaveThePage(t *testing.T) {
	p := newPage(func() time.Time { return now })
	p.Published(picture(average("vm", "u1", "cpu0", 0.1), average("vm", "u2", "cpu0", 0.2)))
	if got := samplesOf(scrape(t, p).Body.String()); len(got) != 2 {
		t.Fatalf("%q", got)
	}
	p.Published(picture(average("vm", "u2", "cpu0", 0.3)))
	want := []string{`xen_vm_cpu_usage_ratio{cpu="0",uuid="u2"} 0.3`}
	if diff := cmp.Diff(want, samplesOf(scrape(t, p).Body.String())); diff != "" {
		t.Error(diff)
	}
}

func TestInventory(t *testing.T) {
	s := picture(
		average("sr", "rows", "size", 100), average("sr", "rows", "physical_utilisation", 10),
		average("sr", "half", "size", 200), average("sr", "half", "physical_utilisation", math.NaN()),
	)
	record := func(size, used int64) *monitor.SRFacts { return &monitor.SRFacts{Size: size, Utilisation: used} }
	s.Inventory = &monitor.Inventory{HostUUID: "h", Objects: map[monitor.Object]*monitor.Facts{
		{Class: "host", UUID: "h"}:    {Name: "alpha", Resident: true},
		{Class: "vm", UUID: "dom0"}:   {Name: "Control domain", Resident: true, ControlDomain: true},
		{Class: "vm", UUID: "here"}:   {Name: "web \"1\"", Resident: true},
		{Class: "vm", UUID: "away"}:   {Name: "elsewhere"},
		{Class: "vm", UUID: "blank"}:  nil,
		{Class: "sr", UUID: "rows"}:   {Name: "with rows", Resident: true, SR: record(1, 1)},
		{Class: "sr", UUID: "half"}:   {Name: "half known", Resident: true, SR: record(2, 2)},
		{Class: "sr", UUID: "none"}:   {Name: "no rows", Resident: true, SR: record(300, 0)},
		{Class: "sr", UUID: "iso"}:    {Name: "no size", Resident: true, SR: record(0, 0)},
		{Class: "sr", UUID: "odd"}:    {Name: "no use", Resident: true, SR: record(400, -1)},
		{Class: "sr", UUID: "other"}:  {Name: "unplugged", SR: record(500, 5)},
		{Class: "widget", UUID: "w"}:  {Name: "foreign", Resident: true},
		{Class: "sr", UUID: "bare"}:   {Name: "no record", Resident: true},
		{Class: "vm", UUID: "noname"}: {Resident: true},
	}}
	want := []string{
		`xen_host_info{name="alpha",uuid="h"} 1`,
		`xen_sr_info{name="half known",uuid="half"} 1`,
		`xen_sr_info{name="no record",uuid="bare"} 1`,
		`xen_sr_info{name="no rows",uuid="none"} 1`,
		`xen_sr_info{name="no size",uuid="iso"} 1`,
		`xen_sr_info{name="no use",uuid="odd"} 1`,
		`xen_sr_info{name="with rows",uuid="rows"} 1`,
		`xen_sr_physical_utilisation_bytes{uuid="half"} 2`,
		`xen_sr_physical_utilisation_bytes{uuid="none"} 0`,
		`xen_sr_physical_utilisation_bytes{uuid="rows"} 10`,
		`xen_sr_size_bytes{uuid="half"} 200`,
		`xen_sr_size_bytes{uuid="none"} 300`,
		`xen_sr_size_bytes{uuid="odd"} 400`,
		`xen_sr_size_bytes{uuid="rows"} 100`,
		`xen_vm_info{control_domain="false",name="",uuid="noname"} 1`,
		`xen_vm_info{control_domain="false",name="web \"1\"",uuid="here"} 1`,
		`xen_vm_info{control_domain="true",name="Control domain",uuid="dom0"} 1`,
	}
	if diff := cmp.Diff(want, samples(t, s)); diff != "" {
		t.Error(diff)
	}
}

func TestAlarms(t *testing.T) {
	s := picture(average("vm", "u", "cpu0", 0.95))
	s.Variables = []monitor.VariableStatus{
		{ID: alarm.ID{Class: "vm", UUID: "u", Variable: "cpu_usage"}, State: alarm.Firing, Known: true, Value: 0.95, Level: 0.9},
		{ID: alarm.ID{Class: "host", UUID: "h", Variable: "fs_usage"}, State: alarm.Inactive, Known: false, Value: math.NaN(), Level: 0.8},
		{ID: alarm.ID{Class: "vm", UUID: "u", Variable: "cpu_usage"}, State: alarm.Pending, Level: 5}, // a second of that name
	}
	s.ConfigErrors = map[monitor.Object]int{{Class: "vm", UUID: "u"}: 2}
	var want []string
	want = append(want, `perfmon_alarm_level{class="host",uuid="h",variable="fs_usage"} 0.8`,
		`perfmon_alarm_level{class="vm",uuid="u",variable="cpu_usage"} 0.9`)
	state := func(class, uuid, variable string, in alarm.State) {
		lines := map[string]string{}
		var names []string
		for _, st := range alarm.States {
			v := "0"
			if st == in {
				v = "1"
			}
			names = append(names, st.String())
			lines[st.String()] = `perfmon_alarm_state{class="` + class + `",state="` + st.String() + `",uuid="` + uuid + `",variable="` + variable + `"} ` + v
		}
		for _, n := range slices.Sorted(slices.Values(names)) {
			want = append(want, lines[n])
		}
	}
	// The registry sorts by label, so states interleave with nothing else of
	// the same class.
	state("host", "h", "fs_usage", alarm.Inactive)
	state("vm", "u", "cpu_usage", alarm.Firing)
	want = append(want,
		`perfmon_alarm_value{class="vm",uuid="u",variable="cpu_usage"} 0.95`,
		`perfmon_config_errors{class="vm",uuid="u"} 2`,
		`xen_vm_cpu_usage_ratio{cpu="0",uuid="u"} 0.95`)
	if diff := cmp.Diff(want, samples(t, s)); diff != "" {
		t.Error(diff)
	}
}
