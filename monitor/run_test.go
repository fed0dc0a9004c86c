package monitor

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"perfmon/alarm"
	"perfmon/monitor/config"
	"perfmon/rrd"
)

// bubbleClock is the clock of a synctest bubble.
type bubbleClock struct{ begin time.Time }

func (c bubbleClock) Now() (time.Time, time.Duration) {
	now := time.Now()
	return now, now.Sub(c.begin)
}

// counting is a source that notes when it is asked, and fails on demand.
type counting struct {
	begin time.Time
	at    []time.Duration
	fail  error
	hang  bool
}

func (s *counting) Update(ctx context.Context, start, step int64, _ []string) (Update, error) {
	s.at = append(s.at, time.Since(s.begin))
	if s.hang {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	if s.fail != nil {
		return nil, s.fail
	}
	w := &world{rows: map[int64][]float64{}}
	return &answer{w: w, h: &rrd.Header{Start: start, Step: step, Legend: &rrd.Legend{}}}, nil
}

func (s *counting) Epoch() string                     { return "e" }
func (s *counting) Keep(*Changes)                     {}
func (s *counting) Announce([]*alarm.Event)           {}
func (s *counting) Read(config.Fold) (float64, error) { return 0, errors.New("none") }

// loop runs a monitor in a bubble.
func loop(t *testing.T, o Options, test func(s *counting, m *Monitor)) {
	synctest.Test(t, func(t *testing.T) {
		s := &counting{begin: time.Now()}
		o.Source, o.Store, o.Readings, o.Clock = s, s, s, bubbleClock{time.Now()}
		o.Logger = discard
		if o.Rand == nil {
			o.Rand = func() float64 { return 0.5 }
		}
		m := New(o)
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan struct{})
		go func() { defer close(done); m.Run(ctx) }()
		test(s, m)
		cancel()
		<-done
	})
}

func empty() *Inventory { return &Inventory{HostUUID: "h", Objects: map[Object]*Facts{}} }

func TestFirstPollWaitsForTheInventory(t *testing.T) {
	loop(t, Options{}, func(s *counting, m *Monitor) {
		time.Sleep(time.Second)
		synctest.Wait()
		if len(s.at) != 0 {
			t.Errorf("polled at %v before the inventory came", s.at)
		}
		m.SetInventory(empty())
		synctest.Wait()
		if len(s.at) != 1 {
			t.Errorf("polled at %v, want at once", s.at)
		}
	})
}

func TestIntervalAndDither(t *testing.T) {
	for _, c := range []struct {
		name string
		o    Options
		rand float64
		want time.Duration
	}{
		{"the step", Options{}, 0.99, time.Minute},
		{"a step of 5 s", Options{Step: 5}, 0, 5 * time.Second},
		{"an interval", Options{Interval: 300 * time.Second}, 0, 300 * time.Second},
		{"dither is only ever added", Options{Interval: 100 * time.Second, Dither: 10}, 0, 100 * time.Second},
		{"half of it", Options{Interval: 100 * time.Second, Dither: 10}, 0.5, 105 * time.Second},
		{"in 2012 it went both ways", Options{Interval: 100 * time.Second, Dither: 10, Legacy: true}, 0, 90 * time.Second},
		{"in 2012, the other", Options{Interval: 100 * time.Second, Dither: 10, Legacy: true}, 0.75, 105 * time.Second},
	} {
		c.o.Rand = func() float64 { return c.rand }
		loop(t, c.o, func(s *counting, m *Monitor) {
			m.SetInventory(empty())
			time.Sleep(c.want + time.Second)
			synctest.Wait()
			if len(s.at) != 2 || s.at[1] != c.want {
				t.Errorf("%s: polled at %v, want at 0 and %v", c.name, s.at, c.want)
			}
		})
	}
}

func TestBackoffGrowsToTheInterval(t *testing.T) {
	loop(t, Options{Rand: func() float64 { return 1 }}, func(s *counting, m *Monitor) {
		s.fail = errors.New("connection refused")
		m.SetInventory(empty())
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		want := []time.Duration{0, 2, 6, 14, 30, 62, 122, 182, 242}
		if len(s.at) != len(want) {
			t.Fatalf("polled at %v, want seconds %v", s.at, want)
		}
		for i := range want {
			if s.at[i] != want[i]*time.Second {
				t.Errorf("polled at %v, want seconds %v", s.at, want)
				break
			}
		}
	})
}

