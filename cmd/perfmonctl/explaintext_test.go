package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"perfmon/alarm"
	"perfmon/docs/docstest"
	"perfmon/monitor"
	"perfmon/monitor/api"
)

const (
	webVM  = "5c2bd0d2-2d5a-4d0e-a1c6-0e8f2e0b9c11"
	noon   = 1795345200 // 2026-11-22 11:00:00 UTC, where the tests' reader lives 12:00:00 CET
	minute = 60
)

// cet is where the reader lives; another day begins an hour before that of UTC.
var cet = time.FixedZone("CET", 3600)

func at(unix int64) times { return times{Now: time.Unix(unix, 0).In(cet)} }

// rowsOf are rows up to noon, one a minute, of values with their grades;
// "_" is an unknown one.
func rowsOf(step int64, words ...any) []monitor.ExplainedRow {
	var rows []monitor.ExplainedRow
	for i := 0; i < len(words); i += 2 {
		r := monitor.ExplainedRow{T: noon - step*int64(len(words)/2-1-i/2), Grade: words[i+1].(string)}
		if v, ok := words[i].(float64); ok {
			r.Value = &v
		}
		rows = append(rows, r)
	}
	return rows
}

func value(v float64) *float64 { return &v }

// explanation is a VM's cpu_usage, changed by the tests.
func explanation(with func(x *api.Explained)) *api.Explained {
	x := &api.Explained{Explanation: &monitor.Explanation{
		Class: "vm", UUID: webVM, Name: "web-07", Variable: "cpu_usage", From: `triggers/vm.xml:7:3 (tag "production")`,
		Rule:    monitor.Rule{Fold: "average", Pattern: "cpu[0-9]+", Level: 0.9, Sense: "high", Period: 300, Inhibit: 3600, Priority: 3},
		Columns: []string{"cpu0", "cpu1"}, State: "inactive", Now: noon, Step: minute,
		Rows: rowsOf(minute, 0.31, "fine", 0.42, "fine", "_", "", 0.38, "fine"),
		Next: []monitor.Forecast{{If: alarm.IfCritical, Kind: alarm.KindRaised, Severity: alarm.Critical, At: noon + 300}},
	}}
	with(x)
	return x
}

