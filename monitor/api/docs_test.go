package api

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"perfmon/alarm"
	"perfmon/docs/docstest"
	"perfmon/monitor"
	"perfmon/monitor/api/door"
	"perfmon/monitor/api/door/doortest"
	"perfmon/monitor/config"
	"perfmon/rrd"
	"perfmon/rrd/rrdtest"
)

// example is a host of which docs/api.md tells: the monitor itself, with a
// clock that stands still and one answer of rows.
type example struct {
	now    time.Time
	polled chan struct{}
	once   atomic.Bool
	said   []*alarm.Event // complete once polled is closed
	feed   *Feed
}

const exampleNow = 1795338360 // a whole minute

func (e *example) Now() (time.Time, time.Duration) { return e.now, time.Hour }

func (e *example) Update(context.Context, int64, int64, []string) (monitor.Update, error) {
	doc := rrdtest.Update(exampleNow-5*60, 60,
		"vm/"+webUUID+"/cpu0 0.31 0.42 _ 0.93 0.97 0.95",
		"vm/"+webUUID+"/cpu1 0.29 0.4 _ 0.97 0.99 0.97",
		"vm/"+webUUID+"/memory 4294967296x5",
		"vm/"+webUUID+"/memory_internal_free 1048576x5",
		"vm/"+webUUID+"/vbd_xvda_read 20000x2 120000000x2",
		"host/"+hostUUID+"/cpu_avg 0.4x5",
		"host/"+hostUUID+"/hostload 0.7x5",
		"host/"+hostUUID+"/memory_total_kib 67108864x5",
		"host/"+hostUUID+"/memory_free_kib 16777216x5",
		"host/"+hostUUID+"/latency_"+srUUID[:8]+" 1500x5")
	return openReader{doc.Reader()}, nil
}

// Rows is the archive of the last ten minutes, as far as one wants to print.
func (e *example) Rows(context.Context, monitor.Object, int64, int64) (monitor.Update, error) {
	doc := rrdtest.Update(exampleNow-20, 5, "vm/"+webUUID+"/cpu0 0.94 0.95 _ 0.96 0.95", "vm/"+webUUID+"/cpu1 0.97x4", "vm/"+webUUID+"/memory 4294967296x4")
	return openReader{doc.Reader()}, nil
}

// History has what was said, newest first.
func (e *example) History() iter.Seq[*alarm.Event] {
	return func(yield func(*alarm.Event) bool) {
		for _, event := range slices.Backward(e.said) {
			if !yield(event) {
				return
			}
		}
	}
}

type openReader struct{ rrd.Reader }

func (openReader) Close() error { return nil }

func (*example) Read(config.Fold) (float64, error) { return 0.5, nil }
func (e *example) Keep(c *monitor.Changes)         { e.said = append(e.said, c.Events...) }
func (*example) Epoch() string                     { return "e" }
func (*example) Announce([]*alarm.Event)           {}

// askExample serves the example on a real socket.
func askExample(t *testing.T) (*example, *http.Client) {
	e := &example{now: time.Unix(exampleNow+2, 0), polled: make(chan struct{}), feed: NewFeed()}
	m := monitor.New(monitor.Options{
		Published: e.feed.Published,
		Source:    e, Clock: e, Store: e, Readings: e, Logger: slog.New(slog.DiscardHandler),
		Alive: func(status string) {
			if status == "polling" && e.once.CompareAndSwap(false, true) {
				close(e.polled)
			}
		},
	})
	own := `<config>
  <variable>
    <name value="disk_usage"/>
    <alarm_trigger_level value="100000000"/>
  </variable>
  <disable name="network_usage"/>
</config>`
	file := `<triggers>
  <config class="vm">
    <variable>
      <name value="cpu_usage"/>
      <alarm_trigger_level value="0.95"/>
    </variable>
    <variable>
      <name value="network_usage"/>
      <alarm_trigger_level value="50000000"/>
    </variable>
  </config>
  <config class="vm" tag="production">
    <variable>
      <name value="cpu_usage"/>
      <alarm_trigger_level value="0.9"/>
      <alarm_trigger_period value="300"/>
      <alarm_labels value="team=web"/>
    </variable>
  </config>
</triggers>`
	m.SetInventory(&monitor.Inventory{
		HostUUID: hostUUID, Files: map[string]string{"vm": file},
		Objects: map[monitor.Object]*monitor.Facts{
			{Class: "host", UUID: hostUUID}: {Name: "xcp-1", Resident: true},
			{Class: "vm", UUID: webUUID}:    {Name: "web-07", Resident: true, Tags: []string{"production"}, Config: own},
			{Class: "sr", UUID: srUUID}:     {Name: "nfs-1", Resident: true, SR: &monitor.SRFacts{Size: 2 << 40, Utilisation: 1 << 40}},
		},
	})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		m.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	<-e.polled
	sinks := func(*alarm.Event) []SinkStatus {
		return []SinkStatus{
			{Sink: "xapi"},
			{
				Sink: "alertmanager", Queued: 2, QueuedSince: exampleNow - 600, Away: true, NextTry: exampleNow + 14,
				LastError: "connection refused", LastErrorAt: exampleNow - 10,
			},
		}
	}
	path := doortest.ShortDir(t) + "/s"
	totals := func() []Sink {
		yes := true
		return []Sink{
			{Name: "xapi", Kind: "xapi", Sent: 12},
			{
				Name: "alertmanager", Kind: "alertmanager", Queued: 2, Oldest: 600, Away: true, NextTry: exampleNow + 14,
				LastError: "connection refused", LastErrorAt: exampleNow - 10, Sent: 31, Heartbeat: &yes,
			},
		}
	}
	l := newLocal(LocalOptions{
		Monitor: m, Sinks: sinks, Version: "1.0", Logger: quiet, Totals: totals, History: e.History, Archives: e, Feed: e.feed,
		Journal: func() Journal { return Journal{Bytes: 65536, Epoch: "e"} }, Uptime: func() (float64, bool) { return 1234567, true },
		Source: "xapi", Step: 60, Started: time.Unix(exampleNow-86400, 0),
	})
	l.patience, l.now = time.Minute, func() time.Time { return e.now }
	serveSocket(t, path, l.handler())
	remember(t, l)
	return e, doortest.SocketClient(t, path)
}

