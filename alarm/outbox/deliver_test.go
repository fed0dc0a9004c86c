package outbox

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"perfmon/alarm"
	"perfmon/alarm/journal"
)

func TestDelivers(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		d := newFake()
		b := start(t, newJournal(t), d, func(o *Options) { o.Batch = 3 })
		b.add("a1", "b1", "a2r", "a3c", "c1")
		d.want(t, "0s: a1 b1 a2r", "0s: a3c c1")
		b.wantWaiting("")
		time.Sleep(time.Minute)
		d.want(t)
		b.add("a4")
		d.want(t, "1m0s: a4")
	})
}

// TestBacklog: what an agent before this one has left is delivered.
func TestBacklog(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), journal.FileName)
		j := openJournal(t, path)
		batch := &journal.Batch{}
		batch.Append("s", ev("a1"), ev("b1"))
		if _, err := j.Commit(batch); err != nil {
			t.Fatal(err)
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		d := newFake()
		b := start(t, openJournal(t, path), d)
		d.want(t, "0s: a1 b1")
		b.wantWaiting("")
	})
}

func TestBackoff(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		d := newFake()
		d.answers(failing(errAway, "a1"))
		b := start(t, newJournal(t), d)
		b.add("a1")
		time.Sleep(20 * time.Minute)
		var want []string
		for at, wait := time.Duration(0), time.Second; at < 20*time.Minute; at, wait = at+wait, min(2*wait, longestWait) {
			want = append(want, fmt.Sprintf("%v: a1", at))
		}
		d.want(t, want...)
		if n := b.log.count("level=WARN", "not delivered", "connection refused"); n != 1 {
			t.Errorf("%d warnings: %q", n, b.log.lines)
		}
		// Somebody else's events do not change whose turn it is.
		b.add("b1")
		d.want(t, "20m0s: b1")
		b.wantWaiting("a1")
	})
}

func TestBackoffTimes(t *testing.T) {
	f := func(failures int, random float64, want time.Duration) {
		t.Helper()
		if got := backoff(failures, longestWait, random); got != want {
			t.Errorf("after %d failures with %v: %v, want %v", failures, random, got, want)
		}
	}
	f(0, 1, time.Second)
	f(1, 1, time.Second)
	f(1, 0, 500*time.Millisecond)
	f(3, 0, 2*time.Second)
	f(3, 0.5, 3*time.Second)
	f(9, 1, 256*time.Second)
	f(10, 1, longestWait)
	f(10, 0, longestWait/2)
	f(1<<40, 1, longestWait)
}

// TestOrder: an event waits for the one before it of the same alarm, and the
// others pass.
func TestOrder(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		d := newFake()
		d.answers(failing(errAway, "a1"))
		b := start(t, newJournal(t), d)
		b.add("a1", "b1", "a2c", "b2c", "a3", "c1")
		d.want(t, "0s: a1 b1 a2c b2c a3 c1", "0s: b1 b2c c1")
		b.wantWaiting("a1 a2c a3")
		b.add("a4r", "b3")
		d.want(t, "0s: b3")
		time.Sleep(time.Second - time.Nanosecond)
		d.want(t)
		time.Sleep(time.Nanosecond)
		d.want(t, "1s: a1 a2c a3 a4r")
		d.answers(nil)
		time.Sleep(2 * time.Second)
		d.want(t, "3s: a1 a2c a3 a4r")
		b.wantWaiting("")
	})
}

// TestPoisonInTheMiddle: what comes before it counts as taken.
func TestPoisonInTheMiddle(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		d := newFake()
		d.answers(failing(errAway, "b1"))
		b := start(t, newJournal(t), d)
		b.add("a1", "b1", "c1", "b2")
		d.want(t, "0s: a1 b1 c1 b2", "0s: c1")
		b.wantWaiting("b1 b2")
	})
}

