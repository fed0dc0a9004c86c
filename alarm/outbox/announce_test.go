package outbox

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"perfmon/alarm"
)

// speaker is a driver that takes announcements. It notes them after "! ".
type speaker struct {
	*fake
	err error // of announcements
}

func (s *speaker) Announce(_ ctx, events []*alarm.Event) error {
	s.note("! " + names(events))
	return s.err
}

func TestAnnounce(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := &speaker{newFake(), nil}
		b := start(t, newJournal(t), s)
		b.add("a1", "b1")
		s.want(t, "0s: a1 b1")
		b.o.Announce(ev("a1s"))
		s.want(t, "0s: ! a1s")
		b.o.Announce(ev("c1s")) // nobody was told of c
		b.o.Announce(ev("b1"))  // this is no announcement
		s.want(t)
		b.add("a2c")
		s.want(t, "0s: a2c")
		b.o.Announce(ev("a2s")) // nor of a, now
		s.want(t)
		b.wantWaiting("")
	})
}

func TestAnnounceWithoutAnnouncer(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		d := newFake()
		b := start(t, newJournal(t), d)
		b.add("a1")
		b.o.Announce(ev("a1s"))
		d.want(t, "0s: a1")
	})
}

// TestAnnounceWaits: transitions go first, and an announcement that one of
// them has made old is never heard.
func TestAnnounceWaits(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := &speaker{newFake(), nil}
		b := start(t, newJournal(t), s)
		s.answers(failing(errAway, "a1", "b1"))
		b.add("a1", "b1", "c1")
		s.want(t, "0s: a1 b1 c1", "0s: b1 c1", "0s: c1")
		for _, text := range []string{"a1s", "b1s", "c1s"} {
			b.o.Announce(ev(text))
		}
		s.want(t, "0s: ! c1s")
		b.add("b2r")
		s.answers(nil)
		time.Sleep(time.Second)
		s.want(t, "1s: a1 b1 b2r", "1s: ! a1s")
	})
}

// TestAnnounceNewest: while a call is under way only the newest is kept.
func TestAnnounceNewest(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := &speaker{newFake(), nil}
		b := start(t, newJournal(t), s)
		b.add("a1", "b1", "c1")
		s.want(t, "0s: a1 b1 c1")
		s.answers(func(c ctx, events []*alarm.Event) (int, error) {
			time.Sleep(5 * time.Second)
			return len(events), nil
		})
		b.add("d1")
		synctest.Wait() // the call is under way
		for _, text := range []string{"b1s", "a1s", "c1s", "b2s"} {
			b.o.Announce(ev(text))
		}
		late := ev("c9s")
		late.TTL = 5
		b.o.Announce(late) // not worth anything when its turn comes
		b.add("a2c")
		s.want(t, "0s: d1")
		time.Sleep(10 * time.Second)
		s.want(t, "5s: a2c", "10s: ! b2s")
	})
}

// TestAnnounceAfterLostClear: a clear that the queue had no room for still
// ends the announcements.
func TestAnnounceAfterLostClear(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := &speaker{newFake(), nil}
		b := start(t, newJournal(t), s, func(o *Options) { o.Limit = 1 })
		b.add("a1")
		s.want(t, "0s: a1")
		s.answers(func(c ctx, events []*alarm.Event) (int, error) {
			time.Sleep(5 * time.Second)
			return len(events), nil
		})
		b.add("d1")
		b.waiting()
		b.o.Announce(ev("a1s"))
		b.add("a2c")
		b.add("e1")
		b.wantWaiting("e1")
		time.Sleep(time.Minute)
		s.want(t, "0s: d1", "5s: e1")
	})
}

func TestAnnounceFails(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := &speaker{newFake(), errAway}
		b := start(t, newJournal(t), s)
		b.add("a1", "b1")
		s.want(t, "0s: a1 b1")
		b.o.Announce(ev("a1s"))
		s.want(t, "0s: ! a1s")
		b.o.Announce(ev("b1s"))
		s.want(t)
		time.Sleep(time.Second)
		s.want(t, "1s: ! b1s")
		// Transitions do not wait because of that.
		b.add("a2r")
		s.want(t, "1s: a2r")
		time.Sleep(time.Hour)
		s.want(t) // what was lost is lost
		s.err = nil
		b.o.Announce(ev("a2s"))
		s.want(t, "1h0m1s: ! a2s")
	})
}

func TestAnnouncementsAreBounded(t *testing.T) {
	a := newAnnouncements()
	now := time.Now()
	for n := range maxAnnouncements + 2 {
		e := ev("a1s")
		e.UUID = fmt.Sprint(n)
		a.put(e, now)
	}
	if len(a.order) != maxAnnouncements || len(a.byID) != maxAnnouncements || a.order[0].UUID != "2" {
		t.Errorf("%d wait, %d known, the first is %v", len(a.order), len(a.byID), a.order[0])
	}
	for n := 0; n < maxAnnouncements; n += perAnnounce {
		if got := a.take(nil, now); len(got) != perAnnounce || got[0].UUID != fmt.Sprint(n+2) {
			t.Fatalf("%d taken, the first is %s", len(got), got[0].UUID)
		}
	}
	if got := a.take(nil, now); len(got) > 0 || len(a.byID) > 0 {
		t.Errorf("%d taken, %d left", len(got), len(a.byID))
	}
}

// TestAnnounceOtherEpoch: numbers of different journals do not compare, so an
// announcement of another epoch than the transition is dropped.
func TestAnnounceOtherEpoch(t *testing.T) {
	a := newAnnouncements()
	f := func(epoch string, sequence, transition int64, want int) {
		t.Helper()
		e, of := ev("a1s"), ev("a1")
		e.Epoch, e.Sequence, of.Sequence = epoch, sequence, transition
		a.put(e, time.Now())
		a.overtake(of)
		if got := len(a.take(nil, time.Now())); got != want {
			t.Errorf("%d left of epoch %s, %d after transition %d", got, epoch, sequence, transition)
		}
	}
	f("e", 2, 2, 1)
	f("e", 3, 2, 1)
	f("e", 1, 2, 0)
	f("other", 3, 2, 0)
}

// TestAnnouncedThoughDropped: when more alarms are raised than the queue has
// places, those that were dropped are announced all the same, so that a sink
// that takes announcements knows of them once it is back; and what was cleared
// meanwhile is not announced, so that it ends there with its time to live.
func TestAnnouncedThoughDropped(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		s := &speaker{newFake(), nil}
		b := start(t, newJournal(t), s, func(o *Options) { o.Limit = 2 })
		s.answers(func(ctx, []*alarm.Event) (int, error) { return 0, errAway })
		b.add("a1", "b1", "c1", "d1", "e1")
		b.add("a2c")
		b.wantWaiting("e1 a2c")
		b.add("f1")
		b.wantWaiting("a2c f1")
		if n := b.j.QueueStats("s").Dropped; n != 5 {
			t.Errorf("%d dropped", n)
		}
		s.answers(nil)
		time.Sleep(time.Minute)
		s.take()
		b.wantWaiting("")
		for _, state := range []string{"a2s", "b1s", "c1s", "d1s", "e1s", "f1s"} {
			b.o.Announce(ev(state))
			synctest.Wait()
		}
		time.Sleep(time.Minute)
		s.want(t, "1m0s: ! b1s", "1m0s: ! c1s", "1m0s: ! d1s", "1m0s: ! e1s", "1m0s: ! f1s")
	})
}