// TestDocsExamples: docs/api.md shows what the API answers.
func TestDocsExamples(t *testing.T) {
	e, client := askExample(t)
	ask := func(method, path, body string, status int) string {
		t.Helper()
		req, err := http.NewRequest(method, "http://perfmon"+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != status {
			t.Fatalf("%s %s: %s, %v:\n%s", method, path, resp.Status, err, b)
		}
		return string(b)
	}
	// The id of a silence is made at random.
	var id string
	show := func(name, text string) {
		t.Helper()
		text = rowsInLines.ReplaceAllStringFunc(text, func(row string) string { return strings.Join(strings.Fields(row), " ") })
		if id != "" {
			text = strings.ReplaceAll(text, id, "5f0c3a9be1d27c48")
		}
		docstest.Example(t, "api.md", name, "json", text)
	}
	// Until the loop has put the snapshot out, the object is not there.
	for !strings.Contains(ask("GET", "/v1/objects", "", 200), "web-07") {
		time.Sleep(time.Millisecond)
	}
	show("objects", ask("GET", "/v1/objects?query=web-07", "", 200))
	status := ownMemory.ReplaceAllString(ask("GET", "/v1/status", "", 200), `"memory_bytes": 28508160`)
	show("status", ownGoroutines.ReplaceAllString(status, `"goroutines": 41`))
	show("overview", ask("GET", "/v1/overview", "", 200))
	recent := ""
	for !strings.Contains(recent, "disk_bytes_per_s") {
		time.Sleep(time.Millisecond) // it is noted beside the loop
		recent = ask("GET", "/v1/recent", "", 200)
	}
	inLines := func(text string) string {
		return numbersInLines.ReplaceAllStringFunc(text, func(list string) string {
			return strings.ReplaceAll(strings.ReplaceAll(strings.Join(strings.Fields(list), " "), "[ ", "["), " ]", "]")
		})
	}
	show("recent", inLines(recent))
	show("alarms", ask("GET", "/v1/alarms?object=web-07&state=firing,clearing", "", 200))
	show("history", ask("GET", "/v1/history?object=web-07&limit=2", "", 200))
	series := ask("GET", "/v1/series?object=web-07&columns=cpu*&span=10m", "", 200)
	show("series", inLines(series))
	show("pressure", ask("GET", "/v1/pressure", "", 200))
	docstest.Example(t, "api.md", "watch", "", e.watched(t, client))
	show("error", ask("GET", "/v1/explain?object=web-07&variable=cpu", "", 404))
	show("explain", ask("GET", "/v1/explain?object=web-07&variable=cpu_usage", "", 200))
	show("effective", ask("GET", "/v1/effective?object=web-07", "", 200))
	var effective monitor.EffectiveConfig
	if err := json.Unmarshal([]byte(ask("GET", "/v1/effective?object=web-07", "", 200)), &effective); err != nil {
		t.Fatal(err)
	}
	docstest.Example(t, "asking.md", "config", "xml", effective.XML)
	const request = `{"matchers": ["class=vm", "variable=~cpu.*"], "reason": "load test", "author": "kim", "duration_s": 7200}`
	show("silence-request", request)
	silence := ask("POST", "/v1/silences", request, 201)
	var made alarm.Silence
	if err := json.Unmarshal([]byte(silence), &made); err != nil {
		t.Fatal(err)
	}
	id = made.ID
	show("silence", silence)
	show("silences", ask("GET", "/v1/silences", "", 200))
	if b := ask("DELETE", "/v1/silences/"+id, "", 204); b != "" {
		t.Errorf("the end of a silence says %q", b)
	}
}

// watched is the beginning of the stream of news.
func (e *example) watched(t *testing.T, client *http.Client) string {
	t.Helper()
	resp, err := client.Get("http://perfmon/v1/watch?overview=false")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var text strings.Builder
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	said := false
	for lines.Scan() {
		text.WriteString(lines.Text() + "\n")
		switch {
		case lines.Text() == "event: poll" && !said:
			said = true
			e.feed.Said(e.said[:1])
		case strings.Contains(lines.Text(), `"kind":"raised"`):
			return text.String()
		}
	}
	t.Fatalf("the stream ended: %v\n%s", lines.Err(), text.String())
	return ""
}

// These are of this test's process.
var (
	ownMemory     = regexp.MustCompile(`"memory_bytes": \d+`)
	ownGoroutines = regexp.MustCompile(`"goroutines": \d+`)
)

// numbersInLines are lists of numbers, which stand better in one line each.
var numbersInLines = regexp.MustCompile(`\[[\s0-9.e+nul,-]+\]`)

// fieldsOf are the names that a type has in JSON, with those of its parts.
func fieldsOf(of reflect.Type) []string {
	for of.Kind() == reflect.Pointer || of.Kind() == reflect.Slice {
		of = of.Elem()
	}
	if of.Kind() != reflect.Struct {
		return nil
	}
	var names []string
	for i := range of.NumField() {
		f := of.Field(i)
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
			names = append(names, name)
		}
		names = append(names, fieldsOf(f.Type)...)
	}
	return names
}

