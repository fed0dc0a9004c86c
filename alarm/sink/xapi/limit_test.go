package xapi

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"perfmon/alarm"
)

func limited(n int) func(*Options) { return func(o *Options) { o.MaxPerHour = n } }

// tend lets time pass, as the outbox does.
func (a *asked) tend(d time.Duration) {
	a.Helper()
	for end := time.Now().Add(d); ; {
		wait, err := a.Tend(a.Context())
		if err != nil {
			a.Errorf("tend: %v", err)
			wait = time.Minute
		}
		time.Sleep(min(max(wait, time.Second), time.Until(end)))
		if !time.Now().Before(end) {
			return
		}
	}
}

// TestLimit: in no hour are there more messages than allowed, and as many as
// that there are.
func TestLimit(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		a := newAsked(t, limited(3))
		began := time.Now()
		f := func(text string, at time.Duration, want bool) {
			t.Helper()
			time.Sleep(time.Until(began.Add(at)))
			before := len(a.ts.log)
			deliver(t, a.Sink, ev(text))
			if got := len(a.ts.log) > before; got != want {
				t.Errorf("%s at %v got a message: %t", text, at, got)
			}
		}
		f("a1", 0, true)
		f("b1", 10*time.Minute, true)
		f("c1", 20*time.Minute, true)
		f("d1", 20*time.Minute, false)
		f("d2r", time.Hour-time.Second, false)
		f("d3r", time.Hour+time.Second, true)
		f("e1", time.Hour+9*time.Minute, false)
		a.restart(limited(3))
		f("e2r", time.Hour+9*time.Minute, false)
		f("e3r", time.Hour+10*time.Minute+time.Second, true)
		f("f1", time.Hour+10*time.Minute+time.Second, false)
		a.restart(limited(4))
		f("f2", time.Hour+11*time.Minute, true)
		a.restart() // no limit
		for n := range 10 {
			f(fmt.Sprintf("g%d", n+1), 2*time.Hour, true)
		}
	})
}

// TestCrashLoop: who dies after each alarm is limited nevertheless.
func TestCrashLoop(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		a := newAsked(t, limited(3))
		for n := range 20 {
			e := ev(fmt.Sprintf("%c1", 'a'+n))
			since := time.Now()
			a.ts.after = func(context.Context, string, string) error { return errAway }
			if taken, _ := a.Deliver(t.Context(), []*alarm.Event{e}); taken == 0 {
				a.ts.after = nil
				a.restart(limited(3))
				a.recover(true, e, since)
			}
			a.ts.after = nil
			a.restart(limited(3))
		}
		if n := len(a.ts.log); n != 3 {
			t.Errorf("%d messages", n)
		}
	})
}

// TestLimitInDoubt: what may have been made counts, and as one.
func TestLimitInDoubt(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		a := newAsked(t, limited(2))
		a.lost(ev("a1"))
		a.ts.before = func(context.Context, string, string) error { return errAway }
		for range 2 {
			if _, err := a.Deliver(t.Context(), []*alarm.Event{ev("b1")}); !errors.Is(err, errAway) {
				t.Error(err)
			}
		}
		a.ts.before = nil
		deliver(t, a.Sink, ev("c1")) // left out
		a.recover(true, ev("a1"), time.Now())
		a.recover(false, ev("b1"), time.Now())
		deliver(t, a.Sink, ev("b1"), ev("d1"))
		want(t, "messages", a.ts.have(), "ALARM a", "ALARM b")
		// An event that the outbox gave up does not count for ever.
		time.Sleep(2 * time.Hour)
		a.lost(ev("e1"))
		time.Sleep(time.Hour + time.Second)
		deliver(t, a.Sink, ev("f1"), ev("g1"), ev("h1"))
		want(t, "messages", a.ts.have(), "ALARM a", "ALARM b", "ALARM e", "ALARM f", "ALARM g")
		// A refused one does not count at all.
		time.Sleep(2 * time.Hour)
		a.ts.before = func(context.Context, string, string) error { return code("UUID_INVALID") }
		for n := range 5 {
			if _, err := a.Deliver(t.Context(), []*alarm.Event{ev(fmt.Sprintf("i%d", n+1))}); !isRefused(err) {
				t.Error(err)
			}
		}
		a.ts.before = nil
		deliver(t, a.Sink, ev("j1"), ev("k1"), ev("l1"))
		if have := a.ts.have(); !slices.Equal(have[5:], []string{"ALARM j", "ALARM k"}) {
			t.Errorf("messages %q", have[5:])
		}
	})
}

