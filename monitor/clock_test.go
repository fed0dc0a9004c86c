package monitor

import (
	"testing"
	"time"

	"perfmon/monitor/config"
)

// An answer that was under way when the clock was set is dated by the old
// clock or the new one: it is asked for again, and the readings of that poll
// are not dated hours ahead.
func TestClockSetDuringTheAnswer(t *testing.T) {
	for _, jump := range []time.Duration{2 * time.Hour, -2 * time.Hour} {
		w := dom0(t, "fs_usage period=300 inhibit=0; x level=0.5 regex=cpu0 period=120 inhibit=0")
		seconds := int64(jump / time.Second)
		w.reads[config.FSUsage] = 0.95
		w.row(0, 0.9, 0)
		w.wantAlarms("a minute", w.poll(5), "")
		w.row(60, 0.9, 0)
		w.meanwhile = func() {
			w.wall = w.wall.Add(jump)
			w.rows = map[int64][]float64{}
			w.row(seconds, 0.9, 0)
			w.row(seconds+60, 0.9, 0)
		}
		w.wantAlarms(jump.String()+": two minutes of rows", w.poll(65), "x@"+itoa(seconds+60))
		if len(w.asked) != 3 {
			t.Errorf("%v: asked %v, want the answer of before asked for again", jump, w.asked)
		}
		for at := int64(120); at <= 180; at += 60 {
			w.wantAlarms(jump.String()+": readings go on", w.poll(seconds+at+5), "")
		}
		w.wantAlarms(jump.String()+": five minutes of readings", w.poll(seconds+245), "fs_usage@"+itoa(seconds+245))
		if n := w.logged("the wall clock was set"); n != 1 {
			t.Errorf("%v: noticed %d times, want once", jump, n)
		}
	}
}

// What is shown is as old as it was before the clock was set.
func TestNewestRowFollowsASetClock(t *testing.T) {
	w := steady(t, "")
	w.row(0, 0.1)
	w.poll(5)
	w.wall = w.wall.Add(2 * time.Hour)
	w.refuse = errTorn
	w.poll(7200 + 35)
	if got := w.m.Snapshot().Row.T - t0; got != 7200 {
		t.Errorf("the newest row is at %d, want 7200", got)
	}
}

// Steps that are noticed by a poll without rows count once, and in full.
func TestClockSetWhileTheSourceIsAway(t *testing.T) {
	w := steady(t, "cpu_usage level=0.5 period=60 inhibit=600")
	w.row(0, 0.9)
	w.wantAlarms("first", w.poll(5), "cpu_usage@0")
	w.refuse = errTorn
	w.wall = w.wall.Add(2 * time.Hour)
	w.poll(7200 + 65)
	w.wall = w.wall.Add(-3 * time.Hour)
	w.poll(-3600 + 125)
	w.refuse = nil
	w.rows = map[int64][]float64{}
	for at := int64(60); at <= 600; at += 60 {
		w.row(-3600+at, 0.9)
	}
	w.wantAlarms("inhibit is over", w.poll(-3600+605), "cpu_usage@-3000")
	if start := w.asked[len(w.asked)-1]; start != -3600+1 {
		t.Errorf("asked from %d, want %d", start, -3600+1)
	}
}

// A clock that is set right after the first poll moves the first start too.
func TestClockSetAfterAFirstPollWithoutRows(t *testing.T) {
	w := steady(t, "cpu_usage level=0.5 period=60 inhibit=0")
	w.refuse = errTorn
	w.wall = w.wall.Add(14 * 365 * 24 * time.Hour)
	w.pollNow()
	w.wall = w.wall.Add(-14 * 365 * 24 * time.Hour)
	w.refuse = nil
	w.row(0, 0.9)
	w.wantAlarms("the clock is right again", w.poll(5), "cpu_usage@0")
}
