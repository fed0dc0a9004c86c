package shadow

import (
	"fmt"
	"math"
	"testing"

	"pgregory.net/rapid"

	"perfmon/alarm"
)

// stockModel is the stock daemon's judgement of one variable: it looks at the
// new rows when it polls; unknown is good; what is bad for a period is said
// unless it said something less than the inhibit time before, by the clock of
// its polls.
type stockModel struct {
	period, inhibit int64
	count, said     int64
	began           bool
}

func (s *stockModel) poll(now int64, rows []Row, say func(at int64, value float64)) {
	if !s.began {
		s.began, s.count, s.said = true, s.period, now-s.inhibit
	}
	for _, r := range rows {
		if !(r.Value > 0.9) {
			s.count = s.period
			continue
		}
		if s.count -= 60; s.count > 0 {
			continue
		}
		s.count = s.period
		if now-s.said >= s.inhibit {
			s.said = now
			say(now, r.Value)
		}
	}
}

// play has both judge the same rows, one a minute; lost says which of stock's
// messages never come to be.
func play(t *rapid.T, rows []Row, period, inhibit int64, lost func(n int) bool) *bench {
	config := variable("x", "0.9", "rrd_regex=x", fmt.Sprint("alarm_trigger_period=", period), fmt.Sprint("alarm_auto_inhibit_period=", inhibit))
	b := &bench{t: &testing.T{}, Comparison: New(Options{Began: t0})}
	b.Watch(t0, watched)
	stock := &stockModel{period: period, inhibit: inhibit}
	tm := alarm.Timing{Period: period, Inhibit: inhibit}
	var trigger alarm.Trigger
	said, seen := 0, 0
	nextPoll := rows[0].Time + rapid.Int64Range(1, 300).Draw(t, "first poll")
	for i, r := range rows {
		for nextPoll < r.Time { // with the rows before this one
			stock.poll(nextPoll, rows[seen:i], func(at int64, value float64) {
				if said++; !lost(said) {
					b.says(at-t0, "vm", web, config, value, nil)
				}
			})
			seen = i
			nextPoll += rapid.Int64Range(300, 315).Draw(t, "to the next poll")
		}
		grade := alarm.Fine
		if r.Value > 0.9 {
			grade = alarm.BadCritical
		}
		s := alarm.Sample{T: r.Time, Span: 60, From: r.Time - 60, Known: !math.IsNaN(r.Value), Grade: grade, Value: r.Value}
		for _, tr := range trigger.Step(tm, s, nil) {
			b.raised(r.Time-t0, "vm", web, config, r.Value, &Circumstances{InForce: true, Rows: rows[max(0, i-23) : i+1]}, func(e *alarm.Event) {
				e.Kind, e.Severity, e.Inhibited, e.Since = tr.Kind, tr.Severity, tr.Inhibited, trigger.Since
			})
		}
		b.found = append(b.found, b.Settle(r.Time, r.Time)...)
	}
	b.found = append(b.found, b.Settle(rows[len(rows)-1].Time+9999, rows[len(rows)-1].Time+9999)...)
	return b
}

func drawRows(t *rapid.T, unknown bool) []Row {
	var rows []Row
	values := []float64{0.5, 0.97}
	if unknown {
		values = append(values, math.NaN())
	}
	at := int64(t0)
	for range rapid.IntRange(1, 15).Draw(t, "stretches") {
		v := rapid.SampledFrom(values).Draw(t, "value")
		for range rapid.IntRange(1, 90).Draw(t, "rows") {
			at += 60
			rows = append(rows, Row{at, v})
		}
	}
	for range 30 { // until stock has seen all of it
		at += 60
		rows = append(rows, Row{at, 0.5})
	}
	return rows
}

func draw(t *rapid.T) (period, inhibit int64) {
	return rapid.SampledFrom([]int64{1, 60, 120, 300}).Draw(t, "period"), rapid.SampledFrom([]int64{0, 60, 300, 900, 3600}).Draw(t, "inhibit")
}

// TestModelsAgree: two that work as they should differ by their timing of
// inhibit alone, and that is always named.
func TestModelsAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		period, inhibit := draw(t)
		b := play(t, drawRows(t, false), period, inhibit, func(int) bool { return false })
		for _, f := range b.found {
			switch {
			case f.Result == Agreed:
			case f.Result == OnlyHere && f.Reason == StockInhibits && inhibit > 0:
			case f.Result == OnlyStock && f.Reason == HeldInhibit && inhibit > 0:
			default:
				t.Errorf("period %d, inhibit %d: %s, row %+d, message %+d: %s", period, inhibit, f.Result, f.Row-t0, f.Message-t0, f.Why())
			}
		}
		if inhibit == 0 && len(b.found) > b.Counts().Results[Agreed] {
			t.Errorf("without inhibit %v", b.Counts())
		}
	})
}

// TestModelLoses: an alarm that stock loses is found, whatever else happens.
// The next one comes too late to be taken for it.
func TestModelLoses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		period, inhibit := draw(t)
		inhibit = max(inhibit, 900)
		rows := drawRows(t, false)
		lost := 0
		b := play(t, rows, period, inhibit, func(n int) bool {
			if n != 1 {
				return false
			}
			lost++
			return true
		})
		if n := b.Counts(); lost > 0 && n.Results[OnlyHere] == 0 {
			t.Errorf("period %d, inhibit %d: %v", period, inhibit, n)
		}
	})
}

// TestModelsWithHoles: what comes of unknown rows has a name.
func TestModelsWithHoles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		period, inhibit := draw(t)
		b := play(t, drawRows(t, true), period, inhibit, func(int) bool { return false })
		if n := b.Counts(); len(n.Unexplained) > 0 {
			for _, f := range b.found {
				if f.Result != Agreed {
					t.Logf("%s, row %+d, message %+d: %s", f.Result, f.Row-t0, f.Message-t0, f.Why())
				}
			}
			t.Errorf("period %d, inhibit %d: %v", period, inhibit, n)
		}
	})
}
