package journald

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/coreos/go-systemd/v22/journal"
	"github.com/google/go-cmp/cmp"

	"perfmon/alarm"
	"perfmon/alarm/sink/internal/sinkcheck"
)

func newSink(t *testing.T, o Options) *Sink {
	t.Helper()
	return sinkcheck.Open(t, New, o)
}

func TestMessageAndPriority(t *testing.T) {
	f := func(want string, wantPriority journal.Priority, change func(*alarm.Event)) {
		t.Helper()
		e := sinkcheck.As(change)
		if got := message(e); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		if got := priority(e); got != wantPriority {
			t.Errorf("%s: priority %d, want %d", want, got, wantPriority)
		}
	}
	f("vm web-07: cpu_usage raised (critical): 0.97, level 0.9 high, period 120 s", journal.PriCrit, func(*alarm.Event) {})
	f("vm web-07: cpu_usage repeated (warning): 0.97, level 0.9 high, period 120 s", journal.PriWarning, func(e *alarm.Event) {
		e.Kind, e.Severity = alarm.KindRepeated, alarm.Warning
	})
	f("vm web-07: cpu_usage cleared (level): 0.2, level 0.9 high, period 120 s", journal.PriNotice, func(e *alarm.Event) {
		e.Kind, e.Reason, e.Value = alarm.KindCleared, alarm.ReasonLevel, 0.2
	})
	f("host "+sinkcheck.HostUUID+": memory_available nodata: unknown, level 1e+09 low, period 120 s", journal.PriWarning, func(e *alarm.Event) {
		e.Kind, e.Known, e.Severity, e.Low, e.Level = alarm.KindNoData, false, "", true, 1e9
		e.Class, e.UUID, e.Name, e.Variable = "host", sinkcheck.HostUUID, "", "memory_available"
	})
	f("vm a b  c: cpu_usage state (critical): 0.97, level 0.9 high, period 120 s", journal.PriInfo, func(e *alarm.Event) {
		e.Kind, e.Name = alarm.KindState, "a\nb\r\x7fc"
	})
}

func TestFields(t *testing.T) {
	e := sinkcheck.As(func(e *alarm.Event) {
		e.Kind, e.Known, e.Since, e.PoolUUID, e.Name = alarm.KindNoData, false, 0, "", ""
		e.Low, e.Silenced, e.Inhibited = true, true, true
		e.Labels = map[string]string{"Größe.x": "1", strings.Repeat("n", 100): "2", "none": ""}
	})
	got := fields(e)
	want := map[string]string{
		"MESSAGE_ID": "528e2bcfa1fb4a8381f0c293678452ec", "SYSLOG_IDENTIFIER": "perfmon",
		"PERFMON_EVENT_ID": e.EventID(), "PERFMON_KIND": "nodata", "PERFMON_CLASS": "vm", "PERFMON_UUID": sinkcheck.VMUUID,
		"PERFMON_VARIABLE": "cpu_usage", "PERFMON_HOST_UUID": sinkcheck.HostUUID, "PERFMON_TIME": "2025-12-17T19:35:00Z",
		"PERFMON_STATE": "firing", "PERFMON_SEVERITY": "critical", "PERFMON_LEVEL": "0.9", "PERFMON_SENSE": "low",
		"PERFMON_PERIOD_S": "120", "PERFMON_INHIBITED": "true", "PERFMON_SILENCED": "true",
		"PERFMON_LABEL_GR__E_X": "1", "PERFMON_LABEL_" + strings.Repeat("N", 50): "2",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What goes over the socket is what journald reads, also a value of several
// lines and an entry too large for a datagram.
func TestNativeProtocol(t *testing.T) {
	fake := newJournal(t)
	s := newSink(t, Options{Stderr: failing{}})
	events := []*alarm.Event{
		sinkcheck.Raised(),
		sinkcheck.As(func(e *alarm.Event) { e.Name = "two\nlines=here" }),
		sinkcheck.As(func(e *alarm.Event) { e.Labels = map[string]string{"long": strings.Repeat("x", 600<<10)} }),
	}
	for _, e := range events {
		if n, err := s.Deliver(t.Context(), []*alarm.Event{e}); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		want := fields(e)
		want["MESSAGE"], want["PRIORITY"] = message(e), "2"
		if diff := cmp.Diff(want, fake.receive()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

// failing is a standard error that is closed.
type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("closed") }

func TestWithoutJournal(t *testing.T) {
	usePath(t, t.TempDir()+"/nothing-here")
	var stderr bytes.Buffer
	s := newSink(t, Options{Stderr: &stderr})
	events := []*alarm.Event{sinkcheck.Raised(), sinkcheck.As(func(e *alarm.Event) { e.Sequence, e.Name = 8, "x\ny" })}
	if n, err := s.Deliver(t.Context(), events); n != 2 || err != nil {
		t.Fatal(n, err)
	}
	want := "perfmon: alarm: vm web-07: cpu_usage raised (critical): 0.97, level 0.9 high, period 120 s\n" +
		"perfmon: alarm: vm x y: cpu_usage raised (critical): 0.97, level 0.9 high, period 120 s\n"
	if diff := cmp.Diff(want, stderr.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	n, err := newSink(t, Options{Stderr: failing{}}).Deliver(t.Context(), events)
	var r *alarm.Refused
	if n != 0 || err == nil || errors.As(err, &r) || !strings.Contains(err.Error(), "closed") {
		t.Errorf("nobody takes it: %d, %v", n, err)
	}
}

// A journal that hangs holds the caller no longer than the context, and no
// second entry is begun meanwhile.
func TestHangingJournal(t *testing.T) {
	release, begun := make(chan struct{}), make(chan struct{}, 10)
	s := newSink(t, Options{Send: func(string, journal.Priority, map[string]string) error {
		begun <- struct{}{}
		<-release
		return nil
	}})
	for range 3 {
		ctx, cancel := context.WithCancel(t.Context())
		go func() { <-begun; begun <- struct{}{}; cancel() }()
		if n, err := s.Deliver(ctx, []*alarm.Event{sinkcheck.Raised(), sinkcheck.Raised()}); n != 0 || !errors.Is(err, context.Canceled) {
			t.Fatalf("taken %d: %v", n, err)
		}
		if err := s.Close(ctx); !errors.Is(err, context.Canceled) {
			t.Fatalf("close: %v", err)
		}
		cancel()
	}
	if len(begun) != 1 {
		t.Errorf("%d entries begun", len(begun))
	}
	close(release)
	if n, err := s.Deliver(t.Context(), []*alarm.Event{sinkcheck.Raised(), sinkcheck.Raised()}); n != 2 || err != nil {
		t.Errorf("taken %d: %v", n, err)
	}
}
