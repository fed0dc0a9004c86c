package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"perfmon/monitor/api"
	"perfmon/rrd"
	"perfmon/xapi/xapitest"
)

// ask reads an answer of the local API.
func (s *site) ask(path string, into any) {
	s.t.Helper()
	read(s.t, s.apiClient(), "http://perfmon/v1/"+path, into)
}

func read(t *testing.T, client *http.Client, url string, into any) {
	t.Helper()
	resp, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK || resp.Header.Get(api.VersionHeader) == "" {
		t.Fatalf("%s: %s", url, resp.Status)
	}
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
		t.Fatal(err)
	}
}

// TestWhatTheAgentSays: from a toolstack to the answers of the API, on the
// socket and on the web port.
func TestWhatTheAgentSays(t *testing.T) {
	t.Parallel()
	p := newPool(t)
	p.sim.SetSeries(rrd.ClassVM, p.vm, "memory", func(int64) float64 { return 1 << 30 })
	p.configure("vm", p.vm, cpuAbove(0.5))
	a := p.start("--source", "xapi", "-s", "5")
	p.messages(1)
	a.waitPage(`perfmon_sink_sent_total\{sink="xapi"\} 1`)

	var status api.Status
	p.ask("status", &status)
	if status.State != api.StateRunning || status.Source != "xapi" || status.Step != 5 || status.Host.UUID != p.sim.HostUUID() || status.Counts.VMs != 2 ||
		status.Counts.Critical != 1 || status.LastRow == 0 || status.Started == 0 || status.Journal.Memory || status.Journal.Degraded || status.Journal.Bytes == 0 {
		t.Errorf("%+v", status)
	}
	if len(status.Sinks) != 1 || status.Sinks[0].Name != "xapi" || status.Sinks[0].Kind != "xapi" || status.Sinks[0].Sent != 1 || status.Sinks[0].Queued != 0 {
		t.Errorf("%+v", status.Sinks)
	}
	for _, from := range []func(path string, into any){
		p.ask,
		func(path string, into any) {
			t.Helper()
			read(t, webClient(t), "http://"+a.address()+"/v1/"+path, into)
		},
	} {
		var view api.Overview
		from("overview", &view)
		if view.Host.CPU == nil || *view.Host.CPU != 0.25 || view.Host.Uptime == nil || len(view.VMs) != 2 || !view.VMs[0].ControlDomain ||
			*view.VMs[1].CPU != 0.75 || *view.VMs[1].Memory != 1<<30 || view.VMs[1].Firing != 1 {
			t.Errorf("%+v", view)
		}
		var alarms api.Variables
		from("alarms", &alarms)
		if len(alarms.Variables) != 1 || alarms.Variables[0].Name != "web-01" || *alarms.Variables[0].Value != 0.75 || alarms.Variables[0].InhibitUntil == 0 {
			t.Errorf("%+v", alarms)
		}
		var history api.History
		from("history?object=web-01", &history)
		if len(history.Transitions) != 1 || history.Transitions[0].Kind != "raised" {
			t.Errorf("%+v", history)
		}
	}
	a.stop(syscall.SIGTERM)
}

// TestSeriesOfToolstacks: each object's rows of each span, of toolstacks old
// and new.
func TestSeriesOfToolstacks(t *testing.T) {
	t.Parallel()
	for name, version := range map[string]xapitest.Version{"2013": xapitest.R2013, "24": xapitest.V24, "head": xapitest.Head} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newQuietPool(t, func(o *xapitest.Options) { o.Version = version })
			other := xapitest.UUID("other")
			p.sim.PutVM(xapitest.VM{UUID: other, Name: "db-01", PowerState: "Running", ResidentOn: p.sim.HostUUID()})
			p.sim.SetSeries(rrd.ClassHost, p.sim.HostUUID(), "cpu0", func(int64) float64 { return 0.25 })
			p.sim.SetSeries(rrd.ClassVM, p.vm, "cpu0", func(int64) float64 { return 0.75 })
			p.sim.SetSeries(rrd.ClassVM, other, "cpu0", func(int64) float64 { return 0.5 })
			sr := xapitest.UUID("sr")
			p.sim.PutSR(xapitest.SR{UUID: sr, Name: "thin", Type: "gfs2", ContentType: "user", PhysicalSize: 128, PhysicalUtilisation: 96})
			p.sim.PutPBD(xapitest.PBD{UUID: xapitest.UUID("pbd"), Host: p.sim.HostUUID(), SR: sr, Attached: true})
			p.sim.SetSeries(rrd.ClassSR, sr, "size", func(int64) float64 { return 128 })
			p.sim.SetSeries(rrd.ClassHost, p.sim.HostUUID(), "read_"+sr[:8], func(int64) float64 { return 7 })
			p.configure("vm", p.vm, cpuAbove(0.9))
			a := p.start("--source", "xapi")
			a.waitPage(`perfmon_variables 1`)
			var ofSR api.Series
			p.ask("series?span=2h&object=thin", &ofSR)
			names := ""
			for i, c := range ofSR.Columns {
				names += fmt.Sprint(c.Class, " ", c.Name[:4], " ", ofSR.Values[i][len(ofSR.T)-1], ", ")
			}
			if want := map[bool]string{true: "host read 7, ", false: "host read 7, sr size 128, "}[version == xapitest.R2013]; names != want {
				t.Errorf("columns of the SR: %s; want %s", names, want)
			}
			for span, want := range map[string]struct{ step, least int64 }{"10m": {5, 118}, "2h": {60, 118}, "1w": {3600, 165}, "1y": {86400, 363}} {
				for object, value := range map[string]float64{"host": 0.25, "web-01": 0.75, "db-01": 0.5} {
					var s api.Series
					p.ask("series?columns=cpu*&span="+span+"&object="+object, &s)
					if s.Step != want.step || int64(len(s.T)) < want.least || len(s.Columns) != 1 || s.Columns[0].UUID != s.UUID || s.Columns[0].Unit != "fraction" {
						t.Errorf("%s of %s: step %d, %d rows, columns %+v", span, object, s.Step, len(s.T), s.Columns)
						continue
					}
					last := len(s.T) - 1
					recorded := want.step > 60 || s.Values[0][last] == value // the toolstack is not an hour old
					if !recorded || s.T[last]-s.T[0] != int64(last)*s.Step || s.End != s.T[last] {
						t.Errorf("%s of %s: %g at %d; %+v", span, object, s.Values[0][last], s.T[last], s)
					}
					if triggers := len(s.Triggers); triggers != map[bool]int{true: 1}[object == "web-01"] {
						t.Errorf("%s of %s: %d triggers", span, object, triggers)
					}
				}
			}
			a.stop(syscall.SIGTERM)
		})
	}
}

