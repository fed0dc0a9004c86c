package monitor

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"perfmon/alarm"
)

func (w *world) explain(class, uuid, variable string) *Explanation {
	w.t.Helper()
	x, err := w.m.explain(Object{class, uuid}, variable)
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := json.Marshal(x); err != nil {
		w.t.Fatal(err)
	}
	return x
}

// TestExplain follows one alarm from its first bad row to its repeat.
func TestExplain(t *testing.T) {
	w := newWorld(t, Options{}, "vm/a/cpu0", "vm/a/cpu1", "vm/a/memory")
	w.inv.Objects[Object{"vm", "a"}] = &Facts{Name: "web-07", Resident: true}
	w.give("vm", "a", "cpu_usage level=0.8 period=180 inhibit=3600")
	value := func(f float64) *float64 { return &f }
	for i, v := range []float64{0.1, nan, 0.9} {
		w.row(int64(60*i+60), v, v, 1)
	}
	w.poll(185)
	x := w.explain("vm", "a", "cpu_usage")
	want := &Explanation{
		Class: "vm", UUID: "a", Name: "web-07", Variable: "cpu_usage",
		Rule:    Rule{Fold: "average", Pattern: "cpu[0-9]+", Level: 0.8, Sense: "high", Period: 180, Inhibit: 3600, Priority: 3},
		Columns: []string{"cpu0", "cpu1"}, State: "pending", Since: t0 + 180, BadFor: 60, Now: t0 + 180, Step: 60,
		Rows: []ExplainedRow{{t0 + 60, value(0.1), "fine"}, {t0 + 120, nil, ""}, {t0 + 180, value(0.9), "critical"}},
		Next: []Forecast{{If: alarm.IfCritical, Kind: alarm.KindRaised, Severity: alarm.Critical, At: t0 + 300}},
	}
	x.From = ""
	if d := cmp.Diff(want, x); d != "" {
		t.Errorf("pending (-want +got):\n%s", d)
	}

	w.row(240, 0.9, 0.9, 1)
	w.row(300, 0.9, 0.9, 1)
	w.poll(305)
	x = w.explain("vm", "a", "cpu_usage")
	if x.State != "firing" || x.AlarmedAt != t0+300 || x.InhibitUntil != t0+3900 {
		t.Errorf("state %s, alarmed at %d, inhibited until %d", x.State, x.AlarmedAt-t0, x.InhibitUntil-t0)
	}
	wantNext := []Forecast{
		{If: alarm.IfCritical, Kind: alarm.KindRepeated, Severity: alarm.Critical, At: t0 + 300 + 3600},
		{If: alarm.IfFine, Kind: alarm.KindCleared, Severity: alarm.Critical, Reason: alarm.ReasonLevel, At: t0 + 360},
		{If: alarm.IfUnknown, Kind: alarm.KindCleared, Reason: alarm.ReasonUnknown, At: t0 + 900},
	}
	if d := cmp.Diff(wantNext, x.Next); d != "" {
		t.Errorf("firing (-want +got):\n%s", d)
	}
}

func TestExplainRemembersSoManyRows(t *testing.T) {
	w := newWorld(t, Options{}, "vm/a/cpu0")
	w.give("vm", "a", "cpu_usage level=0.8")
	for i := range int64(100) {
		w.row(60*i+60, float64(i)/1000)
		w.poll(60*i + 65)
	}
	rows := w.explain("vm", "a", "cpu_usage").Rows
	if len(rows) != recentRows || rows[0].T != t0+60*(101-recentRows) || rows[recentRows-1].T != t0+6000 {
		t.Errorf("%d rows from %d to %d", len(rows), rows[0].T-t0, rows[len(rows)-1].T-t0)
	}
	if !slices.IsSortedFunc(rows, func(a, b ExplainedRow) int { return int(a.T - b.T) }) {
		t.Errorf("not oldest first: %v", rows)
	}
}

