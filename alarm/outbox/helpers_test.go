package outbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"perfmon/alarm"
	"perfmon/alarm/journal"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// logged collects log lines.
type logged struct {
	mu    sync.Mutex
	lines []string
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, string(b))
	return len(b), nil
}

// count is how many lines have all of the texts.
func (l *logged) count(texts ...string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, line := range l.lines {
		missing := func(text string) bool { return !strings.Contains(line, text) }
		if !slices.ContainsFunc(texts, missing) {
			n++
		}
	}
	return n
}

func (l *logged) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func openJournal(t testing.TB, path string) *journal.Journal {
	t.Helper()
	j, err := journal.Open(journal.Options{Path: path, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	return j
}

func newJournal(t testing.TB) *journal.Journal {
	return openJournal(t, filepath.Join(t.TempDir(), journal.FileName))
}

// ev makes an event of a short text: the alarm's letter and its number, like
// "a1". A third character makes it something else than raised: "a2r" is
// repeated, "a2c" cleared, "a2n" nodata, "a2s" an announcement.
func ev(text string) *alarm.Event {
	kinds := map[string]alarm.Kind{
		"": alarm.KindRaised, "r": alarm.KindRepeated, "c": alarm.KindCleared, "n": alarm.KindNoData, "s": alarm.KindState,
	}
	return &alarm.Event{
		ID: alarm.ID{Class: "vm", UUID: text[:1], Variable: "cpu_usage"}, Kind: kinds[text[2:]],
		HostUUID: "h", Epoch: "e", Sequence: int64(text[1] - '0'), Severity: alarm.Critical, Priority: 3, TTL: 180,
	}
}

// name is the reverse of ev.
func name(e *alarm.Event) string {
	letter := map[alarm.Kind]string{
		alarm.KindRepeated: "r", alarm.KindCleared: "c", alarm.KindNoData: "n", alarm.KindState: "s",
	}[e.Kind]
	return fmt.Sprint(e.UUID, e.Sequence, letter)
}

func names(events []*alarm.Event) string {
	var all []string
	for _, e := range events {
		all = append(all, name(e))
	}
	return strings.Join(all, " ")
}

// fake is a driver that writes down its calls, with the seconds since the
// test began, and answers as it is told.
type fake struct {
	start time.Time

	mu     sync.Mutex
	answer answer // nil: takes all
	calls  []string
	got    []string // events taken
}

type answer func(ctx context.Context, events []*alarm.Event) (taken int, err error)

// answers sets what calls get from now on.
func (f *fake) answers(a answer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answer = a
}

// take returns the calls so far, and forgets them.
func (f *fake) take() []string {
	synctest.Wait()
	f.mu.Lock()
	defer f.mu.Unlock()
	calls := f.calls
	f.calls = nil
	return calls
}

func newFake() *fake { return &fake{start: time.Now()} }

func (f *fake) note(what string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, fmt.Sprintf("%v: %s", time.Since(f.start), what))
}

func (f *fake) Deliver(ctx context.Context, events []*alarm.Event) (int, error) {
	f.note(names(events))
	f.mu.Lock()
	answer := f.answer
	f.mu.Unlock()
	taken, err := len(events), error(nil)
	if answer != nil {
		taken, err = answer(ctx, events)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, e := range events[:max(0, min(taken, len(events)))] {
		f.got = append(f.got, name(e))
	}
	return taken, err
}

// want compares the calls since the last want.
func (f *fake) want(t *testing.T, want ...string) {
	t.Helper()
	if calls := f.take(); !slices.Equal(calls, want) {
		t.Errorf("calls:\n\t%s\nwant:\n\t%s", strings.Join(calls, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// ctx is short for what every driver is handed.
type ctx = context.Context

var errAway = errors.New("connection refused")

// failing takes what comes before the first event that is named, and then
// fails.
func failing(with error, bad ...string) answer {
	return func(_ context.Context, events []*alarm.Event) (int, error) {
		for i, e := range events {
			if slices.Contains(bad, name(e)) {
				return i, with
			}
		}
		return len(events), nil
	}
}

// bench is an Outbox in a test, with its journal and driver. It is made
// within a bubble of synctest.
type bench struct {
	*testing.T
	j   *journal.Journal
	o   *Outbox
	log *logged
	end func() // ends Run and waits for it
}

// start makes an Outbox named s and runs it.
func start(t *testing.T, j *journal.Journal, d Driver, with ...func(*Options)) *bench {
	t.Helper()
	log := &logged{}
	o := Options{Name: "s", Driver: d, Journal: j, Logger: log.logger(), Rand: func() float64 { return 1 }}
	for _, f := range with {
		f(&o)
	}
	out, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		out.Run(ctx)
	}()
	b := &bench{t, j, out, log, sync.OnceFunc(func() {
		cancel()
		<-ended
	})}
	t.Cleanup(b.end)
	return b
}

// add commits events, and reports which of them were for the sink.
func (b *bench) add(texts ...string) (added string) {
	b.Helper()
	batch := &journal.Batch{}
	var all []*alarm.Event
	for _, text := range texts {
		if e := ev(text); b.o.Add(batch, e) {
			all = append(all, e)
		}
	}
	if _, err := b.j.Commit(batch); err != nil {
		b.Fatal(err)
	}
	b.o.Nudge()
	return names(all)
}

// waiting are the events in the queue.
func (b *bench) waiting() string {
	synctest.Wait()
	var all []*alarm.Event
	for _, e := range b.j.Pending("s", 0) {
		all = append(all, e.Event)
	}
	return names(all)
}

func (b *bench) wantWaiting(want string) {
	b.Helper()
	if got := b.waiting(); got != want {
		b.Errorf("waiting are %q, want %q", got, want)
	}
}

func inBubble(t *testing.T, f func(t *testing.T)) { synctest.Test(t, f) }
