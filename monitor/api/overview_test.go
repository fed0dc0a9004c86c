package api

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"perfmon/alarm"
	"perfmon/monitor"
	"perfmon/monitor/config"
	"perfmon/rrd"
	"perfmon/rrd/rrdtest"
)

// pictureOf is a snapshot of this host whose newest row is at 990, and the
// time is 1000.
func pictureOf(t testing.TB, columns ...string) *monitor.Snapshot {
	t.Helper()
	doc := rrdtest.Update(990, 60, append(columns, "vm/"+newUUID+"/other 0")...)
	s := snapshotOf()
	s.HostUUID, s.Step = hostUUID, 60
	s.Legend, s.Plan, s.Row = doc.Header.Legend, doc.Header.Legend, rrd.Row{T: 990, Values: doc.Rows[0].Values}
	s.Variables = nil
	return s
}

// shown is the overview of a snapshot at the time 1000, as a client reads it.
func shown(t *testing.T, s *monitor.Snapshot) *Overview {
	t.Helper()
	a := newAsker(t, &fakeMonitor{snapshot: s})
	var o Overview
	a.get("/v1/overview", &o)
	return &o
}

// is compares a value with what is wanted, NaN for unknown.
func is(t *testing.T, what string, got *float64, want float64) {
	t.Helper()
	switch {
	case got == nil && math.IsNaN(want):
	case got == nil:
		t.Errorf("%s is unknown, want %g", what, want)
	case math.Abs(*got-want) > 1e-9*math.Abs(want):
		t.Errorf("%s is %g, want %g", what, *got, want)
	}
}

func TestOverviewOfTheHost(t *testing.T) {
	h := "host/" + hostUUID + "/"
	o := shown(t, pictureOf(t,
		h+"cpu0 0.1", h+"cpu1 0.3", h+"cpu_avg 0.25", h+"hostload 1.5", h+"loadavg 2",
		h+"memory_total_kib 4", h+"memory_free_kib 1",
		h+"pif_eth0_rx 100", h+"pif_eth1_rx 20", h+"pif_bond0_rx 120", h+"pif_eth0_tx 7", h+"pif_aggr_tx 8", h+"pif_eth0_rx_errors 3",
		h+"read_"+srUUID[:8]+" 500", h+"read_00000000 50", h+"io_throughput_write_"+srUUID[:8]+" 2", h+"latency_"+srUUID[:8]+" 2000",
		"MIN:"+h+"cpu_avg 0.9", h+"cpu_avg 0.9",
	))
	if o.Row != 990 || o.Host.UUID != hostUUID || o.Host.Name != "xcp-1" || o.Host.CPUs != 2 {
		t.Errorf("%+v", o)
	}
	is(t, "cpu", o.Host.CPU, 0.25)
	is(t, "load", o.Host.Load, 1.5)
	is(t, "load average", o.Host.LoadAverage, 2)
	is(t, "memory", o.Host.MemoryTotal, 4096)
	is(t, "memory used", o.Host.MemoryUsed, 3072)
	is(t, "rx", o.Host.NetRx, 120) // the bond is in it
	is(t, "tx", o.Host.NetTx, 8)   // all interfaces, as one column says
	is(t, "read", o.Host.DiskRead, 550)
	is(t, "write", o.Host.DiskWrite, 2<<20)
	is(t, "uptime", o.Host.Uptime, nan)
	if len(o.SRs) != 1 || o.SRs[0].UUID != srUUID {
		t.Fatalf("%+v", o.SRs)
	}
	is(t, "read of the SR", o.SRs[0].Read, 500)
	is(t, "write of the SR", o.SRs[0].Write, 2<<20)
	is(t, "its latency", o.SRs[0].Latency, 0.002)
	is(t, "its size", o.SRs[0].Size, nan)

	// Without the column of all processors it is the mean of each, those that
	// are known.
	o = shown(t, pictureOf(t, h+"cpu0 0.1", h+"cpu1 _", h+"cpu2 0.5", h+"memory_total_kib _", h+"memory_free_kib 1", h+"disk_sda_read 5", h+"disk_dm-0_read 5", h+"disk_md0_read 5"))
	is(t, "cpu", o.Host.CPU, 0.3)
	is(t, "memory used", o.Host.MemoryUsed, nan)
	is(t, "disks", o.Host.DiskRead, 5)
	if o.Host.CPUs != 3 {
		t.Errorf("%d processors", o.Host.CPUs)
	}
}

