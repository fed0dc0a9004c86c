package outbox

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	"perfmon/alarm"
	"perfmon/alarm/journal"
)

// lookup is a driver whose destination can be asked. It notes "? " and the
// event for each question, and "unmarked" if it is handed an event without a
// mark.
type lookup struct {
	*fake
	j         *journal.Journal
	since     []time.Time // of the questions
	delivered func(e *alarm.Event) (bool, error)
}

func (l *lookup) Deliver(ctx ctx, events []*alarm.Event) (int, error) {
	marks := l.j.InFlight("s")
	for i, e := range l.j.Pending("s", 0) {
		if i < len(events) && !slices.ContainsFunc(marks, func(m journal.Mark) bool { return m.Key == e.Key }) {
			l.note("unmarked")
		}
	}
	return l.fake.Deliver(ctx, events)
}

func (l *lookup) Recover(_ ctx, e *alarm.Event, since time.Time) (bool, error) {
	l.since = append(l.since, since)
	l.note("? " + name(e))
	return l.delivered(e)
}

func newLookup(j *journal.Journal) *lookup {
	return &lookup{newFake(), j, nil, func(*alarm.Event) (bool, error) { return false, nil }}
}

func TestMarks(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		j := newJournal(t)
		l := newLookup(j)
		b := start(t, j, l)
		b.add("a1", "b1")
		l.want(t, "0s: a1 b1")
		b.wantWaiting("")
		if got := j.InFlight("s"); len(got) > 0 {
			t.Errorf("%v in flight", got)
		}
		// Drivers that need no marks get none.
		plain := newFake()
		plain.answers(failing(errAway, "a1"))
		c := start(t, j, plain, func(o *Options) { o.Name = "plain" })
		c.add("a1")
		plain.want(t, "0s: a1")
		if got := j.InFlight("plain"); len(got) > 0 {
			t.Errorf("%v in flight", got)
		}
	})
}

// TestRecoverAfterFailure: who says that an event was not taken after a call
// that failed? It is looked up, and sent only if it is not there.
func TestRecoverAfterFailure(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		j := newJournal(t)
		l := newLookup(j)
		l.answers(failing(errAway, "a1", "b1"))
		l.delivered = func(e *alarm.Event) (bool, error) { return name(e) == "b1", nil }
		b := start(t, j, l, func(o *Options) { o.Batch = 1 })
		b.add("a1", "b1", "b2", "c1")
		l.want(t, "0s: a1", "0s: b1", "0s: c1")
		time.Sleep(time.Second)
		l.want(t, "1s: ? a1", "1s: ? b1", "1s: a1", "1s: b2")
		b.wantWaiting("a1")
		l.answers(nil)
		time.Sleep(2 * time.Second)
		l.want(t, "3s: ? a1", "3s: a1")
		b.wantWaiting("")
		if got := b.o.metrics.sent.Load(); got != 4 {
			t.Errorf("%d sent", got)
		}
	})
}

// TestRecoverBatch: a batch ends before an event that has to be looked up.
func TestRecoverBatch(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		j := newJournal(t)
		l := newLookup(j)
		l.answers(failing(errAway, "b1"))
		b := start(t, j, l)
		b.add("a1", "b1", "c1")
		// c1 was in the call that failed, so it is looked up at once.
		l.want(t, "0s: a1 b1 c1", "0s: ? c1", "0s: c1")
		l.answers(nil)
		b.add("b2")
		time.Sleep(time.Second)
		l.want(t, "1s: ? b1", "1s: b1 b2")
		b.wantWaiting("")
	})
}

