package local

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"perfmon/rrd"
)

// hands is a clock that the test sets.
type hands struct {
	wall time.Time
	mono time.Duration
}

func (h *hands) Now() (time.Time, time.Duration) { return h.wall, h.mono }

// pass moves both forward.
func (h *hands) pass(d time.Duration) {
	h.wall = h.wall.Add(d)
	h.mono += d
}

// beat is a multiple of a minute.
var beat = time.Unix(1766000040, 0)

// logBuffer may be written and read at the same time.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

// take returns the lines so far and forgets them.
func (b *logBuffer) take() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.buf.String()
	b.buf.Reset()
	return s
}

func (b *logBuffer) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(b, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
}

func newTestSource(tr tree, clock Clock, log *logBuffer) *Source {
	return New(Options{
		Proc: tr.proc(), Sys: tr.sys(), Etc: filepath.Join(tr.root, "etc"), StateDir: filepath.Join(tr.root, "state"),
		Logger: log.logger(), Clock: clock,
	})
}

// column returns the rows of one data source from start on, newest first,
// and their step.
func column(t *testing.T, s *Source, start int64, name string) (step int64, times []int64, values []float64) {
	t.Helper()
	u, err := s.Update(t.Context(), start)
	if err != nil {
		t.Fatal(err)
	}
	h, err := u.Header()
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range h.Legend.Entries {
		if e.CF != rrd.Average || e.Class != rrd.ClassHost || e.UUID != s.HostUUID() {
			t.Fatalf("column %d is %v", i, e)
		}
		if e.Name != name {
			continue
		}
		for {
			row, err := u.Next()
			if err == io.EOF {
				return h.Step, times, values
			}
			if err != nil {
				t.Fatal(err)
			}
			times = append(times, row.T)
			values = append(values, row.Values[i])
		}
	}
	t.Fatalf("no %s in %v", name, h.Legend.Entries)
	return 0, nil, nil
}

