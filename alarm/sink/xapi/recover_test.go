package xapi

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"perfmon/alarm"
)

// asked is a sink with what is at stake when an event is looked up.
type asked struct {
	*testing.T
	*Sink
	ts    *fake
	notes memory
}

func newAsked(t *testing.T, with ...func(*Options)) *asked {
	a := &asked{T: t, ts: &fake{}, notes: memory{}}
	a.restart(with...)
	return a
}

func (a *asked) restart(with ...func(*Options)) {
	a.Helper()
	a.Sink = newSink(a.T, a.ts, append([]func(*Options){func(o *Options) { o.Notes = a.notes }}, with...)...)
	a.settleFor = 0
}

// lost delivers an event whose reply is lost, so that its message is there and
// nobody knows.
func (a *asked) lost(e *alarm.Event) {
	a.Helper()
	a.ts.after = func(context.Context, string, string) error { return errAway }
	if taken, err := a.Deliver(a.Context(), []*alarm.Event{e}); taken != 0 || !errors.Is(err, errAway) {
		a.Errorf("%s: taken %d, %v", e.EventID(), taken, err)
	}
	a.ts.after = nil
}

func (a *asked) recover(want bool, e *alarm.Event, since time.Time) {
	a.Helper()
	there, err := a.Recover(a.Context(), e, since)
	if there != want || err != nil {
		a.Errorf("%s is there: %t, %v", e.EventID(), there, err)
	}
}

func TestRecover(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		a := newAsked(t)
		since := time.Now()
		a.recover(false, ev("a1"), since)
		a.lost(ev("a1"))
		a.recover(true, ev("a1"), since)
		a.recover(true, ev("a1"), since) // it is known now
		a.restart()
		a.recover(true, ev("a1"), since)
		want(t, "calls", a.ts.take(), "get a", "create a", "get a")
	})
}

// TestRecoverSameBody: the messages of events before it are not taken for an
// event's own, within one second or an hour later, also after a restart.
func TestRecoverSameBody(t *testing.T) {
	for _, later := range []time.Duration{0, time.Second, 59 * time.Minute, 2 * time.Hour} {
		for _, ahead := range []time.Duration{0, skew - time.Second, -skew + 2*time.Second} {
			t.Run(fmt.Sprintf("%v later, clock ahead by %v", later, ahead), func(t *testing.T) {
				inBubble(t, func(t *testing.T) {
					a := newAsked(t)
					a.ts.ahead = ahead
					deliver(t, a.Sink, ev("a1"))
					a.lost(ev("a2r"))
					a.recover(true, ev("a2r"), time.Now())
					time.Sleep(later)
					a.restart()
					since := time.Now()
					a.recover(false, ev("a3r"), since)
					a.lost(ev("a3r"))
					a.restart()
					a.recover(true, ev("a3r"), since)
					deliver(t, a.Sink, ev("a4c"))
					a.recover(false, ev("a5"), since)
					deliver(t, a.Sink, ev("a5"))
					a.recover(false, ev("a6r"), since)
					if n := len(a.ts.log); n != 4 {
						t.Errorf("%d messages", n)
					}
				})
			})
		}
	}
}

// TestRecoverOthers: other messages do not matter, and those of somebody else
// only if nothing tells them from ours.
func TestRecoverOthers(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		a := newAsked(t)
		put := func(change func(*alarm.Event), name string) {
			t.Helper()
			e := ev("a1")
			change(e)
			m := alarmMessage(e, false)
			m.Name = name
			if _, err := a.ts.CreateMessage(t.Context(), m); err != nil {
				t.Fatal(err)
			}
		}
		same := func(*alarm.Event) {}
		put(same, "ALARM") // too old
		time.Sleep(skew + 2*time.Second)
		put(same, "VM_STARTED")
		put(func(e *alarm.Event) { e.UUID = "b" }, "ALARM")
		put(func(e *alarm.Event) { e.Class = "sr" }, "ALARM")
		put(func(e *alarm.Event) { e.Body = strings.Replace(e.Body, "0.97", "0.98", 1) }, "ALARM")
		put(func(e *alarm.Event) { e.Body = strings.Replace(e.Body, "cpu_usage", "disk", 1) }, "ALARM")
		a.recover(false, ev("a1"), time.Now())
		// White space that XML does not keep, and a priority that was lifted.
		put(func(e *alarm.Event) { e.Body, e.Priority = strings.TrimSpace(e.Body), 1 }, "ALARM")
		put(same, "ALARM")
		a.recover(true, ev("a1"), time.Now())
		// Both were there before the next event was sent.
		a.recover(false, ev("a2r"), time.Now())
	})
}