func TestExplainWhatIsNotThere(t *testing.T) {
	w := newWorld(t, Options{}, "vm/a/cpu0", "vm/b/cpu0")
	w.give("vm", "a", "cpu_usage level=0.8; disk level=1 regex=vbd_.*; cpu_usage2 level=0.8 regex=cpu0")
	w.row(60, 0.1, 0.1)
	w.poll(65)
	_, err := w.m.explain(Object{"vm", "a"}, "memory")
	var missing *NotFoundError
	if !errors.As(err, &missing) || !slices.Equal(missing.Known, []string{"cpu_usage", "cpu_usage2", "disk"}) {
		t.Errorf("no such variable: %v", err)
	}
	if _, err := w.m.explain(Object{"vm", "c"}, "cpu_usage"); !errors.As(err, &missing) {
		t.Errorf("no such object: %v", err)
	}
	if x := w.explain("vm", "a", "disk"); x.Problem == "" || len(x.Columns) != 0 {
		t.Errorf("nothing matches, and the problem is %q with columns %q", x.Problem, x.Columns)
	}
	w.setColumns("vm/b/cpu0")
	w.row(120, 0.1)
	w.poll(125)
	if x := w.explain("vm", "a", "cpu_usage"); x.Problem == "" || x.Rows[len(x.Rows)-1].Value != nil {
		t.Errorf("the object has no rows, and the problem is %q, rows %v", x.Problem, x.Rows)
	}
}

func TestExplainWhatHoldsBack(t *testing.T) {
	w := newWorld(t, Options{}, "vm/a/cpu0")
	w.give("vm", "a", "cpu_usage level=0.8")
	w.row(60, 0.1)
	w.poll(65)
	if x := w.explain("vm", "a", "cpu_usage"); x.Muted != "" || x.Silence != nil || x.Unheard {
		t.Errorf("muted by %q, silence %v", x.Muted, x.Silence)
	}
	m, err := alarm.ParseMatcher("class=vm")
	if err != nil {
		t.Fatal(err)
	}
	s, err := w.m.addSilence(alarm.Silence{Matchers: []alarm.Matcher{m}, Reason: "moving", Ends: t0 + 3600})
	if err != nil {
		t.Fatal(err)
	}
	if x := w.explain("vm", "a", "cpu_usage"); x.Muted != "silence "+s.ID || x.Silence == nil || x.Silence.Reason != "moving" || x.Unheard {
		t.Errorf("muted by %q, silence %v", x.Muted, x.Silence)
	}
	w.row(120, 0.9)
	w.poll(125)
	if x := w.explain("vm", "a", "cpu_usage"); x.State != "firing" || !x.Unheard || x.InhibitUntil != 0 {
		t.Errorf("silenced from the beginning: %s, unheard %t, inhibited until %d", x.State, x.Unheard, x.InhibitUntil)
	}
	w.inv.Objects[Object{"vm", "a"}].Maintenance = Migrating
	w.m.setInventory(w.inv)
	if err := w.m.endSilence(s.ID); err != nil {
		t.Fatal(err)
	}
	if x := w.explain("vm", "a", "cpu_usage"); x.Muted != "maintenance: migrating" || x.Silence != nil || !x.Unheard {
		t.Errorf("muted by %q, silence %v", x.Muted, x.Silence)
	}
	w.inv.Objects[Object{"vm", "a"}].Maintenance = ""
	w.m.setInventory(w.inv)
	for at := int64(180); at <= 300; at += 60 {
		w.row(at, 0.9)
		w.poll(at + 5)
	}
	if x := w.explain("vm", "a", "cpu_usage"); x.Muted != "" || x.Unheard || x.InhibitUntil != x.AlarmedAt+3600 {
		t.Errorf("nothing holds it back: muted by %q, unheard %t, inhibited until %d", x.Muted, x.Unheard, x.InhibitUntil)
	}
}