// TestHistoryOverRestarts: what was said is known after a stop, and after a
// kill; without a state directory it is not.
func TestHistoryOverRestarts(t *testing.T) {
	t.Parallel()
	p := newPool(t)
	p.configure("vm", p.vm, cpuAbove(0.5))
	want := func(kinds ...string) {
		t.Helper()
		var history api.History
		p.ask("history", &history)
		var got []string
		for _, tr := range history.Transitions {
			got = append(got, string(tr.Kind))
		}
		if fmt.Sprint(got) != fmt.Sprint(kinds) {
			t.Errorf("the history is %v, want %v", got, kinds)
		}
	}
	a := p.start("--source", "xapi", "-s", "5")
	a.waitLog(1, "PERFMON: alarm raised")
	a.waitPage(`perfmon_alarm_state\{class="vm",state="firing",.*\} 1`)
	want("raised")
	a.kill()
	a = p.start("--source", "xapi", "-s", "5")
	a.waitPage(`perfmon_polls_total\{result="ok"\} [1-9]`)
	want("raised")
	p.sim.SetSeries(rrd.ClassVM, p.vm, "cpu0", func(int64) float64 { return 0.1 })
	a.waitLog(1, "PERFMON: alarm cleared")
	a.waitPage(`perfmon_alarm_state\{class="vm",state="inactive",.*\} 1`)
	want("cleared", "raised")
	a.stop(syscall.SIGTERM)
	a = p.start("--source", "xapi", "-s", "5")
	a.waitPage(`perfmon_polls_total\{result="ok"\} [1-9]`)
	want("cleared", "raised")
	a.stop(syscall.SIGTERM)
	a = p.start("--source", "xapi", "-s", "5", "--state-dir=")
	a.waitPage(`perfmon_polls_total\{result="ok"\} [1-9]`)
	var status api.Status
	p.ask("status", &status)
	var history api.History
	p.ask("history", &history)
	for _, tr := range history.Transitions { // of rows that it has looked back at
		if !strings.Contains(tr.ID, status.Journal.Epoch) {
			t.Errorf("%s is remembered without a state directory", tr.ID)
		}
	}
	if !status.Journal.Memory || status.Journal.Bytes != 0 {
		t.Errorf("%+v", status.Journal)
	}
	a.stop(syscall.SIGTERM)
}

// TestAgentEndsThoughSomeWatch: the streams end with it, at once.
func TestAgentEndsThoughSomeWatch(t *testing.T) {
	t.Parallel()
	p := newPool(t)
	p.configure("vm", p.vm, cpuAbove(0.5))
	a := p.start("--source", "xapi", "-s", "5")
	a.waitLog(1, "PERFMON: alarm raised")
	a.waitPage(`perfmon_alarm_state\{class="vm",state="firing",.*\} 1`)
	var streams []*bufio.Scanner
	for url, client := range map[string]*http.Client{"http://perfmon": p.apiClient(), "http://" + a.address(): {Transport: &http.Transport{DisableKeepAlives: true}}} {
		resp, err := client.Get(url + "/v1/watch?object=web-01")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		lines := bufio.NewScanner(resp.Body)
		lines.Buffer(nil, 1<<20)
		streams = append(streams, lines)
	}
	p.sim.SetSeries(rrd.ClassVM, p.vm, "cpu0", func(int64) float64 { return 0.1 })
	for _, lines := range streams {
		for !strings.Contains(lines.Text(), `"kind":"cleared"`) {
			if !lines.Scan() {
				t.Fatalf("the stream ended: %v", lines.Err())
			}
		}
	}
	began := time.Now()
	a.stop(syscall.SIGTERM)
	t.Logf("ended after %v", time.Since(began))
	for _, lines := range streams {
		for lines.Scan() {
		}
		if err := lines.Err(); err != nil {
			t.Errorf("the stream was cut off: %v", err)
		}
	}
}
