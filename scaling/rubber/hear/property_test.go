package hear

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"perfmon/alarm"
)

// history is what an agent says over time, and what is so in the end.
type history struct {
	said  [][]byte
	truth map[alarm.ID]alarm.Kind
	end   time.Time
}

// drawHistory lets an agent's alarms come and go. Now and then its journal is
// made anew.
func drawHistory(t *rapid.T) *history {
	h := &history{truth: map[alarm.ID]alarm.Kind{}, end: start}
	epoch, sequence, newest := 1, int64(0), map[alarm.ID]int64{}
	for range rapid.IntRange(1, 40).Draw(t, "steps") {
		h.end = h.end.Add(time.Duration(rapid.IntRange(1, 90).Draw(t, "seconds")) * time.Second)
		id := alarm.ID{Class: "host", UUID: hostA, Variable: rapid.SampledFrom([]string{"cpu_usage", "memory_free_kib", "fs_usage"}).Draw(t, "variable")}
		was, known := h.truth[id]
		var kind alarm.Kind
		switch rapid.IntRange(0, 9).Draw(t, "what") {
		case 0:
			epoch, sequence = epoch+1, 0
			h.truth, newest = map[alarm.ID]alarm.Kind{}, map[alarm.ID]int64{} // it begins with what it finds
			continue
		case 1, 2, 3:
			if !known || was == alarm.KindCleared {
				continue
			}
			kind = alarm.KindState
		case 4, 5:
			if !known {
				continue
			}
			kind = alarm.KindCleared
		case 6:
			kind = alarm.KindNoData
		default:
			kind = alarm.KindRaised
		}
		e := event(kind, id.Class, id.UUID, id.Variable, 0, h.end)
		if kind == alarm.KindState {
			if was == alarm.KindNoData {
				e.State = "nodata"
			}
		} else {
			sequence++
			newest[id] = sequence
			h.truth[id] = kind
		}
		e.Sequence, e.Epoch = newest[id], fmt.Sprintf("%08x", epoch*7919%256)
		h.said = append(h.said, text(t, e))
	}
	return h
}

// beliefs are the marks of an agent's alarms.
func beliefs(table *Table, at time.Time) map[string]Mark {
	out := map[string]Mark{}
	for _, h := range table.View(at).Hosts {
		for _, a := range h.Alarms {
			out[a.Variable] = a.Mark
		}
	}
	return out
}

// TestOrderDoesNotMatter: whatever comes late or twice, the end is the same:
// that of who has heard it all in order.
func TestOrderDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := drawHistory(t)
		ordered, shuffled := newTable(t), newTable(t)
		for _, e := range h.said {
			ordered.Event("x", e, h.end, h.end)
		}
		several := append(append([][]byte(nil), h.said...), h.said[:len(h.said)/2]...)
		for _, e := range rapid.Permutation(several).Draw(t, "order") {
			shuffled.Event("x", e, h.end, h.end)
		}
		want, got := beliefs(ordered, h.end), beliefs(shuffled, h.end)
		if fmt.Sprint(want) != fmt.Sprint(got) {
			t.Fatalf("in order %v, shuffled %v", want, got)
		}
		for id, kind := range h.truth {
			mark, there := got[id.Variable]
			if (kind == alarm.KindRaised) != (mark == Bad) || (kind == alarm.KindCleared) == there {
				t.Fatalf("%s was %s, believed %v", id.Variable, kind, got)
			}
		}
	})
}

// TestLossDoesNotLast: whatever is lost, a time to live later nothing is
// believed that is not so; and with the next heartbeat all that is so is.
func TestLossDoesNotLast(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := drawHistory(t)
		table := newTable(t)
		for _, e := range rapid.Permutation(h.said).Draw(t, "order") {
			if rapid.Bool().Draw(t, "arrives") {
				table.Event("x", e, h.end, h.end)
			}
		}
		later := h.end.Add(180 * time.Second)
		for variable, mark := range beliefs(table, later) {
			if mark == Bad {
				t.Fatalf("%s is believed for ever", variable)
			}
		}
		b := beat(1, later)
		for id, kind := range h.truth {
			if kind == alarm.KindRaised {
				b.Pressure.Alarms = append(b.Pressure.Alarms, alarm.FiringAlarm{Class: id.Class, UUID: id.UUID, Variable: id.Variable, Severity: alarm.Critical})
			}
		}
		b.Pressure.Firing = len(b.Pressure.Alarms)
		table.Event("x", text(t, b), later, later)
		got := beliefs(table, later)
		for id, kind := range h.truth {
			if (kind == alarm.KindRaised) != (got[id.Variable] == Bad) {
				t.Fatalf("%s was %s, believed %v", id.Variable, kind, got[id.Variable])
			}
		}
		for variable, mark := range got {
			id := alarm.ID{Class: "host", UUID: hostA, Variable: variable}
			if mark == Bad && h.truth[id] != alarm.KindRaised {
				t.Fatalf("%s is believed and was %q", variable, h.truth[id])
			}
		}
	})
}

// FuzzEvent: whatever arrives, it has an outcome, and a view of it can be had.
func FuzzEvent(f *testing.F) {
	f.Add(text(f, overload(alarm.KindRaised, 1, start)))
	f.Add(text(f, overload(alarm.KindState, 1, start)))
	f.Add(text(f, overload(alarm.KindNoData, 1, start)))
	f.Add(text(f, beat(1, start)))
	f.Fuzz(func(t *testing.T, event []byte) {
		table := newTable(t)
		o := table.Event("x", event, start, start)
		if table.Counts()[o] != 1 {
			t.Fatalf("%s is not counted", o)
		}
		v := table.View(start)
		for _, h := range v.Hosts {
			if !identity.MatchString(h.UUID) || len(h.Name) > 2*maxText {
				t.Errorf("%+v", h)
			}
			if (o == Malformed || o == Foreign) && len(v.Hosts) > 0 {
				t.Errorf("%s made %+v", o, h)
			}
		}
	})
}
