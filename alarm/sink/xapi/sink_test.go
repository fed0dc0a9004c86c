package xapi

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"perfmon/alarm"
	"perfmon/xapi"
)

func inBubble(t *testing.T, f func(t *testing.T)) { t.Helper(); synctest.Test(t, f) }

func TestNewFailure(t *testing.T) {
	f := func(want string, change func(*Options)) {
		t.Helper()
		o := Options{Toolstack: &fake{}, Notes: memory{}, Logger: discard()}
		change(&o)
		if _, err := New(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q in it", err, want)
		}
	}
	f("Toolstack", func(o *Options) { o.Toolstack = nil })
	f("Notes", func(o *Options) { o.Notes = nil })
	f("Logger", func(o *Options) { o.Logger = nil })
	f(`clear "all": it is one of`, func(o *Options) { o.Clear = "all" })
	f("-1 messages", func(o *Options) { o.MaxPerHour = -1 })
	r := prometheus.NewRegistry()
	if _, err := New(Options{Toolstack: &fake{}, Notes: memory{}, Logger: discard(), Registerer: r}); err != nil {
		t.Fatal(err)
	}
	f("duplicate metrics", func(o *Options) { o.Registerer = r })
}

func TestMessages(t *testing.T) {
	f := func(e *alarm.Event, legacy bool, want xapi.Message) {
		t.Helper()
		ts := &fake{}
		deliver(t, newSink(t, ts, func(o *Options) { o.Legacy = legacy }), e)
		if len(ts.log) != 1 || ts.log[0].Message != want {
			t.Errorf("made %+v, want %+v", ts.log, want)
		}
	}
	body := ev("a1").Body
	f(ev("a1"), false, xapi.Message{Name: "ALARM", Priority: 3, Class: "VM", UUID: "a", Body: body})
	f(ev("a2r"), true, xapi.Message{Name: "ALARM", Priority: 3, Class: "VM", UUID: "a", Body: body})
	for class, want := range map[string]string{"host": "Host", "sr": "SR"} {
		e := ev("a1")
		e.Class, e.Priority = class, 1
		f(e, false, xapi.Message{Name: "ALARM", Priority: 1, Class: want, UUID: "a", Body: body})
		f(e, true, xapi.Message{Name: "ALARM", Priority: 1, Class: map[string]string{"host": "HOST", "sr": "SR"}[class], UUID: "a", Body: body})
	}
}

// TestNoMessage: what is no ALARM is taken without a call.
func TestNoMessage(t *testing.T) {
	for _, clear := range []Clear{ClearNone, ClearMessage, ClearDestroy} {
		ts := &fake{}
		s := newSink(t, ts, func(o *Options) { o.Clear = clear })
		for _, change := range []func(*alarm.Event){
			func(e *alarm.Event) { e.Severity = alarm.Warning },
			func(e *alarm.Event) { e.Inhibited = true },
			func(e *alarm.Event) { e.Kind = alarm.KindNoData },
			func(e *alarm.Event) { e.Kind, e.Severity = alarm.KindState, alarm.Warning },
			func(e *alarm.Event) { e.Kind = alarm.KindCleared }, // of what made no ALARM
		} {
			e := ev("a1")
			change(e)
			deliver(t, s, e)
			if there, err := s.Recover(t.Context(), e, time.Now()); !there || err != nil {
				t.Errorf("%s: there %t, %v", e.Kind, there, err)
			}
		}
		want(t, "calls with "+string(clear), ts.take())
	}
}

// TestSilenced: whoever wants messages of silenced alarms gets them; the queue
// holds them back from everybody else.
func TestSilenced(t *testing.T) {
	ts := &fake{}
	e := ev("a1")
	e.Silenced = true
	deliver(t, newSink(t, ts), e)
	want(t, "messages", ts.have(), "ALARM a")
}