func TestOverviewOfVMs(t *testing.T) {
	v := "vm/" + webUUID + "/"
	s := pictureOf(t,
		v+"cpu0 0.2", v+"cpu1 0.4", v+"runstate_full_contention 0.1", v+"runstate_partial_contention 0.05", v+"runstate_fullrun 0.8",
		v+"memory 1000", v+"memory_internal_free 2", v+"vif_0_rx 1", v+"vif_1_rx 2", v+"vif_0_tx _", v+"vbd_xvda_read 10", v+"vbd_xvdb_read 20",
		v+"vbd_xvda_write inf", "vm/"+newUUID+"/memory 5", "sr/"+srUUID+"/size 100", "sr/"+srUUID+"/physical_utilisation 40")
	s.Inventory.Objects[monitor.Object{Class: "vm", UUID: webUUID}].Maintenance = monitor.Migrating
	s.Inventory.Objects[monitor.Object{Class: "vm", UUID: twinUUID}].ControlDomain = true
	s.Variables = []monitor.VariableStatus{
		{ID: alarm.ID{Class: "vm", UUID: webUUID, Variable: "a"}, State: alarm.Firing, Severity: alarm.Warning},
		{ID: alarm.ID{Class: "vm", UUID: webUUID, Variable: "b"}, State: alarm.Clearing, Severity: alarm.Critical},
		{ID: alarm.ID{Class: "vm", UUID: webUUID, Variable: "c"}, State: alarm.Firing, Severity: alarm.Warning},
		{ID: alarm.ID{Class: "vm", UUID: webUUID, Variable: "d"}, State: alarm.Pending},
		{ID: alarm.ID{Class: "vm", UUID: webUUID, Variable: "e"}, State: alarm.NoData},
		{ID: alarm.ID{Class: "vm", UUID: webUUID, Variable: "f"}},
	}
	o := shown(t, s)
	names := ""
	for _, vm := range o.VMs {
		names += vm.UUID[:4] + vm.Name + " "
	}
	if names != "bbbb 5c2btwin 9d1etwin 5c2bweb-07 " { // not the one that is far
		t.Fatalf("VMs: %s", names)
	}
	web := o.VMs[3]
	if web.Firing != 3 || web.Severity != alarm.Critical || web.Pending != 1 || web.NoData != 1 || web.Maintenance != "migrating" || web.CPUs != 2 || !o.VMs[2].ControlDomain {
		t.Errorf("%+v", web)
	}
	is(t, "cpu", web.CPU, 0.3)
	is(t, "contention", web.Contention, 0.15)
	is(t, "memory", web.Memory, 1000)
	is(t, "free", web.MemoryFree, 2048)
	is(t, "rx", web.NetRx, 3)
	is(t, "tx", web.NetTx, nan)
	is(t, "read", web.DiskRead, 30)
	is(t, "write", web.DiskWrite, nan)
	is(t, "memory of the one without a name", o.VMs[0].Memory, 5)
	is(t, "cpu of one without rows", o.VMs[1].CPU, nan)
	is(t, "size", o.SRs[0].Size, 100)
	is(t, "used", o.SRs[0].Used, 40)

	// Rows that are old say nothing; what is of the record does.
	s.Row.T = 1000 - 181
	s.Inventory.Objects[monitor.Object{Class: "sr", UUID: srUUID}].SR = &monitor.SRFacts{Size: 7, Utilisation: 3}
	o = shown(t, s)
	if o.Row != 0 || len(o.VMs) != 4 || o.VMs[3].Firing != 3 {
		t.Errorf("%+v", o)
	}
	is(t, "cpu", o.VMs[3].CPU, nan)
	is(t, "size", o.SRs[0].Size, 7)
	is(t, "used", o.SRs[0].Used, 3)
}

func TestOverviewBeforeTheFirstPoll(t *testing.T) {
	a := newAsker(t, &fakeMonitor{})
	a.l.Monitor.(*fakeMonitor).snapshot = nil
	var o Overview
	if a.get("/v1/overview", &o); o.VMs == nil || o.SRs == nil || len(o.VMs) != 0 || o.Host.UUID != "" {
		t.Errorf("%+v", o)
	}
	var s Status
	if a.get("/v1/status", &s); s.State != StateStarting || s.Host.UUID != "" {
		t.Errorf("%+v", s)
	}
}

// TestOverviewIsMadeOnce: many who ask get the same one, until the picture is
// another, or too old.
func TestOverviewIsMadeOnce(t *testing.T) {
	o := newOverviews(func() (float64, bool) { return 7, true })
	s := pictureOf(t, "host/"+hostUUID+"/cpu0 0.1")
	now := time.Unix(1000, 0)
	first := o.of(s, now)
	is(t, "uptime", first.Host.Uptime, 7)
	if o.of(s, now.Add(time.Second)) != first {
		t.Error("it was made twice")
	}
	if again := o.of(s, now.Add(time.Hour)); again == first || again.Row != 0 {
		t.Error("an old row is believed")
	}
	other := *s
	if o.of(&other, now) == first {
		t.Error("another picture, and the same overview")
	}
}

