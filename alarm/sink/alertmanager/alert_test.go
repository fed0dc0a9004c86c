package alertmanager

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"perfmon/alarm"
	"perfmon/alarm/sink/internal/sinkcheck"
)

func TestLabels(t *testing.T) {
	f := func(question string, change func(*alarm.Event), want map[string]string) {
		t.Helper()
		e := &alarm.Event{
			ID: alarm.ID{Class: "vm", UUID: "u", Variable: "cpu_usage"}, Kind: alarm.KindRaised,
			HostUUID: "h", PoolUUID: "p", Name: "web", Severity: alarm.Critical, State: "firing",
		}
		change(e)
		all := map[string]string{
			"alertname": "cpu_usage", "severity": "critical", "class": "vm", "uuid": "u", "name": "web",
			"host_uuid": "h", "pool_uuid": "p", "state": "firing",
		}
		for name, value := range want {
			if all[name] = value; value == "" {
				delete(all, name)
			}
		}
		if diff := cmp.Diff(all, labels(e)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", question, diff)
		}
	}
	type m = map[string]string
	own := func(l m) func(*alarm.Event) { return func(e *alarm.Event) { e.Labels = l } }
	f("the plain case", func(*alarm.Event) {}, m{})
	f("what is empty is left out", func(e *alarm.Event) { e.PoolUUID, e.Name, e.Severity = "", "", "" }, m{"pool_uuid": "", "name": "", "severity": ""})
	f("no data is another state", func(e *alarm.Event) { e.Kind = alarm.KindNoData }, m{"state": "nodata"})
	f("also when announced", func(e *alarm.Event) { e.Kind, e.State = alarm.KindState, "nodata" }, m{"state": "nodata"})
	f("own labels", own(m{"team": "web", "Zone_2": "a b"}), m{"team": "web", "Zone_2": "a b"})
	f("own labels with other characters", own(m{"a-b.c": "1", "ä": "2", "9": "3", "": "4"}), m{"a_b_c": "1", "__": "2", "_9": "3", "_": "4"})
	f("own labels do not hide ours", own(m{"severity": "page", "name": "n"}), m{"label_severity": "page", "label_name": "n"})
	f("nor one that is empty", func(e *alarm.Event) { e.PoolUUID, e.Labels = "", m{"pool_uuid": "mine"} }, m{"pool_uuid": "", "label_pool_uuid": "mine"})
	f("labels made alike stay apart", own(m{"a-b": "1", "a_b": "2", "a.b": "3"}), m{"a_b": "2", "a_b_": "1", "a_b__": "3"})
	f("two underscores are not ours to give", own(m{"__name__": "x"}), m{"label__name__": "x"})
}

func TestKeyTellsLabelSetsApart(t *testing.T) {
	a := key(map[string]string{"a": "bc", "d": ""})
	for _, other := range []map[string]string{{"a": "b", "cd": ""}, {"ab": "c", "d": ""}, {"a": "bc"}, {}} {
		if key(other) == a {
			t.Errorf("%v has the same key", other)
		}
	}
}

func TestSummary(t *testing.T) {
	f := func(want string, change func(*alarm.Event)) {
		t.Helper()
		e := sinkcheck.Raised()
		change(e)
		if got := summary(e); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	f("cpu_usage of VM web-07 is 0.97, above its level of 0.9 for 2 min", func(*alarm.Event) {})
	f("memory_available of host "+sinkcheck.HostUUID+" is 1234570000, below its level of 2000000000 for 90 s", func(e *alarm.Event) {
		e.Class, e.UUID, e.Variable, e.Name, e.Value, e.Level, e.Low, e.Period = "host", sinkcheck.HostUUID, "memory_available", "", 1234567890.123, 2e9, true, 90
	})
	f("cpu_usage of VM web-07 was above its level of 0.9 for 1 h; its value is unknown now", func(e *alarm.Event) { e.Known, e.Period = false, 3600 })
	f("cpu_usage of SR web-07 has no known value", func(e *alarm.Event) { e.Class, e.Kind, e.Known = "sr", alarm.KindNoData, false })
	f("cpu_usage of VM web-07 is 0.5, no longer above its level of 0.9", func(e *alarm.Event) {
		e.Kind, e.Reason, e.Value = alarm.KindCleared, alarm.ReasonLevel, 0.5
	})
	f("cpu_usage of VM web-07 is no longer above its level of 0.9", func(e *alarm.Event) {
		e.Kind, e.Reason, e.Known = alarm.KindCleared, alarm.ReasonLevel, false
	})
	for reason, want := range map[alarm.Reason]string{
		alarm.ReasonGone:    "cpu_usage of VM web-07 is over: the object has gone",
		alarm.ReasonConfig:  "cpu_usage of VM web-07 is over: the trigger was removed or changed",
		alarm.ReasonUnknown: "cpu_usage of VM web-07 is over: nobody knows its value any more",
	} {
		f(want, func(e *alarm.Event) { e.Kind, e.Reason = alarm.KindCleared, reason })
	}
}

func TestNumberAndSpan(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 0.97: "0.97", -1.5: "-1.5", 1.0 / 3: "0.333333", 1e6: "1000000", 12345678: "12345700", 1e300: "1e+300", 1e-9: "1e-09"} {
		if got := number(v); got != want {
			t.Errorf("number(%v) = %s, want %s", v, got, want)
		}
	}
	for v, want := range map[int64]string{0: "0 s", 5: "5 s", 90: "90 s", 60: "1 min", 3600: "1 h", 5400: "90 min"} {
		if got := span(v); got != want {
			t.Errorf("span(%d) = %s, want %s", v, got, want)
		}
	}
}