// TestAdopted: an alarm that the agent of another host has made messages of is
// ended here as if they were ours.
func TestAdopted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Unix(1766000100, 0))) // so that the messages come with their event
		state := func() *alarm.Event {
			e := ev("a7")
			e.Kind = alarm.KindState
			return e
		}
		f := func(clear Clear, calls []string, left ...string) {
			t.Helper()
			ts := &fake{}
			there := newSink(t, ts)
			other, fails := ev("a1"), true
			other.Variable, other.Body = "disk", strings.ReplaceAll(other.Body, "cpu_usage", "disk")
			deliver(t, there, ev("a1"), other, ev("a2r"))
			ts.take()
			here := newSink(t, ts, func(o *Options) { o.Clear = clear })
			ts.before = func(_ context.Context, method, _ string) error {
				if method == "get" && fails {
					fails = false
					return errAway
				}
				return nil
			}
			if taken, err := here.Deliver(t.Context(), []*alarm.Event{state()}); clear == ClearDestroy && (taken != 0 || !errors.Is(err, errAway)) {
				t.Errorf("while the toolstack is away: taken %d, %v", taken, err)
			}
			deliver(t, here, state(), ev("a8c"))
			want(t, "calls with "+string(clear), ts.take(), calls...)
			want(t, "messages with "+string(clear), ts.have(), left...)
		}
		f(ClearNone, nil, "ALARM a", "ALARM a", "ALARM a")
		f(ClearMessage, []string{"create a"}, "ALARM a", "ALARM a", "ALARM a", "PERFMON_ALARM_CLEARED a")
		f(ClearDestroy, []string{"get a", "get a", "destroy OpaqueRef:1", "destroy OpaqueRef:3"}, "ALARM a")
	})
}

func TestBatch(t *testing.T) {
	ts := &fake{before: func(_ context.Context, _, uuid string) error {
		if uuid == "c" {
			return errAway
		}
		return nil
	}}
	taken, err := newSink(t, ts).Deliver(t.Context(), []*alarm.Event{ev("a1"), ev("b1c"), ev("b2"), ev("c1"), ev("d1")})
	if taken != 3 || !errors.Is(err, errAway) {
		t.Errorf("taken %d, %v", taken, err)
	}
	want(t, "messages", ts.have(), "ALARM a", "ALARM b")
}

func TestClearNone(t *testing.T) {
	ts := &fake{}
	deliver(t, newSink(t, ts), ev("a1"), ev("a2c"))
	want(t, "calls", ts.take(), "create a")
}

func TestClearMessage(t *testing.T) {
	ts := &fake{}
	s := newSink(t, ts, func(o *Options) { o.Clear = ClearMessage })
	deliver(t, s, ev("a1"), ev("a2r"), ev("a3c"))
	want(t, "messages", ts.have(), "ALARM a", "ALARM a", "PERFMON_ALARM_CLEARED a")
	if m := ts.log[2].Message; m.Priority != 5 || m.Class != "VM" || m.Body != wantCleared {
		t.Errorf("priority %d, class %s, body\n%s", m.Priority, m.Class, m.Body)
	}
	// Each clear tells of ALARMs made since the one before.
	warning := ev("a4")
	warning.Severity = alarm.Warning
	deliver(t, s, warning, ev("a5c"))
	want(t, "messages", ts.have(), "ALARM a", "ALARM a", "PERFMON_ALARM_CLEARED a")
	// Where the object has gone nobody has to be told.
	deliver(t, s, ev("a6"))
	ts.before = func(context.Context, string, string) error { return code("UUID_INVALID") }
	deliver(t, s, ev("a7c"))
}

const wantCleared = `cpu_usage of VM "vm a" has ended: the value is on the right side of the level again
value: 0.41
level: 0.9 (bad is above), for 2m0s
bad since: 2025-12-17T19:34:00Z
ended: 2025-12-17T19:35:00Z
event: h/vm/a/cpu_usage/e/3
`

func TestClearedMessage(t *testing.T) {
	f := func(change func(*alarm.Event), want ...string) {
		t.Helper()
		e := ev("a1c")
		change(e)
		body := clearedMessage(e).Body
		for _, w := range want {
			if !strings.Contains(body, w) {
				t.Errorf("not in it: %q\n%s", w, body)
			}
		}
		if strings.ContainsFunc(body, func(r rune) bool { return r < ' ' && r != '\n' || r == 0xFFFE || r == 0xFFFF }) || strings.ToValidUTF8(body, "") != body {
			t.Errorf("not fit for XML: %q", body)
		}
	}
	f(func(e *alarm.Event) { e.Reason, e.Known = alarm.ReasonGone, false }, "ended: the object has gone\nlevel")
	f(func(e *alarm.Event) { e.Reason, e.Low = alarm.ReasonConfig, true }, "variable was removed or changed", "bad is below")
	f(func(e *alarm.Event) { e.Reason, e.Since = alarm.ReasonUnknown, 0 }, "nobody knows the value", "for 2m0s\nended")
	f(func(e *alarm.Event) { e.Name = "a\x00\xff\n\"b\uffff" }, `VM "a\x00\xff\n\"b\uffff" has`)
	f(func(e *alarm.Event) { e.Name = strings.Repeat("é", 100) }, strings.Repeat("é", 50)+`…" has`)
}

