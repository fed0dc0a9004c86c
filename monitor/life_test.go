package monitor

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"perfmon/alarm"
)

// told is all events so far but announcements, as "uuid:variable kind@row"
// and, for a clear, its reason.
func (w *world) told() string {
	var words []string
	for _, e := range w.events {
		if e.Kind == alarm.KindState {
			continue
		}
		word := fmt.Sprintf("%s:%s %s@%d", e.UUID, e.Variable, e.Kind, e.Time-t0)
		if e.Reason != "" {
			word += " " + string(e.Reason)
		}
		if e.Inhibited {
			word += " inhibited"
		}
		words = append(words, word)
	}
	return strings.Join(words, ", ")
}

func (w *world) wantTold(question, want string) {
	w.t.Helper()
	if got := w.told(); got != want {
		w.t.Errorf("%s:\n got  %s\n want %s", question, got, want)
	}
}

func TestClearedByAGoodRow(t *testing.T) {
	w := steady(t, "cpu_usage level=0.5 period=60")
	w.row(0, 0.9)
	w.row(60, 0.1)
	w.poll(65)
	w.wantTold("a life", "h:cpu_usage raised@0, h:cpu_usage cleared@60 level")
}

func TestClearedWhenTheObjectGoes(t *testing.T) {
	f := func(question, want string, leave func(w *world)) {
		t.Helper()
		w := newWorld(t, Options{}, "vm/a/cpu0", hostCPU)
		w.give("vm", "a", "cpu_usage level=0.5 period=60")
		w.row(0, 0.9, 0)
		w.poll(5)
		leave(w)
		w.setColumns(hostCPU)
		for at := int64(60); at <= 720; at += 60 {
			w.rows = map[int64][]float64{}
			w.row(at, 0)
			w.poll(at + 5)
		}
		w.wantTold(question, want)
	}
	f("it misses its reports", "a:cpu_usage raised@0, a:cpu_usage cleared@660 gone", func(*world) {})
	f("its record is deleted", "a:cpu_usage raised@0, a:cpu_usage cleared@0 gone", func(w *world) {
		inv := *w.inv
		inv.Objects = map[Object]*Facts{{"host", "h"}: {Resident: true}}
		w.m.setInventory(&inv)
	})
}

func TestClearedByConfiguration(t *testing.T) {
	for name, edit := range map[string]string{
		"removed": "", "level": "cpu_usage level=0.6 period=60", "period": "cpu_usage level=0.5 period=61",
	} {
		w := steady(t, "cpu_usage level=0.5 period=60 inhibit=600")
		w.row(0, 0.9)
		w.poll(5)
		w.give("host", "h", edit)
		w.give("host", "h", "cpu_usage level=0.5 period=60 inhibit=600")
		w.row(60, 0.9)
		w.poll(65)
		w.wantTold(name, "h:cpu_usage raised@0, h:cpu_usage cleared@0 config, h:cpu_usage raised@60 inhibited")
	}
}

func TestClearedAsUnknown(t *testing.T) {
	w := steady(t, "cpu_usage level=0.5 period=60")
	w.row(0, 0.9)
	w.poll(5)
	for at := int64(60); at <= 900; at += 60 {
		w.row(at, nan)
	}
	w.poll(905)
	w.wantTold("ten minutes without a value", "h:cpu_usage raised@0, h:cpu_usage cleared@600 unknown")
}

func TestEventCarriesTheState(t *testing.T) {
	w := newWorld(t, Options{}, "vm/a/cpu0", hostCPU)
	w.inv.PoolUUID = "p"
	w.inv.Objects[Object{"vm", "a"}] = &Facts{Resident: true, Name: "web"}
	w.giveXML("vm", "a", `<config><variable><name value="cpu_usage"/><alarm_trigger_level value="0.5"/><alarm_trigger_period value="120"/>`+
		`<alarm_labels value="team=web"/></variable></config>`)
	w.row(0, 0.9, 0)
	w.row(60, 0.8, 0)
	w.poll(65)
	if len(w.events) == 0 {
		t.Fatal("no events")
	}
	e := *w.events[0]
	if e.State != "firing" || e.Since != t0 || e.Time != t0+60 || e.Severity != alarm.Critical || !e.Known || e.Value != 0.8 || e.Level != 0.5 ||
		e.Period != 120 || e.Priority != 3 || e.HostUUID != "h" || e.PoolUUID != "p" || e.Name != "web" || e.Labels["team"] != "web" ||
		e.Sequence == 0 || !strings.HasPrefix(e.Body, "value: 0.800000\nconfig:\n<variable>") {
		t.Errorf("event %#v", e)
	}
}

