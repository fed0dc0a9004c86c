package outbox

import (
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"perfmon/alarm"
	"perfmon/alarm/journal"
)

func TestNewFailure(t *testing.T) {
	j := newJournal(t)
	f := func(want string, change func(*Options)) {
		t.Helper()
		o := Options{Name: "s", Driver: &fake{}, Journal: j, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))}
		change(&o)
		if _, err := New(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q in it", err, want)
		}
	}
	f(`name ""`, func(o *Options) { o.Name = "" })
	f(`name "S/1"`, func(o *Options) { o.Name = "S/1" })
	f("Driver", func(o *Options) { o.Driver = nil })
	f("Journal", func(o *Options) { o.Journal = nil })
	f("Logger", func(o *Options) { o.Logger = nil })
	f("negative", func(o *Options) { o.Deadline = -1 })
	f("negative", func(o *Options) { o.Batch = -1 })
	r := prometheus.NewRegistry()
	if _, err := New(Options{Name: "s", Driver: &fake{}, Journal: j, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)), Registerer: r}); err != nil {
		t.Fatal(err)
	}
	f("register metrics", func(o *Options) { o.Registerer = r })
}

// adder has no Run.
func adder(t *testing.T, j *journal.Journal, change func(*Options)) func(want bool, text string, with ...func(*alarm.Event)) {
	t.Helper()
	o := Options{Name: "s", Driver: &fake{}, Journal: j, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))}
	change(&o)
	out, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return func(want bool, text string, with ...func(*alarm.Event)) {
		t.Helper()
		e := ev(text)
		for _, f := range with {
			f(e)
		}
		before := j.QueueStats("s").Length
		batch := &journal.Batch{}
		if got := out.Add(batch, e); got != want {
			t.Errorf("%s: added %t", text, got)
		}
		if _, err := j.Commit(batch); err != nil {
			t.Fatal(err)
		}
		if got := j.QueueStats("s").Length - before; got == 1 != want {
			t.Errorf("%s: %d queued", text, got)
		}
	}
}

func silenced(e *alarm.Event)  { e.Silenced = true }
func inhibited(e *alarm.Event) { e.Inhibited = true }
func warning(e *alarm.Event)   { e.Severity = alarm.Warning }

func TestAdd(t *testing.T) {
	f := adder(t, newJournal(t), func(*Options) {})
	f(true, "a1")
	f(true, "a2r", inhibited)
	f(true, "a3n", silenced)
	f(false, "a3s")
	f(true, "a4c")
	f(false, "a5c") // it was not raised again
	f(false, "b1c")
	f(true, "b2n") // no data is something to be cleared, too
	f(true, "b3c")
}

func TestAddHolds(t *testing.T) {
	f := adder(t, newJournal(t), func(o *Options) { o.HoldSilenced, o.HoldInhibited = true, true })
	f(false, "a1", silenced)
	f(false, "a2r", silenced)
	f(false, "a3c", silenced) // nobody was told, so nobody is told of the end
	f(false, "b1", inhibited)
	f(false, "b2c")
	f(true, "c1")
	f(false, "c2r", inhibited)
	f(true, "c3c", inhibited, silenced) // who was told is told of the end
	f(false, "d1", silenced)
	f(true, "d2r")
	f(true, "d3c", silenced)

	f = adder(t, newJournal(t), func(o *Options) { o.HoldSilenced = true })
	f(true, "a1", inhibited)
	f(false, "b1", silenced)
	f = adder(t, newJournal(t), func(o *Options) { o.HoldInhibited = true })
	f(false, "a1", inhibited)
	f(true, "b1", silenced)
}

// TestAddFilter: what was told of is also cleared when the clear itself would
// not pass.
func TestAddFilter(t *testing.T) {
	filter, err := NewFilter(Rules{Severities: []alarm.Severity{alarm.Critical}})
	if err != nil {
		t.Fatal(err)
	}
	f := adder(t, newJournal(t), func(o *Options) { o.Filter = filter })
	f(false, "a1", warning)
	f(true, "a2")
	f(true, "a3c", warning)
	f(false, "b1", warning)
	f(false, "b2c")
}