// largeHost has 1000 VMs with three variables each, and the columns of a
// usual VM.
func largeHost(b testing.TB) *monitor.Snapshot {
	b.Helper()
	s := &monitor.Snapshot{HostUUID: hostUUID, Step: 60, Legend: &rrd.Legend{}, Row: rrd.Row{T: 990}}
	s.Inventory = &monitor.Inventory{HostUUID: hostUUID, Objects: map[monitor.Object]*monitor.Facts{}}
	rule := &config.Variable{Name: "cpu_usage", Level: 0.9, Period: 60}
	for i := range 1000 {
		uuid := fmt.Sprintf("%08d-2d5a-4d0e-a1c6-0e8f2e0b9c11", i)
		s.Inventory.Objects[monitor.Object{Class: "vm", UUID: uuid}] = &monitor.Facts{Name: fmt.Sprint("vm-", i), Resident: true}
		for _, name := range []string{
			"cpu0", "cpu1", "cpu2", "cpu3", "cpu_usage", "memory", "memory_target", "memory_internal_free", "vif_0_rx", "vif_0_tx",
			"vbd_xvda_read", "vbd_xvda_write", "vbd_xvda_latency", "runstate_full_contention", "runstate_partial_contention", "runstate_fullrun",
		} {
			s.Legend.Entries = append(s.Legend.Entries, rrd.Entry{CF: rrd.Average, Class: "vm", UUID: uuid, Name: name})
			s.Row.Values = append(s.Row.Values, 0.25)
		}
		for n := range 3 {
			s.Variables = append(s.Variables, monitor.VariableStatus{
				ID: alarm.ID{Class: "vm", UUID: uuid, Variable: fmt.Sprint("v", n)}, State: alarm.States[(i+n)%len(alarm.States)], Rule: rule,
			})
		}
	}
	s.Plan = s.Legend
	return s
}

// BenchmarkOverview is a new picture of a large host each time, as JSON.
func BenchmarkOverview(b *testing.B) {
	s := largeHost(b)
	l := newLocal(LocalOptions{Monitor: &fakeMonitor{snapshot: s}, Version: "1.2", Logger: quiet})
	l.now = func() time.Time { return time.Unix(1000, 0) }
	handler := l.handler()
	request := httptest.NewRequest("GET", "/v1/overview", nil)
	b.ReportAllocs()
	for b.Loop() {
		picture := *s
		l.Monitor.(*fakeMonitor).snapshot = &picture
		w := &discarding{header: http.Header{}}
		if handler.ServeHTTP(w, request); w.n < 100_000 {
			b.Fatal(w.n)
		}
	}
}

// discarding takes an answer and keeps nothing.
type discarding struct {
	header http.Header
	n      int
}

func (d *discarding) Header() http.Header         { return d.header }
func (d *discarding) WriteHeader(int)             {}
func (d *discarding) Write(b []byte) (int, error) { d.n += len(b); return len(b), nil }

// TestLargeAnswers: they are valid, and on one line.
func TestLargeAnswers(t *testing.T) {
	a := newAsker(t, &fakeMonitor{snapshot: largeHost(t)})
	var o Overview
	a.get("/v1/overview", &o)
	if len(o.VMs) != 1000 {
		t.Errorf("%d VMs", len(o.VMs))
	}
	is(t, "contention", o.VMs[500].Contention, 0.5)
	var v Variables
	if a.get("/v1/variables", &v); len(v.Variables) != 3000 {
		t.Errorf("%d variables", len(v.Variables))
	}
	if a.get("/v1/alarms", &v); len(v.Variables) != 2400 || v.Variables[0].State != "firing" && v.Variables[0].State != "clearing" {
		t.Errorf("%d alarms", len(v.Variables))
	}
	var s Status
	if a.get("/v1/status", &s); s.Counts.VMs != 1000 || s.Counts.Objects != 1001 || s.Counts.Firing() != 1200 || s.Counts.NoData != 600 || s.Counts.Pending != 600 {
		t.Errorf("%+v", s.Counts)
	}
}

// TestValues: what no JSON number is, is null, and comes back as unknown.
func TestValues(t *testing.T) {
	b, err := json.Marshal(Values{1, nan, math.Inf(-1), 1e300, -0.5})
	if err != nil || string(b) != "[1,null,null,1e+300,-0.5]" {
		t.Fatalf("%s, %v", b, err)
	}
	var back Values
	if err := json.Unmarshal(b, &back); err != nil || len(back) != 5 || !math.IsNaN(back[1]) || back[3] != 1e300 {
		t.Errorf("%v, %v", back, err)
	}
	if err := json.Unmarshal([]byte(`["x"]`), &back); err == nil {
		t.Error("text is a value")
	}
	if b, err := json.Marshal(struct{ V []Values }{[]Values{{}, nil}}); err != nil || string(b) != `{"V":[[],[]]}` {
		t.Errorf("%s, %v", b, err)
	}
}