// TestRecoverAfterCrash: an agent has died in a call, or after it.
func TestRecoverAfterCrash(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), journal.FileName)
		j := openJournal(t, path)
		l := newLookup(j)
		l.answers(func(ctx ctx, events []*alarm.Event) (int, error) {
			<-ctx.Done()
			return 0, ctx.Err()
		})
		b := start(t, j, l, func(o *Options) { o.Batch = 2 })
		b.add("a1", "b1", "c1")
		l.want(t, "0s: a1 b1")
		b.end()
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}

		j = openJournal(t, path)
		if got := j.InFlight("s"); len(got) != 2 {
			t.Fatalf("in flight after the crash: %v", got)
		}
		l = newLookup(j)
		l.delivered = func(e *alarm.Event) (bool, error) { return name(e) == "a1", nil }
		b = start(t, j, l)
		l.want(t, "0s: ? a1", "0s: ? b1", "0s: b1 c1")
		b.wantWaiting("")
		if got := j.InFlight("s"); len(got) > 0 {
			t.Errorf("in flight at the end: %v", got)
		}
	})
}

// TestRecoverFirst: nothing is sent before all is known of what may have been.
func TestRecoverFirst(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		j := newJournal(t)
		batch := &journal.Batch{}
		batch.Append("s", ev("a1"), ev("b1"), ev("c1"), ev("c2r"), ev("d1"), ev("a2r"))
		if _, err := j.Commit(batch); err != nil {
			t.Fatal(err)
		}
		all := j.Pending("s", 0)
		if err := j.MarkInFlight("s", all[2].Key, all[3].Key, all[4].Key, all[5].Key); err != nil {
			t.Fatal(err)
		}
		l := newLookup(j)
		l.delivered = func(e *alarm.Event) (bool, error) { return name(e) == "c1", nil }
		b := start(t, j, l, func(o *Options) { o.Batch = 1 })
		// a2r has to wait for a1, before which nothing is known of it.
		l.want(t, "0s: ? c1", "0s: ? c2r", "0s: ? d1", "0s: a1", "0s: ? a2r", "0s: b1", "0s: c2r", "0s: d1", "0s: a2r")
		b.wantWaiting("")
	})
}

// TestRecoverFails: as long as nobody can tell, nothing is sent.
func TestRecoverFails(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		j := newJournal(t)
		l := newLookup(j)
		l.answers(failing(errAway, "a1"))
		l.delivered = func(*alarm.Event) (bool, error) { return false, errAway }
		b := start(t, j, l, func(o *Options) { o.Deadline = 10 * time.Second })
		b.add("a1")
		time.Sleep(5 * time.Second)
		l.want(t, "0s: a1", "1s: ? a1", "3s: ? a1")
		b.wantWaiting("a1")
		time.Sleep(5 * time.Second)
		l.want(t, "7s: ? a1")
		b.wantWaiting("")
		if got := j.InFlight("s"); len(got) > 0 {
			t.Errorf("in flight at the end: %v", got)
		}
	})
}

func TestRecoverRefused(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		j := newJournal(t)
		l := newLookup(j)
		l.answers(failing(errAway, "a1"))
		l.delivered = func(*alarm.Event) (bool, error) { return false, &alarm.Refused{Err: errAway} }
		b := start(t, j, l)
		b.add("a1")
		time.Sleep(time.Second)
		l.want(t, "0s: a1", "1s: ? a1")
		b.wantWaiting("")
	})
}

// TestRecoverSince: who looks an event up knows when it was sent for the first
// time, whatever has come between.
func TestRecoverSince(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), journal.FileName)
		j := openJournal(t, path)
		time.Sleep(time.Hour)
		sent := time.Now()
		l := newLookup(j)
		l.answers(failing(errAway, "a1"))
		b := start(t, j, l)
		b.add("a1")
		l.want(t, "0s: a1")
		time.Sleep(time.Minute) // and some tries
		b.end()
		before := l.since
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)

		j = openJournal(t, path)
		l = newLookup(j)
		b = start(t, j, l)
		b.wantWaiting("")
		if len(before) < 3 || len(l.since) != 1 {
			t.Fatalf("%d questions before the restart, %d after it", len(before), len(l.since))
		}
		for n, since := range append(before, l.since...) {
			if !since.Equal(sent) {
				t.Errorf("question %d says since %v, want %v", n, since, sent)
			}
		}
	})
}