// TestAddInOneBatch: a poll that catches up may raise and clear at once.
func TestAddInOneBatch(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		d := newFake()
		b := start(t, newJournal(t), d)
		if got := b.add("a1", "a2c", "a3c", "b1c", "a4", "b2", "b3c"); got != "a1 a2c a4 b2 b3c" {
			t.Errorf("added %q", got)
		}
		if got := b.add("a5c", "b4c"); got != "a5c" {
			t.Errorf("added %q", got)
		}
	})
}

func TestMetrics(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		r := prometheus.NewPedanticRegistry()
		registered := func(o *Options) { o.Registerer = r }
		j := newJournal(t)
		d := newFake()
		d.answers(func(_ ctx, events []*alarm.Event) (int, error) {
			switch events[0].UUID {
			case "a":
				return 0, errAway
			case "b":
				return 0, &alarm.Refused{Err: errAway}
			}
			return len(events), nil
		})
		b := start(t, j, d, registered, func(o *Options) { o.Batch, o.Limit, o.Deadline = 1, 2, time.Hour })
		start(t, j, newFake(), registered, func(o *Options) { o.Name = "other" })
		for _, text := range []string{"c1", "c2", "b1"} {
			b.add(text)
			b.waiting()
		}
		b.add("a1r", "a2", "a3") // one too many
		b.waiting()
		time.Sleep(2*time.Second + 500*time.Millisecond)
		if err := testutil.GatherAndCompare(r, strings.NewReader(wantMetrics)); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Hour)
		b.wantWaiting("")
		if n, err := testutil.GatherAndCount(r); n != 14 || err != nil {
			t.Errorf("%d series, %v", n, err)
		}
		if b.o.metrics.deadline.Load() != 2 {
			t.Errorf("%d dropped at the deadline", b.o.metrics.deadline.Load())
		}
		if problems, err := testutil.GatherAndLint(r); len(problems) > 0 || err != nil {
			t.Error(problems, err)
		}
	})
}

const wantMetrics = `
# HELP perfmon_sink_dropped_total Events that the sink will never get, by reason: full (no room for them), refused (by the sink), deadline (tried for too long).
# TYPE perfmon_sink_dropped_total counter
perfmon_sink_dropped_total{reason="deadline",sink="other"} 0
perfmon_sink_dropped_total{reason="deadline",sink="s"} 0
perfmon_sink_dropped_total{reason="full",sink="other"} 0
perfmon_sink_dropped_total{reason="full",sink="s"} 1
perfmon_sink_dropped_total{reason="refused",sink="other"} 0
perfmon_sink_dropped_total{reason="refused",sink="s"} 1
# HELP perfmon_sink_oldest_age_seconds How long the oldest of them has waited; 0 if there is none.
# TYPE perfmon_sink_oldest_age_seconds gauge
perfmon_sink_oldest_age_seconds{sink="other"} 0
perfmon_sink_oldest_age_seconds{sink="s"} 2.5
# HELP perfmon_sink_queued Events that wait for the sink.
# TYPE perfmon_sink_queued gauge
perfmon_sink_queued{sink="other"} 0
perfmon_sink_queued{sink="s"} 2
# HELP perfmon_sink_retried_total Tries to deliver an event that failed and will be repeated.
# TYPE perfmon_sink_retried_total counter
perfmon_sink_retried_total{sink="other"} 0
perfmon_sink_retried_total{sink="s"} 2
# HELP perfmon_sink_sent_total Events that the sink has taken.
# TYPE perfmon_sink_sent_total counter
perfmon_sink_sent_total{sink="other"} 0
perfmon_sink_sent_total{sink="s"} 2
`

// TestFullQueue: the queue stays within its limit while the sink is away, and
// gives up its repeated events first.
func TestFullQueue(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		d := newFake()
		d.answers(func(ctx, []*alarm.Event) (int, error) { return 0, errAway })
		b := start(t, newJournal(t), d, func(o *Options) { o.Limit = 3 })
		b.add("a1")
		b.add("a2r")
		b.add("a3c", "b1", "b2c")
		b.wantWaiting("a3c b1 b2c")
		time.Sleep(time.Minute)
		d.answers(nil)
		time.Sleep(time.Minute)
		b.wantWaiting("")
		if got := strings.Join(d.got, " "); got != "a3c b1 b2c" {
			t.Errorf("got %s", got)
		}
	})
}
