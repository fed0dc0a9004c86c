package roster

import (
	"maps"
	"slices"
	"testing"
	"time"

	"perfmon/scaling/rubber/work"
)

func TestHostOf(t *testing.T) {
	for name, want := range map[string]string{"worker@vm-a": "vm-a", "a@b@vm-a": "vm-a", "vm-a": "vm-a", "worker@": "", "": ""} {
		if got := HostOf(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

func TestRoom(t *testing.T) {
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	f := func(most int, table map[string]*work.Worker, room bool, left ...string) {
		t.Helper()
		got := Room(table, most, func(w *work.Worker) *work.Worker { return w })
		if names := slices.Sorted(maps.Keys(table)); got != room || !slices.Equal(names, left) {
			t.Errorf("room: %v, left %v, want %v, %v", got, names, room, left)
		}
	}
	lives := &work.Worker{LastSeen: noon.Add(-time.Hour)}
	gone := &work.Worker{LastSeen: noon, Gone: true}
	before := &work.Worker{LastSeen: noon.Add(-time.Minute), Gone: true}
	f(3, map[string]*work.Worker{"a": lives, "b": gone}, true, "a", "b")
	f(3, map[string]*work.Worker{"a": lives, "b": gone, "c": before}, true, "a", "b")
	f(2, map[string]*work.Worker{"a": lives, "": gone}, true, "a")
	f(2, map[string]*work.Worker{"a": lives, "b": lives}, false, "a", "b")
}

func TestCopy(t *testing.T) {
	n := 1
	w := work.Worker{Name: "worker@vm-a", Queues: []string{"jobs"}, Active: &n}
	c := Copy(w)
	c.Queues[0], *c.Active = "other", 2
	if w.Queues[0] != "jobs" || *w.Active != 1 {
		t.Errorf("the first has changed with its copy: %+v", w)
	}
	if c.Reserved != nil || Copy(work.Worker{}).Queues != nil {
		t.Error("what is not known is known in the copy")
	}
}

func TestSort(t *testing.T) {
	list := []work.Worker{{Name: "b"}, {Name: "c"}, {Name: "a"}}
	Sort(list)
	if list[0].Name != "a" || list[1].Name != "b" || list[2].Name != "c" {
		t.Errorf("sorted: %v", list)
	}
}