func TestSampleNow(t *testing.T) {
	tr := newTree(t, "before")
	clock := &hands{wall: beat}
	var log logBuffer
	s := newTestSource(tr, clock, &log)
	if _, err := s.Update(t.Context(), 0); !errors.Is(err, rrd.ErrNoArchive) {
		t.Errorf("before the first sample: %v", err)
	}
	now := func() {
		t.Helper()
		if err := s.SampleNow(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	now()
	clock.pass(5 * time.Second)
	tr.become("after")
	now()
	clock.pass(5 * time.Second)
	now()
	step, times, values := column(t, s, beat.Unix()+5, "pif_eth0_rx")
	if step != 5 || len(times) != 2 || times[0] != beat.Unix()+10 || values[0] != 0 || values[1] != 1000 {
		t.Errorf("step %d, rows %v %v", step, times, values)
	}
	if _, _, values = column(t, s, beat.Unix()+5, "loadavg"); values[1] != 1.25 {
		t.Errorf("loadavg %v", values)
	}
	if s.RRD().LastUpdate() != beat.Unix()+10 {
		t.Errorf("last update %d", s.RRD().LastUpdate())
	}
	if s.Name() != "lab-host-7" {
		t.Errorf("name %q", s.Name())
	}
	tr.remove("proc/diskstats")
	clock.pass(5 * time.Second)
	if err := s.SampleNow(t.Context()); err == nil || !strings.Contains(err.Error(), "diskstats") {
		t.Errorf("without diskstats: %v", err)
	}
	if _, _, values = column(t, s, beat.Unix()+10, "disk_sda_iops"); !math.IsNaN(values[0]) || values[1] != 0 {
		t.Errorf("disk_sda_iops %v", values)
	}
	if step, _, _ := column(t, s, beat.Unix()-600, "loadavg"); step != 60 {
		t.Errorf("older than ten minutes: step %d", step)
	}
}

func TestTimerIsNotExact(t *testing.T) {
	tr := newTree(t, "before")
	clock := &hands{wall: beat}
	s := newTestSource(tr, clock, new(logBuffer))
	for _, d := range []time.Duration{0, 4999 * time.Millisecond, 5002 * time.Millisecond, 5300 * time.Millisecond} {
		clock.pass(d)
		if err := s.SampleNow(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	_, times, values := column(t, s, beat.Unix()+5, "loadavg")
	if len(times) != 3 || values[0] != 0.5 || values[1] != 0.5 || values[2] != 0.5 {
		t.Errorf("rows %v %v", times, values)
	}
}

func TestTooSoonIsNotSampled(t *testing.T) {
	tr := newTree(t, "before")
	clock := &hands{wall: beat}
	s := newTestSource(tr, clock, new(logBuffer))
	sample := func() {
		t.Helper()
		if err := s.SampleNow(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	sample()
	tr.become("after")
	// The clock is set forward; the counters have had 0.9 s.
	clock.wall = clock.wall.Add(3 * time.Second)
	clock.pass(900 * time.Millisecond)
	sample()
	if got := s.RRD().LastUpdate(); got != beat.Unix() {
		t.Errorf("sampled at %d", got)
	}
	clock.pass(100 * time.Millisecond)
	sample()
	if got := s.RRD().LastUpdate(); got != beat.Unix()+4 {
		t.Errorf("last sample at %d", got)
	}
}

func TestClockSetBack(t *testing.T) {
	tr := newTree(t, "before")
	clock := &hands{wall: beat}
	var log logBuffer
	s := newTestSource(tr, clock, &log)
	sample := func(passed time.Duration) {
		t.Helper()
		clock.pass(passed)
		if err := s.SampleNow(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for range 31 {
		sample(5 * time.Second)
	}
	log.take()

	// Eight seconds: wait until time has caught up.
	last := s.RRD().LastUpdate()
	clock.wall = clock.wall.Add(-8 * time.Second)
	sample(5 * time.Second)
	if got := s.RRD().LastUpdate(); got != last || log.take() != "" {
		t.Errorf("8 s back: last update %d, want %d", got, last)
	}
	sample(5 * time.Second)
	if got := s.RRD().LastUpdate(); got != last+2 {
		t.Errorf("caught up: last update %d, want %d", got, last+2)
	}

	// A minute: go on from there.
	clock.wall = clock.wall.Add(-time.Minute)
	sample(5 * time.Second)
	sample(5 * time.Second)
	sample(5 * time.Second)
	if got := s.RRD().LastUpdate(); got != clock.wall.Unix() {
		t.Errorf("last update %d, want %d", got, clock.wall.Unix())
	}
	if got := log.take(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "seconds=55") {
		t.Errorf("log %q", got)
	}
	_, times, values := column(t, s, clock.wall.Unix()-20, "loadavg")
	if len(values) != 4 || values[0] != 0.5 || values[1] != 0.5 {
		t.Errorf("rows %v %v", times, values)
	}
}

func TestRestart(t *testing.T) {
	tr := newTree(t, "before")
	clock := &hands{wall: beat}
	var log logBuffer
	s := newTestSource(tr, clock, &log)
	for range 3 {
		if err := s.SampleNow(t.Context()); err != nil {
			t.Fatal(err)
		}
		clock.pass(5 * time.Second)
	}
	s.save()
	uuid := s.HostUUID()
	log.take()

	again := newTestSource(tr, clock, &log)
	_, times, values := column(t, again, beat.Unix()+5, "memory_free_kib")
	if len(times) != 2 || values[0] != 3000000 {
		t.Errorf("rows after a restart: %v %v", times, values)
	}
	if again.HostUUID() != uuid || log.take() != "" {
		t.Errorf("uuid %s, then %s", uuid, again.HostUUID())
	}

	path := filepath.Join(tr.root, "state", rrdFile)
	if err := os.WriteFile(path, []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	third := newTestSource(tr, clock, &log)
	if third.RRD().Len() != 0 {
		t.Error("rows out of a damaged file")
	}
	if got := log.take(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "byte 7") || !strings.Contains(got, path+".damaged-") {
		t.Errorf("log %q", got)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the damaged file is still there: %v", err)
	}
}

func TestNewTouchesNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	New(Options{StateDir: dir})
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("New made %s: %v", dir, err)
	}
}

func TestUntilNext(t *testing.T) {
	f := func(after, want time.Duration, step time.Duration) {
		t.Helper()
		if got := untilNext(beat.Add(after), step); got != want {
			t.Errorf("%v after a beat of %v: %v, want %v", after, step, got, want)
		}
	}
	const s, ms = time.Second, time.Millisecond
	f(0, 5*s, 5*s)
	f(1*ms, 4999*ms, 5*s)
	f(2500*ms, 2500*ms, 5*s)
	f(4499*ms, 501*ms, 5*s)
	f(4500*ms, 5500*ms, 5*s) // the next beat is the one just taken
	f(4999*ms, 5001*ms, 5*s)
	f(0, 10*s, 10*s)
	f(0, 1*s, 1*s)
}
