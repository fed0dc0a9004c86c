package monitor

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"perfmon/alarm"
	"perfmon/monitor/config"
	"perfmon/rrd"
)

// timed is a source with beats of its own in a bubble. Every tenth row is bad.
// It notes how long after its row has come each alarm is there.
type timed struct {
	beats  beats
	step   int64
	asked  int
	alarms []time.Duration
}

const answerDelay = 50 * time.Millisecond

func (s *timed) Update(_ context.Context, start, _ int64, _ []string) (Update, error) {
	s.asked++
	end := s.beats.end(time.Now(), s.step)
	legend := &rrd.Legend{Entries: []rrd.Entry{{CF: rrd.Average, Class: "host", UUID: "h", Name: "cpu0"}}}
	a := &answer{w: &world{}, h: &rrd.Header{Start: start, Step: s.step, End: end, Legend: legend}, data: map[int64][]float64{}}
	for t := end; t >= start && len(a.times) < 120; t -= s.step {
		a.times = append(a.times, t)
		a.data[t] = []float64{0.1}
		if t/s.step%10 == 0 {
			a.data[t] = []float64{0.9}
		}
	}
	time.Sleep(answerDelay)
	return a, nil
}

func (s *timed) Keep(c *Changes) {
	for _, e := range c.Events {
		if e.Kind == alarm.KindRaised {
			s.alarms = append(s.alarms, time.Since(s.beats.came(e.Time)))
		}
	}
}

func (s *timed) Epoch() string                     { return "e" }
func (s *timed) Announce([]*alarm.Event)           {}
func (s *timed) Read(config.Fold) (float64, error) { return 0, errors.New("none") }

// TestLatency: from the moment when a bad row is there to the alarm, by a clock
// that the test holds.
func TestLatency(t *testing.T) {
	f := func(name string, step int64, dither float64, offset, skew, period, want time.Duration, perRow float64) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			begin := time.Now()
			const rows = 400
			length := time.Duration(step) * rows * time.Second
			s := &timed{step: step, beats: newBeats(offset, skew, length, steadily(period))}
			for i := range s.beats.at { // they are made for t0
				s.beats.at[i] = s.beats.at[i].Add(begin.Sub(paceBegan))
			}
			reg := prometheus.NewRegistry()
			m := New(Options{
				Source: s, Store: s, Readings: s, Clock: bubbleClock{begin}, Logger: discard, Step: step, Dither: dither, Registerer: reg,
			})
			inv := empty()
			inv.Objects[Object{"host", "h"}] = &Facts{Resident: true, Config: shortXML("x level=0.5 regex=cpu0 period=1 inhibit=0")}
			m.SetInventory(inv)
			ctx, cancel := context.WithTimeout(t.Context(), length)
			defer cancel()
			m.Run(ctx)
			if len(s.alarms) < rows/10-4 {
				t.Fatalf("%s: %d alarms", name, len(s.alarms))
			}
			if got := slices.Max(s.alarms[10:]); got > want { // it looks back, and learns, before
				t.Errorf("%s: an alarm %v after its row, want %v at most", name, got, want)
			}
			if got := float64(s.asked) / rows; got > perRow {
				t.Errorf("%s: %.2f requests a row, want %.2f at most", name, got, perRow)
			}
			h := histogramOf(t, reg, "perfmon_row_latency_seconds")
			if n := h.GetSampleCount(); n < rows-10 || n > rows || h.GetSampleSum() <= 0 && skew == 0 {
				t.Errorf("%s: the latency of %d rows is measured, %.1f s in all", name, n, h.GetSampleSum())
			}
		})
	}
	const at5, at60 = 1500 * time.Millisecond, 3 * time.Second
	f("5 s", 5, 5, 700*time.Millisecond, 0, 5*time.Second, at5, 1.1)
	f("5 s, by a clock behind ours", 5, 5, 700*time.Millisecond, -time.Minute, 5*time.Second, at5, 1.1)
	f("5 s, with work between", 5, 5, 0, 0, 5050*time.Millisecond, at5, 1.3)
	f("60 s", 60, 1, 3*time.Second, 0, 5*time.Second, at60, 1.6)
	f("60 s, by a clock before ours", 60, 1, 3*time.Second, 40*time.Second, 5*time.Second, at60, 1.6)
	f("60 s, with work between", 60, 1, 0, 0, 5050*time.Millisecond, at60, 4.8)
}

// TestIntervalThatIsAskedFor is kept, whatever rows do.
func TestIntervalThatIsAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		s := &timed{step: 5, beats: newBeats(time.Second, 0, time.Hour, steadily(5*time.Second))}
		for i := range s.beats.at {
			s.beats.at[i] = s.beats.at[i].Add(begin.Sub(paceBegan))
		}
		m := New(Options{Source: s, Store: s, Readings: s, Clock: bubbleClock{begin}, Logger: discard, Step: 5, Interval: 5 * time.Second, Loops: 100})
		m.SetInventory(empty())
		m.Run(t.Context())
		if took := time.Since(begin); s.asked != 100 || took != 99*5*time.Second+100*answerDelay {
			t.Errorf("%d requests in %v", s.asked, took)
		}
	})
}

// histogramOf is a histogram of a registry.
func histogramOf(t *testing.T, reg *prometheus.Registry, name string) *dto.Histogram {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			return f.GetMetric()[0].GetHistogram()
		}
	}
	t.Fatalf("there is no %s", name)
	return nil
}
