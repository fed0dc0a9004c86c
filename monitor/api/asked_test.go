package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"perfmon/alarm"
	"perfmon/monitor"
	"perfmon/monitor/api/door/doortest"
	"perfmon/monitor/config"
	"perfmon/rrd"
)

func TestUnknownParameters(t *testing.T) {
	a := newAsker(t, &fakeMonitor{})
	for path, methods := range a.l.routes() {
		for method, one := range methods {
			r := a.refused(method, path+"?objekt=x", "", 400, `no parameter "objekt"`)
			if !slices.Equal(r.Known, one.params) {
				t.Errorf("%s %s: known %q, want %q", method, path, r.Known, one.params)
			}
			for _, p := range one.params {
				a.refused(method, path+"?"+p+"=1&"+p+"=2", "", 400, "stands 2 times")
			}
		}
	}
	a.refused("GET", "/v1/objects?query=%zz", "", 400, "cannot be read")
	a.refused("GET", "/v1/objects?query=a;b", "", 400, "cannot be read")
	a.refused("GET", "/v1/objects?query="+strings.Repeat("x", maxQuery), "", 400, "the limit is 4096")
	a.refused("GET", "/v1/nowhere?x=1", "", 404, "/v1/nowhere")
}

// TestEveryAnswer carries the version of the API and of the program.
func TestEveryAnswer(t *testing.T) {
	f := &fakeMonitor{snapshot: pictureOf(t, "vm/"+webUUID+"/cpu0 1")}
	a := newAsker(t, f)
	for _, path := range []string{
		"/v1/status", "/v1/overview", "/v1/recent", "/v1/objects", "/v1/objects?query=host", "/v1/variables", "/v1/alarms", "/v1/history", "/v1/pressure",
		"/v1/nowhere", "/v1/series?object=host", "/v1/status?x=1",
	} {
		resp := a.ask("GET", path, "")
		var head Head
		if err := json.NewDecoder(resp.Body).Decode(&head); err != nil || head.API != "v1" || resp.Header.Get("Perfmon-Version") != "1.2" || resp.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %+v, %v, %v", path, head, resp.Header, err)
		}
	}
}

func TestStatusSays(t *testing.T) {
	s := pictureOf(t, "vm/"+webUUID+"/cpu0 1")
	s.Polled, s.LastRow, s.Trouble = 995, 990, "no rows: unreachable"
	s.Inventory.PoolUUID = "pool"
	s.Silences = []alarm.Silence{{ID: "a", Ends: 1001}, {ID: "b", Ends: 1000}}
	s.ConfigErrors = map[monitor.Object]int{{Class: "vm"}: 2, {Class: "pool"}: 1}
	id := func(v string) alarm.ID { return alarm.ID{Class: "vm", UUID: webUUID, Variable: v} }
	s.Variables = []monitor.VariableStatus{
		{ID: id("a"), State: alarm.Firing, Severity: alarm.Critical}, {ID: id("b"), State: alarm.Clearing, Severity: alarm.Warning, Muted: "silence x"},
		{ID: id("c"), State: alarm.NoData, Muted: "contention of the host"}, {ID: id("d"), State: alarm.Pending, Muted: "silence x"}, {ID: id("e")},
	}
	a := newAsker(t, &fakeMonitor{snapshot: s})
	arrived := true
	a.l.LocalOptions.Source, a.l.Step, a.l.Started, a.l.Shadow = "xapi", 60, time.Unix(900, 0), true
	a.l.Totals = func() []Sink {
		return []Sink{{Name: "n", Kind: "nats", LastError: "nats://10.0.0.9: refused", Heartbeat: &arrived}}
	}
	a.l.Journal = func() Journal { return Journal{Degraded: true, Error: "disk full", Epoch: "e", Bytes: 7} }
	var got Status
	a.get("/v1/status", &got)
	if want := (Counts{Objects: 6, VMs: 4, SRs: 1, Variables: 5, Critical: 1, Warning: 1, NoData: 1, Pending: 1, Muted: 2, Silences: 1, ConfigErrors: 3}); got.Counts != want {
		t.Errorf("%+v, want %+v", got.Counts, want)
	}
	if got.State != StateTrouble || got.Trouble != s.Trouble || got.LastPoll != 995 || got.LastRow != 990 || got.Now != 1000 || got.Source != "xapi" || got.Step != 60 ||
		got.Started != 900 || !got.Shadow || got.Host != (ObjectRef{"host", hostUUID, "xcp-1"}) || got.Pool != "pool" || got.Memory < 1<<20 || got.Goroutines < 2 {
		t.Errorf("%+v", got)
	}
	if len(got.Sinks) != 1 || got.Sinks[0].LastError == "" || !*got.Sinks[0].Heartbeat || got.Journal.Error != "disk full" || got.Journal.Memory {
		t.Errorf("%+v, %+v", got.Sinks, got.Journal)
	}
	s.Trouble = ""
	if a.get("/v1/status", &got); got.State != StateRunning {
		t.Errorf("state %q", got.State)
	}
	s.Polled = 0
	if a.get("/v1/status", &got); got.State != StateStarting {
		t.Errorf("state %q", got.State)
	}
}