func TestClearDestroy(t *testing.T) {
	ts := &fake{}
	notes := memory{}
	o := func(o *Options) { o.Clear, o.Notes = ClearDestroy, notes }
	s := newSink(t, ts, o)
	other := ev("a1")
	other.Variable = "disk"
	deliver(t, s, ev("a1"), ev("b1"), other, ev("a2r"))
	// Somebody else's, although nothing tells it from ours.
	if _, err := ts.CreateMessage(t.Context(), alarmMessage(ev("a9"), false)); err != nil {
		t.Fatal(err)
	}
	deliver(t, s, ev("a3r"))
	s = newSink(t, ts, o)     // after a restart
	ts.stored = ts.stored[1:] // somebody has destroyed the first
	ts.take()

	fails := 2
	ts.before = func(_ context.Context, method, _ string) error {
		if method == "destroy" {
			if fails--; fails == 0 {
				return errAway
			}
		}
		return nil
	}
	if taken, err := s.Deliver(t.Context(), []*alarm.Event{ev("a4c")}); taken != 0 || !errors.Is(err, errAway) {
		t.Errorf("taken %d, %v", taken, err)
	}
	want(t, "calls", ts.take(), "destroy OpaqueRef:1", "destroy OpaqueRef:4")
	if there, err := s.Recover(t.Context(), ev("a4c"), time.Now()); there || err != nil {
		t.Errorf("there %t, %v", there, err)
	}
	deliver(t, s, ev("a4c"))
	want(t, "calls", ts.take(), "destroy OpaqueRef:4", "destroy OpaqueRef:6")
	want(t, "messages", ts.have(), "ALARM b", "ALARM a", "ALARM a")
	deliver(t, s, ev("a5c"))
	want(t, "calls", ts.take())
}

func TestRefused(t *testing.T) {
	for _, bad := range []error{
		code("UUID_INVALID"), code("HANDLE_INVALID"), code("INVALID_VALUE"), code("FIELD_TYPE_ERROR"),
		code("MESSAGE_PARAMETER_COUNT_MISMATCH"), fmt.Errorf("call: %w", xapi.ErrInvalidArgument),
	} {
		s := newSink(t, &fake{before: func(context.Context, string, string) error { return bad }})
		s.settleFor = 0
		taken, err := s.Deliver(t.Context(), []*alarm.Event{ev("a1")})
		if refused := (*alarm.Refused)(nil); taken != 0 || !errors.As(err, &refused) || !errors.Is(err, bad) {
			t.Errorf("%v: taken %d, %v", bad, taken, err)
		}
		there, err := s.Recover(t.Context(), ev("a1"), time.Now())
		if refused := (*alarm.Refused)(nil); there || !errors.As(err, &refused) {
			t.Errorf("%v: there %t, %v", bad, there, err)
		}
	}
	for _, trouble := range []error{code("INTERNAL_ERROR"), code("HOST_IS_SLAVE"), code("HOST_STILL_BOOTING"), code("SESSION_INVALID"), xapi.ErrNullRef, errAway} {
		s := newSink(t, &fake{before: func(context.Context, string, string) error { return trouble }})
		for range 5 {
			taken, err := s.Deliver(t.Context(), []*alarm.Event{ev("a1")})
			if refused := (*alarm.Refused)(nil); taken != 0 || errors.As(err, &refused) || !errors.Is(err, trouble) {
				t.Errorf("%v: taken %d, %v", trouble, taken, err)
			}
		}
	}
}

// TestInternalError: what the toolstack cannot read is told from its own
// troubles by another message that passes.
func TestInternalError(t *testing.T) {
	ts := &fake{before: func(_ context.Context, _, uuid string) error {
		if uuid == "a" {
			return code("INTERNAL_ERROR")
		}
		return nil
	}}
	s := newSink(t, ts)
	try := func(want bool) {
		t.Helper()
		_, err := s.Deliver(t.Context(), []*alarm.Event{ev("a1")})
		if refused := (*alarm.Refused)(nil); err == nil || errors.As(err, &refused) != want {
			t.Errorf("refused is not %t: %v", want, err)
		}
	}
	deliver(t, s, ev("b1")) // before the first try: says nothing
	for range 5 {
		try(false)
	}
	deliver(t, s, ev("b2r"))
	try(true)
	try(false) // a new event, as far as anybody knows
	deliver(t, s, ev("b3r"))
	try(false)
	try(true)
}

// TestDoubtsAreBounded: events that the outbox has given up are forgotten.
func TestDoubtsAreBounded(t *testing.T) {
	var d doubts
	for n := range 3 * maxDoubts {
		if err := d.judge(fmt.Sprint(n), code("INTERNAL_ERROR")); isRefused(err) {
			t.Fatal(err)
		}
	}
	if len(d.events) > maxDoubts {
		t.Errorf("%d events", len(d.events))
	}
}