func TestLoopsCountFailedPolls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &counting{begin: time.Now(), fail: errors.New("no")}
		m := New(Options{Source: s, Store: s, Readings: s, Clock: bubbleClock{time.Now()}, Logger: discard, Loops: 3})
		m.SetInventory(empty())
		m.Run(context.Background())
		if len(s.at) != 3 {
			t.Errorf("polled %d times, want 3", len(s.at))
		}
	})
}

func TestRefreshPollsAtOnce(t *testing.T) {
	rereads := 0
	loop(t, Options{Reread: func() { rereads++ }}, func(s *counting, m *Monitor) {
		m.SetInventory(empty())
		time.Sleep(10 * time.Second)
		m.Do(Refresh)
		synctest.Wait()
		if len(s.at) != 2 || rereads != 1 {
			t.Errorf("polled at %v with %d rereads, want at 0 and 10s with 1", s.at, rereads)
		}
		m.SetInventory(empty()) // what the reread brought
		synctest.Wait()
		if len(s.at) != 3 {
			t.Errorf("polled at %v, want once more with the new configuration", s.at)
		}
		m.SetInventory(empty()) // a change that nobody asked for
		synctest.Wait()
		if len(s.at) != 3 {
			t.Errorf("polled at %v: a change of configuration is no reason to poll", s.at)
		}
		m.Do(DebugMem)
		synctest.Wait()
		if len(s.at) != 3 {
			t.Errorf("polled at %v: debug_mem is no reason to poll", s.at)
		}
	})
}

func TestChangedConfigurationIsInForceAtOnce(t *testing.T) {
	loop(t, Options{}, func(s *counting, m *Monitor) {
		m.SetInventory(empty())
		synctest.Wait()
		inv := empty()
		inv.Objects[Object{"host", "h"}] = &Facts{Resident: true, Config: shortXML("cpu_usage level=0.5")}
		m.SetInventory(inv)
		synctest.Wait()
		if v := m.Snapshot().Variables; len(v) != 1 || v[0].Variable != "cpu_usage" {
			t.Errorf("variables in force: %+v", v)
		}
	})
}

func TestHungSourceEndsWithTheContext(t *testing.T) {
	loop(t, Options{}, func(s *counting, m *Monitor) {
		s.hang = true
		m.SetInventory(empty())
		time.Sleep(time.Second)
		synctest.Wait()
	}) // loop waits for Run; a loop that does not end is a deadlock of the bubble
}

func TestHungSourceIsGivenUp(t *testing.T) {
	loop(t, Options{}, func(s *counting, m *Monitor) {
		s.hang = true
		m.SetInventory(empty())
		time.Sleep(fetchLimit + 3*time.Second)
		synctest.Wait()
		if len(s.at) != 2 {
			t.Errorf("asked at %v, want again after %v", s.at, fetchLimit)
		}
	})
}

func TestRowsWaitForTheInventory(t *testing.T) {
	w := newWorld(t, Options{}, hostCPU)
	w.row(0, 0.9)
	if err := w.m.Poll(context.Background()); !errors.Is(err, errNoInventory) {
		t.Errorf("a poll without an inventory: %v", err)
	}
	if s := w.m.Snapshot(); s.Legend == nil || s.Row.T != t0 {
		t.Error("the metrics page does not see the rows meanwhile")
	}
	w.give("host", "h", "cpu_usage level=0.5 period=60")
	w.wantAlarms("the row has waited", w.poll(30), "cpu_usage@0")
}

func TestAliveWhileWaiting(t *testing.T) {
	var times int
	loop(t, Options{Interval: 100 * time.Second, Alive: func(string) { times++ }}, func(s *counting, m *Monitor) {
		m.SetInventory(empty())
		time.Sleep(99 * time.Second)
		synctest.Wait()
		if times < 9 {
			t.Errorf("said to be alive %d times in 99 s", times)
		}
	})
}