// TestExplainText: each is a file of testdata/explain, to be read by eye.
func TestExplainText(t *testing.T) {
	f := func(name string, x *api.Explained) {
		t.Helper()
		golden(t, name, (&explainer{Explained: x, times: at(noon + 20)}).text())
	}
	f("inactive", explanation(func(x *api.Explained) {}))
	f("pending", explanation(func(x *api.Explained) {
		x.State, x.Since, x.BadFor = "pending", noon-120, 180
		x.Rows = rowsOf(minute, 0.3, "fine", 0.41, "fine", "_", "", 0.95, "critical", 0.98, "critical", 0.96, "critical")
		x.Next = []monitor.Forecast{{If: alarm.IfCritical, Kind: alarm.KindRaised, Severity: alarm.Critical, At: noon + 120}}
		x.Sinks = []api.SinkStatus{{Sink: "xapi"}, {Sink: "webhook", Filtered: true}, {Sink: "nats", Queued: 2, QueuedSince: noon - 600, LastError: "timeout", LastErrorAt: noon - 60}}
	}))
	f("firing", explanation(func(x *api.Explained) {
		x.State, x.Severity, x.Since, x.AlarmedAt, x.InhibitUntil = "firing", alarm.Critical, noon-14*3600, noon-1200, noon+2400
		x.Rule.WarningLevel, x.Rule.ClearLevel, x.Rule.ClearPeriod = value(0.8), value(0.7), 120
		x.Rule.Labels = map[string]string{"team": "web", "site": "north"}
		x.Rows = rowsOf(minute, 0.3, "fine", 0.75, "lingering", 0.85, "warning", 0.95, "critical", 0.98, "critical", 0.96, "critical", 0.97, "critical", 1.0, "critical", 0.99, "critical")
		x.Next = []monitor.Forecast{
			{If: alarm.IfCritical, Kind: alarm.KindRepeated, Severity: alarm.Critical, At: noon + 2400},
			{If: alarm.IfWarning, Kind: alarm.KindRepeated, Severity: alarm.Warning, At: noon + 2400},
			{If: alarm.IfFine, Kind: alarm.KindCleared, Severity: alarm.Critical, Reason: alarm.ReasonLevel, At: noon + 120},
			{If: alarm.IfUnknown, Kind: alarm.KindCleared, Reason: alarm.ReasonUnknown, At: noon + 600},
		}
		x.Muted = "silence 5f0c3a9be1d27c48"
		x.Silence = &alarm.Silence{ID: "5f0c3a9be1d27c48", Author: "kim", Reason: "load test", Ends: noon + 86400}
		x.Sinks = []api.SinkStatus{
			{Sink: "xapi", Told: true, HoldSilenced: true, HoldInhibited: true},
			{Sink: "alertmanager", Told: true, Waiting: 1, WaitingSince: noon - 1200, Queued: 3, QueuedSince: noon - 1500, Away: true, NextTry: noon + 40,
				LastError: "alertmanager http://am-1:9093: connection refused", LastErrorAt: noon + 10},
			{Sink: "webhook", Told: true, LastError: "refused: 404 Not Found", LastErrorAt: noon - 1200, LastErrorOurs: true, Refused: true},
			{Sink: "nats"},
			{Sink: "amqp", Filtered: true},
		}
	}))
	f("clearing-low", explanation(func(x *api.Explained) {
		x.Variable, x.From = "memory_internal_free", ""
		x.Rule = monitor.Rule{Fold: "sum", Pattern: "memory_internal_free", Level: 200000, ClearLevel: value(300000), Sense: "low", ClearPeriod: 600, Priority: 3, NoDataPeriod: 1800}
		x.Columns = []string{"memory_internal_free"}
		x.State, x.Severity, x.FineFor, x.Muted, x.Unheard = "clearing", alarm.Critical, 120, "maintenance: migrating", true
		x.Rows = rowsOf(minute, 150000.0, "critical", 310000.0, "fine", 312345.678, "fine")
		x.Next = []monitor.Forecast{
			{If: alarm.IfCritical, Kind: alarm.KindRepeated, Severity: alarm.Critical, At: noon + 60},
			{If: alarm.IfFine, Kind: alarm.KindCleared, Severity: alarm.Critical, Reason: alarm.ReasonLevel, At: noon + 480},
			{If: alarm.IfUnknown, Kind: alarm.KindNoData, At: noon + 1800},
		}
	}))
	f("with-a-unit", explanation(func(x *api.Explained) {
		x.Variable, x.Unit, x.Rule.Fold, x.Rule.Pattern, x.Columns = "memory_internal_free", "KiB", "sum", "memory_internal_free", []string{"memory_internal_free"}
		x.Rule.Sense, x.Rule.Level, x.Rows = "low", 200000, rowsOf(minute, 6923416.0, "fine")
	}))
	f("nothing-known", explanation(func(x *api.Explained) {
		x.Name, x.Columns, x.Next = "", nil, nil
		x.Problem, x.Trouble = "no data source of the object matches", "unreachable"
		x.Rows = rowsOf(minute, "_", "", "_", "")
	}))
	f("reading", explanation(func(x *api.Explained) {
		x.Class, x.Variable, x.Reading, x.Columns, x.Rows = "host", "fs_usage", true, []string{}, nil
		x.Rule = monitor.Rule{Fold: "get_percent_fs_usage", Level: 0.9, Sense: "high", Priority: 3}
		x.State = "nodata"
	}))
}

func TestVariablesText(t *testing.T) {
	list := func(changes ...func(x *api.Explained)) *api.ExplainedAll {
		all := &api.ExplainedAll{ObjectRef: api.ObjectRef{Class: "vm", UUID: webVM, Name: "web-07"}}
		for _, change := range changes {
			all.Variables = append(all.Variables, explanation(change).Explanation)
		}
		return all
	}
	golden(t, "variables", variablesText(list(
		func(x *api.Explained) {},
		func(x *api.Explained) {
			x.Variable, x.State, x.Severity, x.Since = "disk_usage", "firing", alarm.Warning, noon-86400
			x.Rule.Level, x.Rows, x.Muted = 100e6, rowsOf(minute, 123456789.0, "warning"), "maintenance: snapshot"
		},
		func(x *api.Explained) {
			x.Variable, x.Rows, x.Problem, x.Rule.Sense, x.Rule.Period = "memory_internal_free", nil, "no data source of the object matches", "low", 0
		},
		func(x *api.Explained) { x.Variable, x.Trouble = "é", "broken" },
	), at(noon), screen{}))
	golden(t, "variables-none", variablesText(list(), at(noon), screen{}))
	units := list(
		func(x *api.Explained) { x.Variable, x.Rule.Level = "disk_usage", 100e6 },
		func(x *api.Explained) { x.Variable, x.Rule.Level = "nic_errors", 1 },
	)
	units.Units = map[string]string{"disk_usage": "B/s", "nic_errors": "1/s"}
	golden(t, "variables-units", variablesText(units, at(noon), screen{}))
	sr := list()
	sr.ObjectRef, sr.OnHost = api.ObjectRef{Class: "sr", UUID: "4f58390e-2d5b-4874-ace0-c50082e319f3", Name: "shared-1"}, []string{"sr_latency_4f58390e"}
	golden(t, "variables-sr", variablesText(sr, at(noon), screen{}))
	host := list()
	host.ObjectRef = api.ObjectRef{Class: "host", UUID: host.UUID, Name: "debian"}
	golden(t, "variables-none-host", variablesText(host, at(noon), screen{}))
}

