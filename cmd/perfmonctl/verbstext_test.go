package main

import (
	"math"
	"slices"
	"strings"
	"testing"

	"perfmon/alarm"
	"perfmon/docs/docstest"
	"perfmon/monitor/api"
)

// narrow is a terminal of 80 columns without colours.
var narrow = screen{Width: 80}

// goldenScreen compares, and looks that it fits the screen.
func goldenScreen(t *testing.T, name, got string) {
	t.Helper()
	golden(t, name, got)
	for line := range strings.SplitSeq(screen{}.Finish(got), "\n") {
		if textWidth(line) > narrow.Width {
			t.Errorf("%s: %d columns: %s", name, textWidth(line), line)
		}
	}
}

func TestStatusText(t *testing.T) {
	goldenScreen(t, "status", statusText(healthy(), at(noon+3)))
	golden(t, "status-trouble", statusText(troubled(), at(noon+3)))
	s := healthy()
	s.State, s.Source, s.LastRow, s.Host, s.Sinks, s.Journal = api.StateStarting, "local", 0, api.ObjectRef{}, nil, api.Journal{Memory: true}
	s.Counts = api.Counts{}
	goldenScreen(t, "status-starting", statusText(s, at(noon+3)))
	s.State, s.LastRow = api.StateRunning, noon
	golden(t, "status-unwatched", statusText(s, at(noon+3)))
	s.State, s.LastRow = "resting", 0 // a newer agent's
	golden(t, "status-newer", statusText(s, at(noon+3)))
}

func TestStatusVerdict(t *testing.T) {
	no := false
	f := func(want verdict, change func(*api.Status)) {
		t.Helper()
		s := healthy()
		change(s)
		if got := statusVerdict(s); got != want {
			t.Errorf("%v, want %v: %+v", got, want, s)
		}
	}
	f(pluginFine, func(*api.Status) {})
	f(pluginFine, func(s *api.Status) { s.Counts.Critical = 3 })
	f(pluginFine, func(s *api.Status) { s.Journal.Memory = true })
	f(pluginCritical, func(s *api.Status) { s.State, s.Journal.Degraded = api.StateTrouble, true })
	f(pluginUnknown, func(s *api.Status) { s.State = api.StateStarting })
	f(pluginUnknown, func(s *api.Status) { s.State = "" })
	f(pluginWarning, func(s *api.Status) { s.Journal.Degraded = true })
	f(pluginWarning, func(s *api.Status) { s.Counts.ConfigErrors = 1 })
	f(pluginWarning, func(s *api.Status) { s.Sinks[0].Away = true })
	f(pluginWarning, func(s *api.Status) { s.Sinks[0].Queued, s.Sinks[0].Oldest = 1, lateAfter })
	f(pluginFine, func(s *api.Status) { s.Sinks[0].Queued, s.Sinks[0].Oldest = 1, lateAfter-1 })
	f(pluginWarning, func(s *api.Status) { s.Sinks[0].Heartbeat = &no })
}

func TestAlarmsVerdict(t *testing.T) {
	f := func(want verdict, list ...api.Variable) {
		t.Helper()
		if got := alarmsVerdict(&api.Variables{Variables: list}); got != want {
			t.Errorf("%v, want %v: %+v", got, want, list)
		}
	}
	critical := api.Variable{State: "firing", Severity: alarm.Critical}
	warning := api.Variable{State: "clearing", Severity: alarm.Warning}
	nodata, pending := api.Variable{State: "nodata"}, api.Variable{State: "pending"}
	f(pluginFine)
	f(pluginFine, pending)
	f(pluginUnknown, pending, nodata)
	f(pluginWarning, nodata, warning)
	f(pluginWarning, warning, nodata)
	f(pluginCritical, warning, critical, nodata)
	critical.Muted, nodata.Muted = "silence 5f0c", "maintenance: snapshot"
	f(pluginFine, critical, nodata)
	f(pluginWarning, critical, warning)
}

