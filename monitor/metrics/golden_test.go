package metrics

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"perfmon/alarm"
	"perfmon/monitor"
	"perfmon/rrd"
)

// everything is a picture with every known data source, and of each kind of
// object two, so that it is seen what the labels tell apart.
func everything() *monitor.Snapshot {
	var columns []column
	for _, k := range known {
		switch k.class {
		case "host":
			columns = append(columns, average(k.class, hostUUID, k.name, k.value))
		case "vm":
			columns = append(columns, average(k.class, vmUUID, k.name, k.value), average(k.class, dom0UUID, k.name, k.value/2))
		default:
			columns = append(columns, average(k.class, srUUID, k.name, k.value))
		}
	}
	s := picture(columns...)
	s.Inventory = &monitor.Inventory{HostUUID: hostUUID, Objects: map[monitor.Object]*monitor.Facts{
		{Class: "host", UUID: hostUUID}: {Name: "xcp-lab-1", Resident: true},
		{Class: "vm", UUID: dom0UUID}:   {Name: "Control domain on host: xcp-lab-1", Resident: true, ControlDomain: true},
		{Class: "vm", UUID: vmUUID}:     {Name: "web-1", Resident: true},
		{Class: "sr", UUID: srUUID}:     {Name: "Local storage", Resident: true, SR: &monitor.SRFacts{Size: 1, Utilisation: 1}},
		{Class: "sr", UUID: isoUUID}:    {Name: "NFS", Resident: true, SR: &monitor.SRFacts{Size: 1 << 40, Utilisation: 1 << 39}},
	}}
	s.Variables = []monitor.VariableStatus{
		{ID: alarm.ID{Class: "vm", UUID: vmUUID, Variable: "cpu_usage"}, State: alarm.Firing, Known: true, Value: 0.95, Level: 0.9},
		{ID: alarm.ID{Class: "vm", UUID: vmUUID, Variable: "memory_internal_free"}, State: alarm.Inactive, Level: 65536},
		{ID: alarm.ID{Class: "host", UUID: hostUUID, Variable: "network_usage"}, State: alarm.Pending, Known: true, Value: 2e8, Level: 1e8},
		{ID: alarm.ID{Class: "sr", UUID: isoUUID, Variable: "physical_utilisation"}, State: alarm.Inactive, Known: true, Value: 0.5, Level: 0.8},
	}
	s.ConfigErrors = map[monitor.Object]int{{Class: "vm", UUID: vmUUID}: 1}
	return s
}

func TestWholePage(t *testing.T) {
	s := everything()
	golden(t, "testdata/everything.prom", pageAt(t, s, now))
	golden(t, "testdata/stale.prom", pageAt(t, s, now.Add(time.Hour)))
}

// TestPageOfARealDocument has what a toolstack's own library wrote: a host,
// three VMs and an SR.
func TestPageOfARealDocument(t *testing.T) {
	f, err := os.Open("../../rrd/testdata/rrd_updates/head/host_3vms_sr_5s.xml")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d := rrd.NewDecoder(f, rrd.DecoderOptions{})
	h, err := d.Header()
	if err != nil {
		t.Fatal(err)
	}
	row, err := d.Next()
	if err != nil {
		t.Fatal(err)
	}
	s := &monitor.Snapshot{Legend: h.Legend, Row: row, Step: h.Step}
	page := pageAt(t, s, time.Unix(row.T, 0))
	golden(t, "testdata/host_3vms_sr.prom", page)
	if strings.Contains(page, "xen_data_source{") {
		t.Error("a stock data source without a metric of its own")
	}
}

func TestPageIsTheSameEachTime(t *testing.T) {
	first := pageAt(t, everything(), now)
	for range 5 {
		if pageAt(t, everything(), now) != first {
			t.Fatal("the order of the page changes")
		}
	}
}

func TestLint(t *testing.T) {
	problems, err := promlint.New(strings.NewReader(pageAt(t, everything(), now))).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}