// TestAway: a sink that takes nothing from anybody is tried with one call at
// a time, and when it is back everything goes at once.
func TestAway(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		d := newFake()
		away := func(context.Context, []*alarm.Event) (int, error) { return 0, errAway }
		d.answers(away)
		b := start(t, newJournal(t), d)
		b.add("a1", "b1", "c1", "d1", "e1")
		// Three fail at once, then there is a pause of one second, of two, of four …
		d.want(t, "0s: a1 b1 c1 d1 e1", "0s: b1 c1 d1 e1", "0s: c1 d1 e1")
		time.Sleep(20 * time.Second)
		d.want(t, "1s: a1 b1 c1 d1 e1", "3s: a1 b1 c1 d1 e1", "7s: a1 b1 c1 d1 e1", "15s: a1 b1 c1 d1 e1")
		b.add("f1")
		d.want(t)
		if n := b.log.count("level=ERROR", "takes no events"); n != 1 {
			t.Errorf("%d errors: %q", n, b.log.lines)
		}
		time.Sleep(time.Hour)
		if calls := len(d.take()); calls > int(time.Hour/longestPause) {
			t.Errorf("%d calls in an hour", calls)
		}
		d.answers(nil)
		time.Sleep(longestPause)
		b.wantWaiting("")
		if n := b.log.count("level=INFO", "takes events again"); n != 1 {
			t.Errorf("log: %q", b.log.lines)
		}
		// And a failure afterwards starts from the beginning.
		d.take()
		d.answers(away)
		b.add("a2")
		time.Sleep(1500 * time.Millisecond)
		if calls := d.take(); len(calls) != 2 {
			t.Errorf("calls %q", calls)
		}
	})
}

// TestAwayIsTriedInTime: however few alarms wait, and however often they have
// failed, a sink that is away is tried when its pause is over, each alarm in
// turn; and one that came back is noticed by then.
func TestAwayIsTriedInTime(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		d := newFake()
		away := func(context.Context, []*alarm.Event) (int, error) { return 0, errAway }
		d.answers(away)
		b := start(t, newJournal(t), d, func(o *Options) { o.Batch = 1 })
		b.add("a1", "a2c", "b1", "c1")
		time.Sleep(time.Hour)
		d.take()
		tried := map[string]bool{}
		for range 10 {
			time.Sleep(longestPause)
			calls := d.take()
			if len(calls) != 1 {
				t.Fatalf("calls of half a minute: %q", calls)
			}
			_, event, _ := strings.Cut(calls[0], ": ")
			tried[event] = true
			if s := b.o.Status(ev("a1")); !s.Away || s.NextTry < time.Now().Unix() {
				t.Errorf("away %v, next try at %d, and it is %d", s.Away, s.NextTry, time.Now().Unix())
			}
		}
		if want := map[string]bool{"a1": true, "b1": true, "c1": true}; !maps.Equal(tried, want) {
			t.Errorf("tried %v", tried)
		}
		// A new alarm goes first, and a sink that takes it gets all others too.
		d.answers(failing(errAway, "a1", "b1", "c1"))
		b.add("d1")
		time.Sleep(longestPause)
		b.wantWaiting("a1 a2c b1 c1")
		d.answers(nil)
		time.Sleep(longestPause)
		b.wantWaiting("")
	})
}

// TestNotAway: a few alarms that a sink chokes on, among others that it takes,
// do not make it away.
func TestNotAway(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		d := newFake()
		d.answers(failing(errAway, "a1", "b1", "c1", "d1"))
		b := start(t, newJournal(t), d, func(o *Options) { o.Batch = 1 })
		b.add("a1", "e1", "b1", "e2", "c1", "e3", "d1", "e4")
		d.want(t, "0s: a1", "0s: e1", "0s: b1", "0s: e2", "0s: c1", "0s: e3", "0s: d1", "0s: e4")
		b.wantWaiting("a1 b1 c1 d1")
		if b.log.count("takes no events") > 0 {
			t.Errorf("log: %q", b.log.lines)
		}
	})
}