// rowsInLines are what stands better in one line each.
var rowsInLines = regexp.MustCompile(`(?s)\{\s+"(t|if|origin)": [^{}]*\}`)

// TestDocsFields: the page names every field of an explanation, and the paths.
func TestDocsFields(t *testing.T) {
	text, err := os.ReadFile("../../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	for _, of := range []any{
		Explained{Explanation: &monitor.Explanation{
			From: "x", Problem: "x", Severity: "x", Since: 1, AlarmedAt: 1, InhibitUntil: 1, Muted: "x", Silence: &alarm.Silence{}, Trouble: "x",
		}},
		SinkStatus{WaitingSince: 1, QueuedSince: 1, NextTry: 1, LastError: "x", LastErrorAt: 1, LastErrorOurs: true, Refused: true},
		monitor.EffectiveConfig{}, monitor.EffectiveVariable{AskedBy: "x", EachHost: true}, Silences{}, NewSilence{Ends: 1, Duration: 1}, Refusal{Known: []string{"x"}},
	} {
		b, err := json.Marshal(of)
		if err != nil {
			t.Fatal(err)
		}
		var fields map[string]any
		if err := json.Unmarshal(b, &fields); err != nil {
			t.Fatal(err)
		}
		for name := range fields {
			if !strings.Contains(page, "`"+name+"`") && !strings.Contains(page, `"`+name+`"`) {
				t.Errorf("docs/api.md does not name %T's %s", of, name)
			}
		}
	}
	for _, of := range []any{Status{}, Overview{}, Objects{}, Variables{}, History{}, Series{}, Pressure{}, WatchPoll{}, Silence{}} {
		for _, name := range fieldsOf(reflect.TypeOf(of)) {
			if !strings.Contains(page, "`"+name+"`") && !strings.Contains(page, `"`+name+`"`) {
				t.Errorf("docs/api.md does not name %T's %s", of, name)
			}
		}
	}
	for path, methods := range (&local{}).routes() {
		for method, one := range methods {
			for _, param := range one.params {
				if !strings.Contains(page, "?"+param+"=") && !strings.Contains(page, "&"+param+"=") {
					t.Errorf("docs/api.md does not name the parameter %s of %s %s", param, method, path)
				}
			}
		}
		for method := range methods {
			if !strings.Contains(page, method+" "+path) {
				t.Errorf("docs/api.md does not name %s %s", method, path)
			}
		}
	}
	for _, number := range []string{
		fmt.Sprintf("at most %d KiB and a body of at most %d KiB", door.MaxHeaders>>10, maxRequestBytes>>10),
		fmt.Sprintf("At most %d connections", door.MaxConnections),
		fmt.Sprintf("within %d s", int(loopPatience.Seconds())),
		fmt.Sprintf("has %d s to say what it wants", int(door.ReadHeaderTimeout.Seconds())),
	} {
		if !strings.Contains(page, number) {
			t.Errorf("docs/api.md does not say %q", number)
		}
	}
	grades := []string{}
	for _, m := range regexp.MustCompile("`(fine|lingering|warning|falling|critical)`").FindAllStringSubmatch(page, -1) {
		grades = append(grades, m[1])
	}
	slices.Sort(grades)
	if n := len(slices.Compact(grades)); n != 5 {
		t.Errorf("%d grades are named", n)
	}
}