func TestFiringIsAnnouncedEachMinute(t *testing.T) {
	w := steady(t, "cpu_usage level=0.5 period=60")
	w.row(0, 0.9)
	announced := 0
	for at := int64(5); at < 305; at += 5 {
		w.poll(at)
	}
	for _, e := range w.events {
		if e.Kind == alarm.KindState {
			announced++
			if e.TTL != 180 || e.State != "firing" || e.Sequence != w.events[0].Sequence {
				t.Errorf("announcement %+v", e)
			}
		}
	}
	if announced != 5 {
		t.Errorf("announced %d times in five minutes, want 5", announced)
	}
}

// restart makes a new monitor that knows what the store kept.
func (w *world) restart() {
	saved := w.saved
	o := w.m.opts
	o.Saved = &saved
	w.m = New(o)
	w.m.setInventory(w.inv)
}

func TestAlarmOfAnEarlierRunEnds(t *testing.T) {
	for name, c := range map[string]struct {
		change func(w *world)
		want   string
	}{
		"the variable is gone": {func(w *world) { w.inv.Objects[Object{"vm", "a"}].Config = "" }, "config"},
		"it means another thing": {func(w *world) {
			w.inv.Objects[Object{"vm", "a"}].Config = shortXML("cpu_usage level=0.7 period=60")
		}, "config"},
		"the object is deleted": {func(w *world) { delete(w.inv.Objects, Object{"vm", "a"}) }, "gone"},
		"it has moved away":     {func(w *world) { w.inv.Objects[Object{"vm", "a"}].Resident = false }, "gone"},
	} {
		w := newWorld(t, Options{}, "vm/a/cpu0", hostCPU)
		w.give("vm", "a", "cpu_usage level=0.5 period=60")
		w.row(0, 0.9, 0)
		w.poll(5)
		c.change(w)
		w.setColumns(hostCPU)
		w.restart()
		for at := int64(60); at <= 900; at += 60 {
			w.rows = map[int64][]float64{}
			w.row(at, 0)
			w.poll(at + 5)
		}
		last := w.events[len(w.events)-1]
		if last.Kind != alarm.KindCleared || string(last.Reason) != c.want {
			t.Errorf("%s: the last word is %s %s, want cleared %s (%s)", name, last.Kind, last.Reason, c.want, w.told())
		}
		if len(w.saved.States) != 0 && name != "it means another thing" {
			t.Errorf("%s: states are left behind: %d", name, len(w.saved.States))
		}
	}
}

// However often the agent stops and starts, for how long, and whatever the
// rows are, it tells the same as one that never stopped.
func TestRestartsChangeNothing(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		short := fmt.Sprintf("cpu_usage level=0.5 period=%d inhibit=%d", rapid.Int64Range(0, 400).Draw(rt, "period"), rapid.Int64Range(0, 900).Draw(rt, "inhibit"))
		xml := strings.Replace(shortXML(short), "</variable>", fmt.Sprintf(`<alarm_clear_level value="0.3"/><alarm_warning_level value="0.4"/><alarm_clear_period value="%d"/>%s</variable>`,
			rapid.Int64Range(0, 300).Draw(rt, "clear"), rapid.SampledFrom([]string{"", `<alarm_nodata_period value="240"/>`}).Draw(rt, "nodata")), 1)
		values := rapid.SliceOfN(rapid.SampledFrom([]float64{0.1, 0.35, 0.45, 0.9, 0.9, 0.9, nan}), 5, 90).Draw(rt, "values")
		stops := rapid.SliceOfN(rapid.IntRange(0, 3), len(values), len(values)).Draw(rt, "stops")
		run := func(stopping bool) string {
			w := steady(t, "")
			w.giveXML("host", "h", xml)
			for i, v := range values {
				w.row(int64(60*i), v)
				switch {
				case stopping && stops[i] == 0: // down, and up again before the next row
					w.poll(int64(60*i) + 5)
					w.restart()
				case stopping && stops[i] == 1 && i > 0: // down over this row; before the first there is no earlier run
					w.restart()
				default:
					w.poll(int64(60*i) + 5)
				}
			}
			w.poll(int64(60*len(values)) + 5)
			return w.told()
		}
		if want, got := run(false), run(true); got != want {
			rt.Fatalf("%s\n%v stops %v\n got  %s\n want %s", xml, values, stops, got, want)
		}
	})
}

// TestNeverKnownOverRestarts: since when a value is unknown is kept, also of one
// that has never been known.
func TestNeverKnownOverRestarts(t *testing.T) {
	w := steady(t, "")
	w.giveXML("host", "h", strings.Replace(shortXML("cpu_usage level=0.5 period=60"), "</variable>", `<alarm_nodata_period value="240"/></variable>`, 1))
	for at := int64(0); at < 240; at += 60 {
		w.row(at, nan)
		w.poll(at + 5)
		w.restart()
	}
	w.wantTold("four minutes without a value, in four lives", "h:cpu_usage nodata@180")
}
