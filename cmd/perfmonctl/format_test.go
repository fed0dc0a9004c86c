package main

import (
	"math"
	"strings"
	"testing"
	"time"

	"perfmon/monitor"
)

func TestSpan(t *testing.T) {
	f := func(seconds int64, want string) {
		t.Helper()
		if got := span(seconds); got != want {
			t.Errorf("%d: %q, want %q", seconds, got, want)
		}
	}
	f(0, "0 s")
	f(-5, "0 s")
	f(59, "59 s")
	f(60, "1 min")
	f(90, "1 min 30 s")
	f(3600, "1 h")
	f(3659, "1 h")
	f(7500, "2 h 5 min")
	f(86400, "1 d")
	f(86400*9+3600*4+1, "9 d 4 h")
	f(86400+59, "1 d")
}

func TestTimes(t *testing.T) {
	f := func(unix int64, want string) {
		t.Helper()
		if got := at(noon).At(unix); got != want {
			t.Errorf("%d: %q, want %q", unix, got, want)
		}
	}
	f(noon, "12:00:00 CET")
	f(noon-12*3600, "00:00:00 CET")
	f(noon-12*3600-1, "2026-11-21 23:59:59 CET")
	f(noon+12*3600, "2026-11-23 00:00:00 CET")
}

func TestNumbers(t *testing.T) {
	f := func(v float64, wantNumber, wantExact string) {
		t.Helper()
		if got := number(v); got != wantNumber {
			t.Errorf("number(%v): %q, want %q", v, got, wantNumber)
		}
		if got := exact(v); got != wantExact {
			t.Errorf("exact(%v): %q, want %q", v, got, wantExact)
		}
	}
	f(0, "0", "0")
	f(0.9, "0.9", "0.9")
	f(0.7436892986297607, "0.7437", "0.7436892986297607")
	f(999.96, "1000", "999.96")
	f(123456789, "123456789", "123456789")
	f(-100e6, "-100000000", "-100000000")
	f(1e20, "100000000000000000000", "1e+20")
	f(1e-9, "1e-09", "1e-09")
}

func TestSparkline(t *testing.T) {
	f := func(level float64, want string, values ...float64) {
		t.Helper()
		var rows []monitor.ExplainedRow
		for _, v := range values {
			r := monitor.ExplainedRow{}
			if !math.IsNaN(v) {
				r.Value = &v
			}
			rows = append(rows, r)
		}
		if got := sparkline(rows, level); got != want {
			t.Errorf("%v, level %v: %q, want %q", values, level, got, want)
		}
	}
	nan := math.NaN()
	f(0.5, "▁▄·█  0 to 1, level 0.5 (▅)", 0, 0.49, nan, 1)
	f(2, "▁▄█  0 to 2, level 2 (█)", 0, 0.99, 2)
	f(4, "▁▄  0 to 1.99, level 4 (█)", 0, 1.99)
	f(1, "▁▁  1, level 1 (▁)", 1, 1)
	f(-1, "██  1, level -1 (▁)", 1, 1)
	f(1, "··  all unknown, level 1", nan, nan)
	f(1, "  all unknown, level 1")
	if got := sparkline([]monitor.ExplainedRow{{Value: value(math.MaxFloat64)}, {Value: value(-math.MaxFloat64)}}, 1); !strings.Contains(got, "level 1") {
		t.Errorf("%q", got)
	}
}

func TestEndOf(t *testing.T) {
	now := time.Unix(noon, 0).In(cet)
	f := func(length, until, want string) {
		t.Helper()
		got, err := endOf(length, until, now)
		if err != nil || got.Format(time.RFC3339) != want {
			t.Errorf("--for %q --until %q: %v, %v, want %s", length, until, got, err, want)
		}
	}
	f("2h", "", "2026-11-22T14:00:00+01:00")
	f("90m", "", "2026-11-22T13:30:00+01:00")
	f("1h30m", "", "2026-11-22T13:30:00+01:00")
	f("3d", "", "2026-11-25T12:00:00+01:00")
	f("2w", "", "2026-12-06T12:00:00+01:00")
	f("", "18:00", "2026-11-22T18:00:00+01:00")
	f("", "12:00", "2026-11-23T12:00:00+01:00") // now, so tomorrow
	f("", "08:00:30", "2026-11-23T08:00:30+01:00")
	f("", "2026-12-24 18:00", "2026-12-24T18:00:00+01:00")
	f("", "2026-12-24", "2026-12-24T00:00:00+01:00")
	f("", "2026-12-24T18:00:00Z", "2026-12-24T18:00:00Z")
	bad := func(length, until, says string) {
		t.Helper()
		if got, err := endOf(length, until, now); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("--for %q --until %q: %v, %v, want %q", length, until, got, err, says)
		}
	}
	bad("", "", "how long")
	bad("2h", "18:00", "how long")
	bad("0s", "", `--for "0s"`)
	bad("-2h", "", `--for "-2h"`)
	bad("10ms", "", "want a length of time")
	bad("two hours", "", "want a length of time")
	bad("999999d", "", "want a length of time")
	bad("", "6pm", "want a time")
	bad("", "2026-11-22 11:59", "has passed")
}