// TestRecoverClockSetBack: a mark from the future hides nothing.
func TestRecoverClockSetBack(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		a := newAsked(t)
		a.lost(ev("a1"))
		a.recover(true, ev("a1"), time.Now().Add(24*time.Hour))
	})
}

func TestRecoverCleared(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		a := newAsked(t, func(o *Options) { o.Clear = ClearMessage })
		deliver(t, a.Sink, ev("a1"))
		since := time.Now()
		a.recover(false, ev("a2c"), since)
		a.lost(ev("a2c"))
		a.recover(true, ev("a2c"), since)
		a.recover(true, ev("a2c"), since)
		deliver(t, a.Sink, ev("a3"))
		a.recover(false, ev("a4c"), since) // that was another clear
		a.ts.before = func(context.Context, string, string) error { return code("UUID_INVALID") }
		a.recover(false, ev("a4c"), since)
		deliver(t, a.Sink, ev("a4c"))
	})
}

func TestRecoverFails(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		for _, trouble := range []error{errAway, code("HOST_IS_SLAVE"), code("INTERNAL_ERROR")} {
			a := newAsked(t)
			a.ts.before = func(context.Context, string, string) error { return trouble }
			for range 5 {
				deliverOther(t, a)
				there, err := a.Recover(t.Context(), ev("a1"), time.Now())
				if there || !errors.Is(err, trouble) || isRefused(err) {
					t.Errorf("there %t, %v", there, err)
				}
			}
		}
	})
}

// deliverOther makes a message of another alarm, whatever goes wrong with a's.
func deliverOther(t *testing.T, a *asked) {
	t.Helper()
	before := a.ts.before
	a.ts.before = nil
	deliver(t, a.Sink, ev(fmt.Sprintf("b%d", len(a.ts.log)+1)))
	a.ts.before = before
}

// TestRecoverSettles: a lookup waits a moment after the call that it is about,
// and after the start, and no longer than it may.
func TestRecoverSettles(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		a := newAsked(t)
		a.settleFor = settleFor
		took := func(ctx context.Context, wantErr error) time.Duration {
			t.Helper()
			began := time.Now()
			if _, err := a.Recover(ctx, ev("a1"), began); !errors.Is(err, wantErr) {
				t.Errorf("error %v", err)
			}
			return time.Since(began)
		}
		if d := took(t.Context(), nil); d != settleFor {
			t.Errorf("the first lookup took %v", d)
		}
		if d := took(t.Context(), nil); d != 0 {
			t.Errorf("the second lookup took %v", d)
		}
		a.lost(ev("a1"))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if d := took(ctx, context.DeadlineExceeded); d != time.Second {
			t.Errorf("a lookup that may take a second took %v", d)
		}
		if d := took(t.Context(), nil); d != settleFor-time.Second {
			t.Errorf("the lookup after a call took %v", d)
		}
	})
}

func TestNotesAreBounded(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		a := newAsked(t, func(o *Options) { o.Clear = ClearDestroy })
		for n := range maxRefs + 10 {
			deliver(t, a.Sink, ev(fmt.Sprintf("a%dr", n+1)))
			time.Sleep(time.Hour)
		}
		if n := len(a.note(ev("a1").ID).Made); n != maxRefs {
			t.Errorf("%d messages are known", n)
		}
		a.restart() // where nothing is destroyed, two hours are enough
		deliver(t, a.Sink, ev("a1000r"))
		if n := len(a.note(ev("a1").ID).Made); n != 3 {
			t.Errorf("%d messages are known", n)
		}
		for n := range maxNotes + 10 {
			e := ev("b1")
			e.UUID = fmt.Sprint(n)
			deliver(t, a.Sink, e)
			time.Sleep(time.Second)
		}
		if _, err := a.Tend(t.Context()); err != nil {
			t.Fatal(err)
		}
		_, oldest := a.notes[alarmKeys+"vm/10/cpu_usage"]
		_, older := a.notes[alarmKeys+"vm/9/cpu_usage"]
		if len(a.notes) != maxNotes+1 || !oldest || older { // and the limit's
			t.Errorf("%d notes, the oldest is there: %t, and one before: %t", len(a.notes), oldest, older)
		}
	})
}

// TestBadNotes: what cannot be read is as good as nothing.
func TestBadNotes(t *testing.T) {
	a := newAsked(t)
	deliver(t, a.Sink, ev("a1"))
	for key := range a.notes {
		a.notes[key] = []byte("{")
	}
	a.restart()
	deliver(t, a.Sink, ev("a2r"))
	want(t, "messages", a.ts.have(), "ALARM a", "ALARM a")
}