// TestLimitClockSetBack: times in the future do not hold everything up.
func TestLimitClockSetBack(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		a := newAsked(t, limited(1))
		deliver(t, a.Sink, ev("a1"), ev("b1"))
		a.limit.Made[0] += 24 * 3600
		a.limit.Storm.Began += 24 * 3600
		a.limit.Storm.Last += 24 * 3600
		time.Sleep(time.Minute)
		deliver(t, a.Sink, ev("c1"))
		a.tend(time.Hour + 2*time.Minute)
		deliver(t, a.Sink, ev("d1"))
		want(t, "messages", a.ts.have(), "ALARM a", "PERFMON_ALARM_SUMMARY h", "ALARM d")
		if a.limit.Storm != nil {
			t.Errorf("a storm goes on: %+v", a.limit.Storm)
		}
	})
}

// TestSummary: one message a storm, that says in the end what was left out.
func TestSummary(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		a := newAsked(t, limited(1))
		a.tend(25 * time.Minute)
		deliver(t, a.Sink, ev("a1"), ev("a2r"), ev("b1"), ev("b2r"), ev("c1"))
		if wait, err := a.Tend(t.Context()); wait != time.Minute || err != nil {
			t.Errorf("wait %v, %v", wait, err)
		}
		time.Sleep(time.Second)
		deliver(t, a.Sink, ev("b3r"), ev("c2r"))
		a.tend(59 * time.Second)
		want(t, "messages", a.ts.have(), "ALARM a")
		a.tend(time.Second)
		want(t, "summary", a.ts.bodies(nameSummary), `6 alarms of 3 objects got no message between 2000-01-01T00:25:00Z and 2000-01-01T00:25:01Z, because there may be 1 in an hour.
The first: cpu_usage of VM "vm a", cpu_usage of VM "vm b", cpu_usage of VM "vm b", cpu_usage of VM "vm c", cpu_usage of VM "vm b"
`)
		if m := a.ts.log[1]; m.Priority != 3 || m.Class != "Host" || m.UUID != "h" {
			t.Errorf("summary %+v", m)
		}
		// Nothing new, nothing to be said; and then not before an hour has passed.
		a.tend(30 * time.Minute)
		deliver(t, a.Sink, ev("d1"))
		a.restart(limited(1))
		a.tend(30*time.Minute - 2*time.Second)
		if n := len(a.ts.log); n != 2 {
			t.Errorf("%d messages", n)
		}
		a.tend(10 * time.Second)
		says := func(what string) {
			t.Helper()
			if got := a.ts.bodies(nameSummary); len(got) != 1 || !strings.HasPrefix(got[0], what) {
				t.Errorf("summaries %q, want one that begins with %q", got, what)
			}
		}
		says("7 alarms of 4 objects got no message between 2000-01-01T00:25:00Z and 2000-01-01T00:56:01Z")
		deliver(t, a.Sink, ev("e1")) // which gets a message, since an hour has passed
		deliver(t, a.Sink, ev("f1"))
		a.tend(59 * time.Minute)
		says("7 alarms")
		a.tend(2 * time.Minute)
		says("8 alarms of 5 objects")
		if len(a.ts.log) != 5 || a.limit.Storm != nil {
			t.Errorf("%d messages, storm %+v", len(a.ts.log), a.limit.Storm)
		}
		for key := range a.notes {
			if strings.HasPrefix(key, stormKeys) {
				t.Errorf("%s is left of the storm", key)
			}
		}
		// The next storm counts anew, and does not touch the summary of this one.
		deliver(t, a.Sink, ev("g1"), ev("g2r"))
		a.tend(2 * time.Hour)
		if got := a.ts.bodies(nameSummary); len(got) != 2 || !strings.HasPrefix(got[1], "1 alarm of 1 object got") {
			t.Errorf("summaries %q", got)
		}
	})
}

