package journal

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"perfmon/alarm"
)

// sequences are those of a journal's history, newest first.
func sequences(j *Journal) []int64 {
	var list []int64
	for e := range j.History() {
		list = append(list, e.Sequence)
	}
	return list
}

func TestHistory(t *testing.T) {
	path := newPath(t)
	j := open(t, path)
	if got := sequences(j); len(got) != 0 {
		t.Errorf("a new journal remembers %v", got)
	}
	b := &Batch{}
	b.Remember(event(alarm.KindRaised, 1), event(alarm.KindRepeated, 2))
	if b.Empty() {
		t.Error("a batch with history is empty")
	}
	commit(t, j, b)
	b = &Batch{}
	cleared := event(alarm.KindCleared, 3)
	b.Remember(cleared)
	commit(t, j, b)
	if cleared.Body == "" {
		t.Error("the caller's event has lost its body")
	}
	for e := range j.History() {
		want := *cleared
		want.Body = ""
		if e.EventID() != want.EventID() || e.Kind != want.Kind || e.Labels["team"] != "db" || e.Body != "" {
			t.Errorf("remembered: %+v", e)
		}
		break
	}
	closeIt(t, j)
	j = open(t, path)
	if got := sequences(j); !slices.Equal(got, []int64{3, 2, 1}) {
		t.Errorf("after a restart: %v", got)
	}
	if len(j.Sinks()) != 0 {
		t.Errorf("the history is taken for a sink: %v", j.Sinks())
	}
}

// TestHistoryIsARing: the oldest are forgotten, by number and by size.
func TestHistoryIsARing(t *testing.T) {
	j := open(t, "")
	n := int64(0)
	remember := func(count int, label string) {
		b := &Batch{}
		for range count {
			n++
			e := event(alarm.KindRaised, n)
			e.Labels = map[string]string{"l": label}
			b.Remember(e)
		}
		commit(t, j, b)
	}
	check := func(what string, least, most int) {
		t.Helper()
		got := sequences(j)
		if len(got) < least || len(got) > most {
			t.Errorf("%s: %d are remembered, want %d to %d", what, len(got), least, most)
		}
		for i, s := range got {
			if s != n-int64(i) {
				t.Fatalf("%s: number %d is %d, want %d", what, i, s, n-int64(i))
			}
		}
		h := j.mirror.history
		bytes := 0
		for _, v := range j.mirror.tables[tableHistory] {
			bytes += len(v)
		}
		if h.bytes != bytes || bytes > maxHistoryBytes || len(h.keys) != len(j.mirror.tables[tableHistory]) {
			t.Errorf("%s: %d bytes are counted, there are %d; %d keys", what, h.bytes, bytes, len(h.keys))
		}
	}
	remember(MaxHistory-1, "")
	check("nearly full", MaxHistory-1, MaxHistory-1)
	remember(3, "")
	check("over", MaxHistory, MaxHistory)
	remember(MaxHistory+5, "")
	check("more at once than there is room for", MaxHistory, MaxHistory)
	remember(3, strings.Repeat("x", 100<<10))
	check("large ones", 1000, MaxHistory)
	remember(50, strings.Repeat("y", 100<<10))
	check("only large ones", 15, 21)
	e := event(alarm.KindRaised, n)
	e.Labels = map[string]string{"l": strings.Repeat("z", MaxEvent)}
	b := &Batch{}
	b.Remember(e)
	commit(t, j, b)
	check("one that is too large", 15, 21)
	remember(1, "")
	check("after it", 15, 21)
}

// TestHistoryOfAnother: what cannot be read is passed over, and a key that is
// none is damage.
func TestHistoryOfAnother(t *testing.T) {
	j := open(t, "")
	b := &Batch{}
	b.Remember(event(alarm.KindRaised, 1))
	commit(t, j, b)
	j.mirror.apply([]change{{tableHistory, entryKey(9), []byte("\x7fof the future")}})
	b = &Batch{}
	b.Remember(event(alarm.KindRaised, 2))
	commit(t, j, b)
	if got := sequences(j); !slices.Equal(got, []int64{2, 1}) {
		t.Errorf("%v", got)
	}
	bad := newTables("e")
	bad[tableHistory] = map[string][]byte{"short": {1}}
	if _, err := newMirror(bad); err == nil || !strings.Contains(fmt.Sprint(err), "short") {
		t.Errorf("a key that is none: %v", err)
	}
}