func TestObjectsText(t *testing.T) {
	list := someObjects().Objects
	goldenScreen(t, "objects", objectsText(list, digitsOf(list), narrow))
	golden(t, "objects-wide", objectsText(list, wholeDigits, screen{}))
	goldenScreen(t, "objects-quiet", objectsText(list[5:], 8, narrow))
	goldenScreen(t, "objects-none", objectsText(nil, 8, narrow))
}

func TestDigits(t *testing.T) {
	f := func(want int, uuids ...string) {
		t.Helper()
		var list []api.ObjectInfo
		for _, uuid := range uuids {
			list = append(list, api.ObjectInfo{ObjectRef: api.ObjectRef{UUID: uuid}})
		}
		if got := digitsOf(list); got != want {
			t.Errorf("%q: %d, want %d", uuids, got, want)
		}
	}
	f(8)
	f(8, "5c2bd0d2-2d5a-4d0e-a1c6-0e8f2e0b9c11")
	f(11, "5c2bd0d2-2d5a-4d0e-a1c6-0e8f2e0b9c11", "7c2bd0d2-2d5a-4d0e-a1c6-0e8f2e0b9c11", "5c2bd0d2-2e5a-4d0e-a1c6-0e8f2e0b9c11")
	f(8, "5c2bd0d2-2d5a-4d0e-a1c6-0e8f2e0b9c11", "5c2bd0d2-2d5a-4d0e-a1c6-0e8f2e0b9c11")
	f(8, "", "short")
}

func TestAlarmsText(t *testing.T) {
	goldenScreen(t, "alarms", alarmsText(someAlarms(), at(noon), narrow))
	golden(t, "alarms-wide", alarmsText(someAlarms(), at(noon), screen{}))
	goldenScreen(t, "alarms-none", alarmsText(&api.Variables{Row: noon}, at(noon), narrow))
	goldenScreen(t, "alarms-early", alarmsText(&api.Variables{}, at(noon), narrow))
}

// TestWatchingExamples: docs/asking.md shows what the verbs print.
func TestWatchingExamples(t *testing.T) {
	example := func(name, text string) {
		t.Helper()
		docstest.Example(t, "asking.md", name, "text", screen{}.Finish(text))
	}
	alarms, history, objects, status := someAlarms(), someHistory(), someObjects(), troubled()
	long := vm(3, "database")
	alarms.Variables[1].ObjectRef, alarms.Variables[1].Variable = long, "disk_usage"
	alarms.Variables = slices.Delete(alarms.Variables, 3, 5)
	example("alarms", alarmsText(alarms, at(noon), screen{Width: 100}))
	history.Transitions = history.Transitions[:4]
	history.Complete = true
	example("history", historyText(history, at(noon), screen{Width: 100}))
	objects.Objects = slices.Delete(objects.Objects, 4, 5)
	objects.Objects[3].ObjectRef, objects.Objects[2].Tags = long, []string{"production"}
	objects.Objects[2].NoData, objects.Objects[2].Pending = 0, 0
	example("objects", objectsText(objects.Objects, digitsOf(objects.Objects), screen{}))
	status.State, status.Shadow, status.Host.Name, status.Version, status.Journal = api.StateRunning, false, "xcp-1", version, healthy().Journal
	example("status", statusText(status, at(noon+3)))
}

func TestCompact(t *testing.T) {
	f := func(v float64, want string) {
		t.Helper()
		if got := compact(v); got != want {
			t.Errorf("%v: %s, want %s", v, got, want)
		}
	}
	f(0, "0")
	f(0.97, "0.97")
	f(-1234.6, "-1235")
	f(999999, "999999")
	f(1e6, "1M")
	f(-123456789, "-123.5M")
	f(999949999, "999.9M")
	f(999960000, "1G")
	f(1.5e18, "1.5E")
	f(1e30, number(1e30))
	f(math.Inf(1), "+Inf")
	f(math.NaN(), "NaN")
}

func TestHistoryText(t *testing.T) {
	h := someHistory()
	goldenScreen(t, "history", historyText(h, at(noon), narrow))
	h.Complete = true
	h.Transitions = h.Transitions[:1]
	goldenScreen(t, "history-complete", historyText(h, at(noon), narrow))
	goldenScreen(t, "history-none", historyText(&api.History{Complete: true}, at(noon), narrow))
}