// TestDocsExamples: docs/asking.md shows what the verbs print.
func TestDocsExamples(t *testing.T) {
	example := func(name, text string) {
		t.Helper()
		docstest.Example(t, "asking.md", name, "text", screen{}.Finish(text))
	}
	cpu := explanation(func(x *api.Explained) {
		x.State, x.Severity, x.Since, x.AlarmedAt, x.InhibitUntil = "firing", alarm.Critical, noon-6*minute, noon-2*minute, noon+58*minute
		x.Rows = rowsOf(minute, 0.31, "fine", 0.42, "fine", "_", "", 0.38, "fine", 0.45, "fine",
			0.93, "critical", 0.95, "critical", 0.98, "critical", 0.96, "critical", 1.0, "critical", 0.99, "critical", 0.97, "critical")
		x.Next = []monitor.Forecast{
			{If: alarm.IfCritical, Kind: alarm.KindRepeated, Severity: alarm.Critical, At: noon + 58*minute},
			{If: alarm.IfFine, Kind: alarm.KindCleared, Severity: alarm.Critical, Reason: alarm.ReasonLevel, At: noon + minute},
			{If: alarm.IfUnknown, Kind: alarm.KindCleared, Reason: alarm.ReasonUnknown, At: noon + 10*minute},
		}
		x.Sinks = []api.SinkStatus{
			{Sink: "xapi", Told: true, HoldInhibited: true},
			{Sink: "alertmanager", Told: true, Waiting: 1, WaitingSince: noon - 2*minute, Queued: 1, QueuedSince: noon - 2*minute,
				LastError: "alertmanager http://am-1:9093: connection refused", LastErrorAt: noon - 62},
			{Sink: "webhook", Filtered: true},
		}
	})
	example("explain", (&explainer{Explained: cpu, times: at(noon + 20)}).text())
	memory := explanation(func(x *api.Explained) {
		x.Variable, x.Rows, x.Problem = "memory_internal_free", nil, "no data source of the object matches"
		x.Rule = monitor.Rule{Level: 200000, Sense: "low", Period: 60}
	})
	disk := explanation(func(x *api.Explained) {
		x.Variable, x.Rows, x.Rule.Level = "disk_usage", rowsOf(minute, 1234567.0, "fine"), 100e6
	})
	example("variables", variablesText(&api.ExplainedAll{
		ObjectRef: api.ObjectRef{Class: "vm", UUID: webVM, Name: "web-07"},
		Variables: []*monitor.Explanation{cpu.Explanation, disk.Explanation, memory.Explanation},
		Units:     map[string]string{"cpu_usage": "fraction", "disk_usage": "B/s"},
	}, at(noon+20), screen{}))
	matcher := func(text string) alarm.Matcher {
		m, err := alarm.ParseMatcher(text)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	example("silences", silencesText([]alarm.Silence{
		{ID: "5f0c3a9be1d27c48", Matchers: []alarm.Matcher{matcher("class=vm"), matcher("variable=~cpu.*")}, Author: "kim", Reason: "load test", Ends: noon + 6900},
		{ID: "c01d5a7e0e11f3b2", Matchers: []alarm.Matcher{matcher(`label.team="web"`)}, Author: "alex", Reason: "new release", Ends: noon + 6*3600},
	}, at(noon), screen{}))
}

func TestNoSilences(t *testing.T) {
	if got := silencesText(nil, at(noon), screen{}); got != "no silence is in force\n" {
		t.Errorf("%q", got)
	}
}

// golden compares with a file of testdata/explain; -update rewrites it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	got = screen{}.Finish(got)
	path := filepath.Join("testdata", "explain", name+".txt")
	if docstest.Updating() {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s (-want +got):\n%s", path, d)
	}
	for line := range strings.Lines(got) {
		if strings.TrimRight(line, " \n")+"\n" != line {
			t.Errorf("%s: blanks at the end of %q", path, line)
		}
	}
}
