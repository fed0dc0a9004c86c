package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"perfmon/alarm"
	"perfmon/monitor"
	"perfmon/monitor/api"
)

// fakeAgent answers each path with a value, and remembers what it was asked.
type fakeAgent struct {
	answers map[string]any
	asked   []string
}

// start serves it; paths that it does not know are refused as an agent does.
func (f *fakeAgent) start(t *testing.T) (socket string) {
	t.Helper()
	return agentAt(t, func(w http.ResponseWriter, r *http.Request) {
		f.asked = append(f.asked, r.URL.RequestURI())
		w.Header().Set(api.VersionHeader, "1.2")
		answer, ok := f.answers[r.URL.Path]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			answer = &api.Refusal{Message: fmt.Sprintf("there is no %q", r.URL.Path), Fix: "this is perfmon 1.2", Known: []string{"/v1/explain", "/v1/objects"}}
		}
		if text, is := answer.(string); is {
			fmt.Fprint(w, text)
			return
		}
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		if err := e.Encode(answer); err != nil {
			t.Error(err)
		}
	})
}

const hostUUID = "b0cc7f0e-3f5b-4a44-9d7e-52c1a4a2a001"

var thisHead = api.Head{API: api.Version1}

func number64(v float64) *float64 { return &v }

// healthy is the status of an agent to which nothing is the matter.
func healthy() *api.Status {
	yes := true
	return &api.Status{
		Head: thisHead, Version: "unknown", Source: "xapi", Step: 5, Host: api.ObjectRef{Class: "host", UUID: hostUUID, Name: "xcp-1"}, Started: noon - 3*3600,
		Brief: api.Brief{
			State: api.StateRunning, Now: noon + 3, LastPoll: noon + 1, LastRow: noon,
			Counts: api.Counts{Objects: 205, VMs: 200, SRs: 4, Variables: 812},
		},
		Sinks: []api.Sink{
			{Name: "xapi", Kind: "xapi", Sent: 12},
			{Name: "alertmanager", Kind: "alertmanager", Sent: 1, Heartbeat: &yes},
		},
		Journal: api.Journal{Bytes: 1536 << 10, Epoch: "9f3c2a17"},
		Memory:  54 << 20, Goroutines: 40,
	}
}

// troubled is that of one that has every trouble at once.
func troubled() *api.Status {
	s, no := healthy(), false
	s.Version, s.Host.Name = "1.2", ""
	s.State, s.Trouble = api.StateTrouble, "unreachable"
	s.Counts.Critical, s.Counts.Warning, s.Counts.NoData, s.Counts.Pending, s.Counts.Muted = 2, 1, 3, 4, 1
	s.Counts.Silences, s.Counts.ConfigErrors = 1, 2
	s.Shadow = true
	s.Sinks = []api.Sink{
		{Name: "xapi", Kind: "xapi", Sent: 1, Queued: 3, Oldest: 600, LastError: "message.create: connection refused", LastErrorAt: noon - 10},
		{Name: "pager", Kind: "webhook", Away: true, NextTry: noon + 14, Queued: 2, Oldest: 4000, LastError: "webhook pager: 503", LastErrorAt: noon - 60, Dropped: 7},
		{Name: "nats", Kind: "nats", Sent: 9, Heartbeat: &no, LastError: "nats: no servers", LastErrorAt: noon - 2},
	}
	s.Journal = api.Journal{Degraded: true, Error: "write journal: no space left on device"}
	return s
}

func vm(n int, name string) api.ObjectRef {
	return api.ObjectRef{Class: "vm", UUID: fmt.Sprintf("%08x-2d5a-4d0e-a1c6-%012d", 0x1c2bd0d2*n, n), Name: name}
}

// someObjects has names as people give them.
func someObjects() *api.Objects {
	return &api.Objects{Head: thisHead, Objects: []api.ObjectInfo{
		{ObjectRef: api.ObjectRef{Class: "host", UUID: hostUUID, Name: "xcp-1"}, Tags: []string{}, Columns: 120, Variables: 6, Flags: api.Flags{Firing: 1, Severity: alarm.Critical}},
		{ObjectRef: vm(1, "Control domain on host: xcp-1"), ControlDomain: true, Tags: []string{}, Columns: 12, Variables: 2},
		{ObjectRef: vm(2, "web-07"), Tags: []string{"production", "team web"}, Columns: 24, Variables: 3, ConfigErrors: 2, Flags: api.Flags{Firing: 2, Severity: alarm.Warning, NoData: 1, Pending: 1}},
		{ObjectRef: vm(3, "a database with quite a long name, of the kind that people give"), Tags: []string{}, Columns: 24, Variables: 3, Flags: api.Flags{Maintenance: "migrating"}},
		{ObjectRef: vm(4, "東京データベース"), Tags: []string{}, Variables: 1},
		{ObjectRef: api.ObjectRef{Class: "sr", UUID: "7d8f0000-0000-4000-8000-000000000001", Name: "Local storage"}, Tags: []string{}, Columns: 9, Variables: 1},
	}}
}