func TestDeadline(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		d := newFake()
		d.answers(failing(errAway, "a1"))
		b := start(t, newJournal(t), d, func(o *Options) { o.Deadline = time.Hour })
		b.add("a1")
		time.Sleep(10 * time.Minute)
		b.add("a2c")
		time.Sleep(50*time.Minute - time.Nanosecond)
		b.wantWaiting("a1 a2c")
		d.take()
		time.Sleep(time.Nanosecond)
		// What has waited behind it is free now.
		d.want(t, "1h0m0s: a2c")
		b.wantWaiting("")
		if n := b.log.count("level=ERROR", "deadline", "events=1", "vm/a/cpu_usage/e/1"); n != 1 {
			t.Errorf("log: %q", b.log.lines)
		}
	})
}

// TestDeadlineOverRestart: the time before a restart counts.
func TestDeadlineOverRestart(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		j := newJournal(t)
		batch := &journal.Batch{}
		batch.Append("s", ev("a1"), ev("b1"))
		if _, err := j.Commit(batch); err != nil {
			t.Fatal(err)
		}
		time.Sleep(23 * time.Hour)
		batch = &journal.Batch{}
		batch.Append("s", ev("c1"))
		if _, err := j.Commit(batch); err != nil {
			t.Fatal(err)
		}
		d := newFake()
		d.answers(failing(errAway, "a1", "b1", "c1"))
		b := start(t, j, d)
		time.Sleep(time.Hour - time.Nanosecond)
		b.wantWaiting("a1 b1 c1")
		time.Sleep(longestPause + time.Nanosecond)
		b.wantWaiting("c1")
	})
}

func TestRefused(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		d := newFake()
		d.answers(failing(fmt.Errorf("post: %w", &alarm.Refused{Err: fmt.Errorf("no such object")}), "b1", "c1"))
		b := start(t, newJournal(t), d)
		b.add("a1", "b1", "c1", "b2", "d1")
		d.want(t, "0s: a1 b1 c1 b2 d1", "0s: c1 b2 d1", "0s: b2 d1")
		b.wantWaiting("")
		if n := b.log.count("level=ERROR", "refused", "no such object", "vm/b/cpu_usage/e/1"); n != 1 {
			t.Errorf("log: %q", b.log.lines)
		}
	})
}

// TestStrangeAnswers: a driver that does not keep to its contract costs
// nothing but tries.
func TestStrangeAnswers(t *testing.T) {
	f := func(taken int, err error, wantWaiting string) {
		t.Helper()
		inBubble(t, func(t *testing.T) {
			d := newFake()
			d.answers(func(context.Context, []*alarm.Event) (int, error) { return taken, err })
			b := start(t, newJournal(t), d)
			b.add("a1", "a2")
			b.wantWaiting(wantWaiting)
		})
	}
	f(0, nil, "a1 a2")
	f(-1, nil, "a1 a2")
	f(-1, errAway, "a1 a2")
	f(7, nil, "")
	f(2, errAway, "")
	f(1, nil, "")
}

// TestHangs: a sink that does not answer holds up neither a commit nor
// another sink.
func TestHangs(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		j := newJournal(t)
		hanging, other := newFake(), newFake()
		hanging.answers(func(ctx context.Context, _ []*alarm.Event) (int, error) {
			<-ctx.Done()
			return 0, ctx.Err()
		})
		b := start(t, j, hanging)
		c := start(t, j, other, func(o *Options) { o.Name = "other" })
		began := time.Now()
		for _, text := range []string{"a1", "b1"} {
			b.add(text)
			c.add(text)
			synctest.Wait() // each is a call of its own
		}
		other.want(t, "0s: a1", "0s: b1")
		if passed := time.Since(began); passed != 0 {
			t.Errorf("commits and the other sink waited for %v", passed)
		}
		hanging.want(t, "0s: a1")
		time.Sleep(10*time.Second - time.Nanosecond)
		hanging.want(t)
		time.Sleep(time.Nanosecond)
		hanging.want(t, "10s: b1") // the call has ended, and the other alarm has its turn
	})
}

