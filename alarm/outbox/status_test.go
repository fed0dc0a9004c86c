package outbox

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"perfmon/alarm"
)

func (b *bench) wantStatus(question, event string, want Status) {
	b.Helper()
	b.waiting() // lets the runner go on
	want.Sink = "s"
	if d := cmp.Diff(want, b.o.Status(ev(event))); d != "" {
		b.Errorf("%s (-want +got):\n%s", question, d)
	}
}

func TestStatus(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		d := newFake()
		begin := time.Now().Unix()
		b := start(t, newJournal(t), d)
		b.wantStatus("nothing has happened", "a1", Status{})
		b.add("a1")
		b.wantStatus("raised", "a1", Status{Told: true})
		b.wantStatus("another alarm", "b1", Status{})

		d.answers(failing(errAway, "a2r", "b1"))
		time.Sleep(time.Minute)
		b.add("a2r")
		time.Sleep(30 * time.Second)
		b.add("b1")
		failed := Status{
			Told: true, Waiting: 1, WaitingSince: begin + 60, Queued: 2, QueuedSince: begin + 60,
			LastError: errAway.Error(), LastErrorAt: begin + 90,
		}
		b.wantStatus("its event failed, and then another's", "a1", failed)
		failed.WaitingSince, failed.LastErrorOurs = begin+90, true
		b.wantStatus("the other", "b1", failed)

		d.answers(nil)
		time.Sleep(time.Hour)
		b.add("a3c")
		b.wantStatus("delivered and cleared: the error is history", "a1", Status{
			LastError: errAway.Error(), LastErrorAt: begin + 90,
		})
	})
}

func TestStatusOfASinkThatIsAway(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		d := newFake()
		d.answers(func(ctx, []*alarm.Event) (int, error) { return 0, errAway })
		b := start(t, newJournal(t), d)
		b.add("a1", "b1", "c1")
		b.waiting()
		s := b.o.Status(ev("c1"))
		now := time.Now().Unix()
		if !s.Away || s.NextTry <= now || s.NextTry > now+int64(longestPause.Seconds()) || s.LastError != errAway.Error() || s.Waiting != 1 || s.Queued != 3 {
			t.Errorf("away: %+v", s)
		}
		if got, want := b.o.Totals(), (Totals{
			Queued: 3, QueuedSince: s.QueuedSince, Away: true, NextTry: s.NextTry, LastError: s.LastError, LastErrorAt: s.LastErrorAt,
		}); got != want {
			t.Errorf("away: %+v, want %+v", got, want)
		}
		d.answers(nil)
		time.Sleep(time.Hour)
		b.waiting()
		if got := b.o.Totals(); got.Queued != 0 || got.Away || got.NextTry != 0 || got.Sent != 3 || got.Dropped != 0 {
			t.Errorf("back: %+v", got)
		}
		if s = b.o.Status(ev("c1")); s.Away || s.NextTry != 0 || s.Queued != 0 || !s.Told || s.LastError == "" {
			t.Errorf("back: %+v", s)
		}
	})
}

func TestStatusOfARefusedEvent(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		d := newFake()
		d.answers(failing(&alarm.Refused{Err: errors.New("no such vm")}, "a1"))
		b := start(t, newJournal(t), d)
		b.add("a1", "b1")
		want := Status{Told: true, LastError: "refused: no such vm", LastErrorAt: time.Now().Unix(), LastErrorOurs: true, Refused: true}
		b.wantStatus("refused", "a1", want)
		want.LastErrorOurs = false
		b.wantStatus("another one", "b1", want)
	})
}

func TestStatusSaysWhatKeepsBack(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		filter, err := NewFilter(Rules{Severities: []alarm.Severity{alarm.Critical}})
		if err != nil {
			t.Fatal(err)
		}
		for _, holds := range []bool{true, false} {
			b := start(t, newJournal(t), newFake(), func(o *Options) { o.Filter, o.HoldSilenced, o.HoldInhibited = filter, holds, holds })
			e := ev("a1")
			e.Severity, e.Silenced, e.Inhibited = alarm.Warning, true, true
			want := Status{Sink: "s", Filtered: true, HoldSilenced: holds, HoldInhibited: holds}
			if d := cmp.Diff(want, b.o.Status(e)); d != "" {
				t.Errorf("a sink that heeds them: %t (-want +got):\n%s", holds, d)
			}
			if d := cmp.Diff(Status{Sink: "s"}, b.o.Status(ev("a1"))); d != "" {
				t.Errorf("nothing keeps it back (-want +got):\n%s", d)
			}
		}
	})
}

// TestStatusAfterARestart: what waits and what was told is the journal's.
func TestStatusAfterARestart(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		j := newJournal(t)
		d := newFake()
		d.answers(func(ctx, []*alarm.Event) (int, error) { return 0, context.DeadlineExceeded })
		b := start(t, j, d)
		at := time.Now().Unix()
		b.add("a1")
		b.waiting()
		b.end()
		o, err := New(Options{Name: "s", Driver: d, Journal: j, Logger: b.log.logger()})
		if err != nil {
			t.Fatal(err)
		}
		want := Status{Sink: "s", Told: true, Waiting: 1, WaitingSince: at, Queued: 1, QueuedSince: at}
		if d := cmp.Diff(want, o.Status(ev("a1"))); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	})
}