func someAlarms() *api.Variables {
	return &api.Variables{Head: thisHead, Row: noon, Variables: []api.Variable{
		{ObjectRef: vm(2, "web-07"), Variable: "cpu_usage", State: "firing", Severity: alarm.Critical, Since: noon - 360, Value: number64(0.97), Level: 0.9, Unit: "fraction", Sense: "high", Period: 300},
		{ObjectRef: vm(3, "a database with quite a long name, of the kind that people give"), Variable: "disk_usage_of_all_disks", State: "firing", Severity: alarm.Warning, Since: noon - 86400, Value: number64(123456789), Level: 200e6, WarningLevel: number64(100e6), Unit: "B/s", Sense: "high", Muted: "silence 5f0c3a9be1d27c48"},
		{ObjectRef: api.ObjectRef{Class: "host", UUID: hostUUID, Name: "xcp-1"}, Variable: "memory_free_kib", State: "clearing", Severity: alarm.Critical, Since: noon - 30, Value: number64(1234567), Level: 1000000, Unit: "KiB", Sense: "low"},
		{ObjectRef: vm(5, ""), Variable: "cpu_usage", State: "nodata", Level: 0.9, Sense: "high"},
		{ObjectRef: vm(4, "東京データベース"), Variable: "cpu_usage", State: "pending", Since: noon - 60, Value: number64(0.93), Level: 0.9, Sense: "high"},
	}}
}

func someHistory() *api.History {
	ref := vm(2, "web-07")
	return &api.History{Head: thisHead, Oldest: noon - 4*86400, Transitions: []api.Transition{
		{ObjectRef: ref, Time: noon, Kind: alarm.KindCleared, Variable: "cpu_usage", Value: number64(0.31), Level: 0.9, Sense: "high", Severity: alarm.Critical, Reason: alarm.ReasonLevel},
		{ObjectRef: ref, Time: noon - 360, Kind: alarm.KindRepeated, Variable: "cpu_usage", Value: number64(0.99), Level: 0.9, Sense: "high", Severity: alarm.Critical, Inhibited: true, Silenced: true},
		{ObjectRef: ref, Time: noon - 720, Kind: alarm.KindRaised, Variable: "cpu_usage", Value: number64(0.97), Level: 0.9, Sense: "high", Severity: alarm.Warning},
		{ObjectRef: vm(9, "gone"), Time: noon - 86400, Kind: alarm.KindCleared, Variable: "memory_internal_free", Level: 1000, Sense: "low", Severity: alarm.Warning, Reason: alarm.ReasonGone},
		{ObjectRef: vm(9, "gone"), Time: noon - 90000, Kind: alarm.KindNoData, Variable: "memory_internal_free", Level: 1000, Sense: "low"},
	}}
}

// wholeAgent answers everything.
func wholeAgent() *fakeAgent {
	x := explanation(func(x *api.Explained) { x.State, x.Severity, x.Since = "firing", alarm.Critical, noon-360 })
	return &fakeAgent{answers: map[string]any{
		"/v1/status": healthy(), "/v1/objects": someObjects(), "/v1/alarms": someAlarms(), "/v1/variables": someAlarms(),
		"/v1/history": someHistory(), "/v1/explain": x, "/v1/pressure": api.Pressure{Head: thisHead, Now: noon},
		"/v1/silences": api.Silences{Silences: []alarm.Silence{{ID: "5f0c3a9be1d27c48", Reason: "load test on web-07", Author: "kim", Ends: noon + 3600}}},
		"/v1/effective": monitor.EffectiveConfig{
			XML: "<!-- vm 5c2b \"web-07\", tags \"production\" -->\n<config>\n\t<!-- triggers/vm.xml:13:5 (tag \"production\") -->\n</config>\n",
		},
		"/v1/watch": strings.Join([]string{
			"event: poll\ndata: {\"api\":\"v1\",\"state\":\"running\",\"now\":1795338000}\n",
			"event: poll\ndata: {\"api\":\"v1\",\"state\":\"running\",\"now\":1795338005}\n\n",
		}, "\n"),
	}}
}
