package outbox

import (
	"io"
	"log/slog"
	"testing"

	"perfmon/alarm"
	"perfmon/alarm/journal"
)

// TestAdopt: what another agent has raised is cleared here, towards those sinks
// that get such alarms.
func TestAdopt(t *testing.T) {
	f := func(question string, want bool, change func(*Options), with ...func(*alarm.Event)) {
		t.Helper()
		j := newJournal(t)
		o := Options{Name: "s", Driver: &fake{}, Journal: j, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))}
		change(&o)
		out, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		state := ev("x1s")
		for _, f := range with {
			f(state)
		}
		b := &journal.Batch{}
		out.Adopt(b, state)
		clear := ev("x2c")
		if got := out.Add(b, clear); got != want {
			t.Errorf("%s: the clear was added: %t", question, got)
		}
		if _, err := j.Commit(b); err != nil {
			t.Fatal(err)
		}
		n := 0
		if want {
			n = 1
		}
		if got := j.QueueStats("s").Length; got != n {
			t.Errorf("%s: %d events wait", question, got)
		}
	}
	none := func(*Options) {}
	f("any alarm", true, none)
	f("one that the filter leaves out", false, func(o *Options) {
		filter, err := NewFilter(Rules{Variables: []string{"other"}})
		if err != nil {
			t.Fatal(err)
		}
		o.Filter = filter
	})
	silenced := func(e *alarm.Event) { e.Silenced = true }
	f("one that is silenced here", false, func(o *Options) { o.HoldSilenced = true }, silenced)
	f("one that is silenced, and nobody minds", true, none, silenced)
}

// adopting is a driver that has to know.
type adopting struct{ fake }

func (*adopting) TakesAdopted() {}

func TestAdopter(t *testing.T) {
	j := newJournal(t)
	out, err := New(Options{Name: "s", Driver: &adopting{}, Journal: j, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		t.Fatal(err)
	}
	b := &journal.Batch{}
	out.Adopt(b, ev("x1s"))
	if _, err := j.Commit(b); err != nil {
		t.Fatal(err)
	}
	if waiting := j.Pending("s", 0); len(waiting) != 1 || waiting[0].Event.Kind != alarm.KindState {
		t.Errorf("waiting: %+v", waiting)
	}
}