func TestStop(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		d := newFake()
		d.answers(failing(errAway, "b1"))
		b := start(t, newJournal(t), d, func(o *Options) { o.Batch = 1 })
		b.add("b1", "a1")
		d.want(t, "0s: b1", "0s: a1")
		// At the end, what is due is tried once, and nobody waits for the rest.
		batch := &journal.Batch{}
		for _, text := range []string{"c1", "d1"} {
			b.o.Add(batch, ev(text))
		}
		if _, err := b.j.Commit(batch); err != nil {
			t.Fatal(err)
		}
		b.end()
		d.want(t, "0s: c1", "0s: d1")
		b.wantWaiting("b1")
		if b.log.count("wait for the next start", "events=1") != 1 {
			t.Errorf("log: %q", b.log.lines)
		}
	})
}

// TestStopInCall: a call that is under way gets two seconds, and what it
// could not do counts for nothing.
func TestStopInCall(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		d := newFake()
		d.answers(func(ctx context.Context, _ []*alarm.Event) (int, error) {
			<-ctx.Done()
			return 0, ctx.Err()
		})
		b := start(t, newJournal(t), d)
		b.add("a1", "b1")
		time.Sleep(time.Second)
		began := time.Now()
		b.end()
		if passed := time.Since(began); passed != stopTimeout {
			t.Errorf("Run ended after %v", passed)
		}
		d.want(t, "0s: a1 b1")
		b.wantWaiting("a1 b1")
		if b.o.metrics.retried.Load() != 0 {
			t.Error("the end was counted as a failure")
		}
	})
}

func TestJournalClosed(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		d := newFake()
		j := newJournal(t)
		d.answers(func(_ context.Context, events []*alarm.Event) (int, error) { return len(events), j.Close() })
		b := start(t, j, d)
		b.add("a1")
		b.end()
		if b.log.count("level=ERROR", "journal is closed") != 1 {
			t.Errorf("log: %q", b.log.lines)
		}
	})
}

// TestRandom lets a driver fail at random, and compares what it got with what
// was sent to it: nothing lost, nothing twice, and in order for each alarm.
func TestRandom(t *testing.T) {
	for seed := range uint64(5) {
		inBubble(t, func(t *testing.T) {
			random, drivers := rand.New(rand.NewPCG(seed, 0)), rand.New(rand.NewPCG(seed, 1))
			d := newFake()
			var away atomic.Bool
			var refused []string // of the driver, until Run has ended
			d.answers(func(_ context.Context, events []*alarm.Event) (int, error) {
				n := drivers.IntN(len(events) + 1)
				switch {
				case away.Load():
					return 0, errAway
				case n == len(events):
					return n, nil
				case drivers.IntN(4) == 0:
					refused = append(refused, name(events[n]))
					return n, &alarm.Refused{Err: errAway}
				}
				return n, errAway
			})
			b := start(t, newJournal(t), d, func(o *Options) { o.Batch = 5 })
			var sent []string
			last := map[byte]byte{}
			for round := range 20 {
				var texts []string
				for range random.IntN(6) {
					letter := byte('a' + random.IntN(6))
					if last[letter] == 9 {
						continue
					}
					last[letter]++
					texts = append(texts, string([]byte{letter, '0' + last[letter]}))
				}
				sent = append(sent, texts...)
				away.Store(round > 5 && round < 10)
				b.add(texts...)
				time.Sleep(time.Duration(random.IntN(1000)) * time.Second)
			}
			time.Sleep(time.Hour)
			b.wantWaiting("")
			b.end()
			for letter := range last {
				ofLetter := func(texts []string) (of []string) {
					for _, text := range texts {
						if text[0] == letter {
							of = append(of, text)
						}
					}
					return of
				}
				want := slices.DeleteFunc(ofLetter(sent), func(text string) bool { return slices.Contains(refused, text) })
				if got := ofLetter(d.got); !slices.Equal(got, want) {
					t.Errorf("seed %d: alarm %c got %s, want %s", seed, letter, strings.Join(got, " "), strings.Join(want, " "))
				}
			}
			if len(d.got) == 0 || len(refused) == 0 {
				t.Errorf("seed %d: %d delivered, %d refused", seed, len(d.got), len(refused))
			}
		})
	}
}