// TestSummaryWithoutReply: what may have been made is looked up.
func TestSummaryWithoutReply(t *testing.T) {
	for _, restart := range []bool{false, true} {
		inBubble(t, func(t *testing.T) {
			a := newAsked(t, limited(1))
			deliver(t, a.Sink, ev("a1"), ev("b1"))
			time.Sleep(time.Minute)
			fail := func(f *func(context.Context, string, string) error) {
				t.Helper()
				*f = func(context.Context, string, string) error { return errAway }
				if _, err := a.Tend(t.Context()); !errors.Is(err, errAway) {
					t.Error(err)
				}
				*f = nil
				if restart {
					a.restart(limited(1))
				}
			}
			fail(&a.ts.before) // nothing was made
			fail(&a.ts.after)  // looked up, without an answer
			fail(&a.ts.before)
			a.ts.take()
			fails := 1
			a.ts.after = func(context.Context, string, string) error {
				if fails--; fails == -1 {
					return errAway // the reply to create
				}
				return nil
			}
			if _, err := a.Tend(t.Context()); !errors.Is(err, errAway) {
				t.Error(err)
			}
			want(t, "calls", a.ts.take(), "get h", "create h")
			if restart {
				a.restart(limited(1))
			}
			deliver(t, a.Sink, ev("c1"))
			a.tend(2 * time.Hour)
			if got := a.ts.bodies(nameSummary); len(got) != 1 || !strings.HasPrefix(got[0], "2 alarms of 2 objects") {
				t.Errorf("summaries %q", got)
			}
			if n := len(a.ts.log); n != 3 { // the first summary among them
				t.Errorf("%d messages were made", n)
			}
		})
	}
}

// TestSummaryImpossible: a storm ends in any case.
func TestSummaryImpossible(t *testing.T) {
	f := func(trouble error, within time.Duration) {
		t.Helper()
		inBubble(t, func(t *testing.T) {
			a := newAsked(t, limited(1))
			deliver(t, a.Sink, ev("a1"), ev("b1"))
			a.ts.before = func(context.Context, string, string) error { return trouble }
			failed := 0
			for end := time.Now().Add(within); time.Now().Before(end); time.Sleep(5 * time.Minute) {
				if a.limit.Storm == nil && failed > 0 {
					t.Errorf("%v: the storm ended early, after %d tries", trouble, failed)
				}
				if _, err := a.Tend(t.Context()); err != nil {
					failed++
				}
			}
			a.ts.before = nil
			a.tend(2 * time.Hour)
			if a.limit.Storm != nil {
				t.Errorf("%v: storm %+v", trouble, a.limit.Storm)
			}
			if got := a.ts.have(); len(got) != 1 {
				t.Errorf("%v: messages %q", trouble, got)
			}
		})
	}
	f(code("UUID_INVALID"), 30*time.Minute)
	f(errAway, 25*time.Hour+time.Minute)
}

// TestStormClears: the end of an alarm that got no message is not told, and
// one that would be too many is left out as well.
func TestStormClears(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		r := prometheus.NewPedanticRegistry()
		a := newAsked(t, limited(2), func(o *Options) { o.Clear, o.Registerer = ClearMessage, r })
		deliver(t, a.Sink, ev("a1"), ev("b1"), ev("c1"), ev("c2c"), ev("a2c"), ev("b2c"))
		if err := testutil.GatherAndCompare(r, strings.NewReader(`# HELP perfmon_sink_summarised_total Alarms that got no message of their own because there were too many; a summary has their number.
# TYPE perfmon_sink_summarised_total counter
perfmon_sink_summarised_total{sink="xapi"} 1
`)); err != nil {
			t.Error(err)
		}
		a.tend(time.Hour + time.Minute)
		deliver(t, a.Sink, ev("a3c"), ev("d1"), ev("d2c"))
		want(t, "messages", a.ts.have(), "ALARM a", "ALARM b", "PERFMON_ALARM_SUMMARY h", "ALARM d", "PERFMON_ALARM_CLEARED d")
		if got := a.ts.bodies(nameSummary); !strings.HasPrefix(got[0], "1 alarm and 2 ends of 3 objects") {
			t.Errorf("summaries %q", got)
		}
	})
}

// TestLeftOutOnce: an agent that dies after it left an event out does not do
// it again.
func TestLeftOutOnce(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		a := newAsked(t, limited(1))
		deliver(t, a.Sink, ev("a1"), ev("a2r"))
		a.restart(limited(1))
		a.recover(true, ev("a2r"), time.Now())
		deliver(t, a.Sink, ev("a2r"))
		if st := a.limit.Storm; st.Alarms != 1 || st.Objects != 1 {
			t.Errorf("storm %+v", st)
		}
		want(t, "calls", a.ts.take(), "create a")
	})
}

// TestBadLimit: what cannot be read costs no alarm.
func TestBadLimit(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		a := newAsked(t, limited(1))
		a.notes[limitKey] = []byte("[")
		deliver(t, a.Sink, ev("a1"), ev("b1"))
		want(t, "messages", a.ts.have(), "ALARM a")
	})
}