func TestAlarms(t *testing.T) {
	s := pictureOf(t, "vm/"+webUUID+"/cpu0 1", "vm/"+webUUID+"/cpu1 1", "vm/"+webUUID+"/memory_internal_free 1", "vm/"+webUUID+"/nobodys 1")
	s.LastRow = 990
	on := func(uuid, name string, state alarm.State, severity alarm.Severity, since int64) monitor.VariableStatus {
		return monitor.VariableStatus{ID: alarm.ID{Class: "vm", UUID: uuid, Variable: name}, State: state, Severity: severity, Since: since}
	}
	full := on(webUUID, "cpu_usage", alarm.Firing, alarm.Critical, 930)
	full.Known, full.Value, full.Level, full.Low, full.Period, full.Labels = true, 0.25, 0.5, true, 60, map[string]string{"team": "web"}
	full.Rule = &config.Variable{Fold: config.Average, Priority: 2, HasWarning: true, WarningLevel: 0.75, HasClear: true, ClearLevel: 0.8}
	full.Columns, full.Muted, full.InhibitUntil = []int{0, 1}, "silence abc", 4000
	muted := on(dbUUID, "m", alarm.Firing, alarm.Warning, 100)
	muted.Muted = "maintenance: snapshot"
	s.Variables = []monitor.VariableStatus{
		on(dbUUID, "pending", alarm.Pending, "", 1), on(dbUUID, "calm", alarm.Inactive, "", 0), on(dbUUID, "nodata", alarm.NoData, "", 1),
		muted, on(dbUUID, "clearing", alarm.Clearing, alarm.Critical, 940), full,
	}
	a := newAsker(t, &fakeMonitor{snapshot: s})
	list := func(path string) string {
		t.Helper()
		var got Variables
		a.get(path, &got)
		var names []string
		for _, v := range got.Variables {
			names = append(names, v.Variable)
		}
		return strings.Join(names, " ")
	}
	f := func(path, want string) {
		t.Helper()
		if got := list(path); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
	f("/v1/alarms", "cpu_usage clearing m nodata pending")
	units := func(want string, columns []int, reading bool) {
		t.Helper()
		v := &s.Variables[len(s.Variables)-1]
		was := *v
		v.Columns, v.Reading = columns, reading
		var got Variables
		a.get("/v1/variables?object=web-07", &got)
		if got.Variables[0].Unit != want {
			t.Errorf("%v: unit %q, want %q", columns, got.Variables[0].Unit, want)
		}
		*v = was
	}
	units("fraction", []int{0, 1}, false)
	units("fraction", nil, true)
	units("KiB", []int{2}, false)
	units("", []int{0, 2}, false) // of several
	units("", []int{0, 3}, false) // one that nobody knows
	units("", nil, false)
	f("/v1/alarms?object=web-07", "cpu_usage")
	f("/v1/alarms?state=pending,%20inactive", "pending calm")
	f("/v1/alarms?state=firing&object=vm:"+dbUUID, "m")
	f("/v1/variables", "pending calm nodata m clearing cpu_usage")
	f("/v1/variables?object=web-07", "cpu_usage")
	f("/v1/variables?object=host", "")
	if r := a.refused("GET", "/v1/alarms?state=fire", "", 400, `no state "fire"`); len(r.Known) != len(alarm.States) {
		t.Errorf("known %q", r.Known)
	}
	a.refused("GET", "/v1/variables?object=nobody", "", 404, "nobody")

	var got Variables
	a.get("/v1/alarms", &got)
	v := got.Variables[0]
	if got.Row != 990 || v.Name != "web-07" || v.Class != "vm" || v.State != "firing" || v.Severity != alarm.Critical || v.Since != 930 || *v.Value != 0.25 || v.Fold != "average" ||
		!slices.Equal(v.Columns, []string{"cpu0", "cpu1"}) || v.Level != 0.5 || v.Sense != "low" || *v.WarningLevel != 0.75 || *v.ClearLevel != 0.8 || v.Period != 60 ||
		v.Priority != 2 || v.Muted != "silence abc" || v.Silence != "abc" || v.InhibitUntil != 4000 || v.Labels["team"] != "web" {
		t.Errorf("%+v", v)
	}
	if m := got.Variables[2]; m.Muted != "maintenance: snapshot" || m.Silence != "" || m.Value != nil || m.Sense != "high" {
		t.Errorf("%+v", m)
	}
}

func TestHistoryIsAsked(t *testing.T) {
	a := newAsker(t, &fakeMonitor{})
	past := &chronicle{}
	a.l.History = past.newestFirst
	add := func(uuid, variable string, at int64) {
		e := eventOfWeb(at)
		e.UUID, e.Variable, e.Time = uuid, variable, at
		past.add(e)
	}
	const goneUUID = "eeee0000-0000-4000-8000-000000000001"
	add(goneUUID, "old", 100)
	add(webUUID, "cpu_usage", 200)
	add(webUUID, "disk_usage", 300)
	add(dbUUID, "cpu_usage", 400)
	f := func(query, want string, complete bool) {
		t.Helper()
		var got History
		a.get("/v1/history"+query, &got)
		var words []string
		for _, tr := range got.Transitions {
			words = append(words, tr.UUID[:4]+"/"+tr.Variable)
		}
		if s := strings.Join(words, " "); s != want || got.Complete != complete || got.Oldest != 100 {
			t.Errorf("%s: %s, complete %t, oldest %d; want %s, %t", query, s, got.Complete, got.Oldest, want, complete)
		}
	}
	f("", "5c2b/cpu_usage 5c2b/disk_usage 5c2b/cpu_usage eeee/old", true)
	f("?limit=2", "5c2b/cpu_usage 5c2b/disk_usage", false)
	f("?limit=4", "5c2b/cpu_usage 5c2b/disk_usage 5c2b/cpu_usage eeee/old", true)
	f("?since=300", "5c2b/cpu_usage 5c2b/disk_usage", true)
	f("?since=-700", "5c2b/cpu_usage 5c2b/disk_usage", true) // it is 1000
	f("?object=web-07", "5c2b/disk_usage 5c2b/cpu_usage", true)
	f("?object=web-07&variable=cpu_usage", "5c2b/cpu_usage", true)
	f("?variable=cpu_usage&limit=1", "5c2b/cpu_usage", false)
	f("?object="+goneUUID, "eeee/old", true)
	f("?object=vm:"+goneUUID, "eeee/old", true)
	f("?object=host", "", true)
	a.refused("GET", "/v1/history?object=eeee", "", 404, "eeee")
	a.refused("GET", "/v1/history?limit=0", "", 400, `limit is "0"`)
	a.refused("GET", "/v1/history?limit=2001", "", 400, "limit is")
	a.refused("GET", "/v1/history?since=yesterday", "", 400, "since is")

	empty := newAsker(t, &fakeMonitor{})
	var got History
	if empty.get("/v1/history", &got); got.Transitions == nil || len(got.Transitions) != 0 || got.Oldest != 0 || !got.Complete {
		t.Errorf("%+v", got)
	}
}

func TestPressureSays(t *testing.T) {
	a := newAsker(t, &fakeMonitor{snapshot: pictureOf(t, "host/"+hostUUID+"/cpu_avg 0.5")})
	var p Pressure
	if a.get("/v1/pressure", &p); *p.CPUUsage != 0.5 || p.Row != 990 || p.Now != 1000 {
		t.Errorf("%+v", p)
	}
	a.l.Monitor.(*fakeMonitor).snapshot = nil
	a.refused("GET", "/v1/pressure", "", 503, "any rows yet")
}

// TestWebPort: what changes something is not there, nor what is not for
// everybody; and a host that is not ours is refused before.
func TestWebPort(t *testing.T) {
	f := &fakeMonitor{snapshot: pictureOf(t, "vm/"+webUUID+"/cpu0 1")}
	f.snapshot.Silences = []alarm.Silence{{ID: "a", Ends: 2000}}
	f.explain = func(_ context.Context, key monitor.Object, variable string) (*monitor.Explanation, error) {
		return &monitor.Explanation{Class: key.Class, UUID: key.UUID, Variable: variable}, nil
	}
	a := newAsker(t, f, SinkStatus{Sink: "nats", LastError: "nats://10.0.0.9: refused", LastErrorAt: 990})
	a.l.Totals = func() []Sink { return []Sink{{Name: "nats", LastError: "nats://10.0.0.9: refused", LastErrorAt: 990}} }
	a.l.Journal = func() Journal { return Journal{Degraded: true, Error: "/secret/10.0.0.9"} }
	url := "http://" + startPort(t, handlerFor(t, Options{API: (&Service{a.l}).Public(), Listen: []string{"127.0.0.1:0"}}), "")
	c := doortest.Client(t)
	get := func(path string) string {
		t.Helper()
		resp, body := doortest.Do(t, c, doortest.Request(t, "GET", url+path))
		if resp.StatusCode != 200 || resp.Header.Get("Content-Security-Policy") == "" || resp.Header.Get(VersionHeader) != "1.2" {
			t.Errorf("%s: %s %v", path, resp.Status, resp.Header)
		}
		return body
	}
	for _, path := range []string{
		"/v1/status", "/v1/overview", "/v1/recent", "/v1/objects", "/v1/variables", "/v1/alarms", "/v1/history", "/v1/pressure", "/v1/silences",
		"/v1/explain?object=web-07&variable=cpu",
	} {
		if body := get(path); strings.Contains(body, "10.0.0.9") {
			t.Errorf("%s tells an address: %s", path, body)
		}
	}
	if body := get("/v1/silences"); !strings.Contains(body, `"id": "a"`) { // of the picture: the loop is not asked
		t.Error(body)
	}
	refused := func(method, path string, status int, header ...string) {
		t.Helper()
		if resp, body := doortest.Do(t, c, doortest.Request(t, method, url+path, header...)); resp.StatusCode != status {
			t.Errorf("%s %s: %s %s", method, path, resp.Status, body)
		}
	}
	refused("POST", "/v1/silences", 405)
	refused("PUT", "/v1/status", 405)
	refused("DELETE", "/v1/silences/a", 404)
	refused("GET", "/v1/", 404)
	refused("GET", "/v1/status", 421, "Host", "evil.example")
	refused("GET", "/v1/watch", 421, "Host", "evil.example")
	without := "http://" + startPort(t, handlerFor(t, Options{Listen: []string{"127.0.0.1:0"}}), "")
	if resp, _ := doortest.Do(t, c, doortest.Request(t, "GET", without+"/v1/status")); resp.StatusCode != 404 {
		t.Errorf("without an API: %s", resp.Status)
	}
}

// FuzzQuery: whatever is asked, the answer is JSON with a status that is
// meant, and says what is wrong.
func FuzzQuery(f *testing.F) {
	for _, path := range []string{
		"/v1/objects?query=web-07", "/v1/alarms?state=firing,nodata&object=host", "/v1/history?since=-60&limit=10&variable=x&object=vm:5c2b",
		"/v1/series?object=web-07&span=10m&columns=cpu*,mem%3Fry", "/v1/status?", "/v1/variables?object=%00", "/v1/objects?query=a;b", "/v1/alarms?state=",
		"/v1/series?object=host&columns=" + strings.Repeat("*", 200), "/v1/silences/x?y", "/v1/history?limit=+5", "/%761/status",
	} {
		f.Add(path)
	}
	l := newLocal(LocalOptions{Monitor: &fakeMonitor{snapshot: snapshotOf()}, Version: "1.2", Logger: quiet, Archives: &archives{
		rows: func(context.Context, monitor.Object, int64, int64) (monitor.Update, error) {
			return nil, rrd.ErrNoArchive
		},
	}})
	l.History = (&chronicle{events: []*alarm.Event{eventOfWeb(1)}}).newestFirst
	handler := (&Service{l}).Public()
	f.Fuzz(func(t *testing.T, target string) {
		u, err := url.ParseRequestURI(target)
		if err != nil || u.Path == "/v1/explain" || u.Path == "/v1/effective" || u.Path == "/v1/watch" {
			return // those that ask the loop, and the stream, have tests of their own
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, &http.Request{Method: "GET", URL: u, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(""))})
		switch {
		case w.Code == http.StatusTemporaryRedirect || w.Code == http.StatusMovedPermanently:
			return // of a path that is not clean
		case !slices.Contains([]int{200, 400, 404, 405, 409}, w.Code):
			t.Fatalf("%q: %d %s", target, w.Code, w.Body)
		}
		var answer struct {
			Head
			Error string `json:"error"`
		}
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || answer.API != "v1" || (answer.Error == "") != (w.Code == 200) {
			t.Fatalf("%q: %d %s: %v", target, w.Code, w.Body, err)
		}
		if _, err := readQuery(u.RawQuery, []string{"object"}); err != nil && !errors.As(err, new(*Refusal)) {
			t.Fatal(err)
		}
	})
}
