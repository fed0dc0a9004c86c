package monitor

import (
	"math"
	"testing"
	"time"

	"perfmon/monitor/config"
)

// One document from a clock that stands in 2040 must not throw the start into
// the future for ever, nor touch the readings, which have no part in it.
func TestDocumentFromTheFuture(t *testing.T) {
	const future = int64(14 * 365 * 86400)
	w := newWorld(t, Options{}, "vm/d/cpu0", hostCPU)
	w.inv.Objects[Object{"vm", "d"}] = &Facts{Resident: true, ControlDomain: true}
	w.give("vm", "d", "fs_usage period=60 inhibit=3600")
	w.give("host", "h", "cpu_usage level=0.5 period=60 inhibit=600")
	w.reads[config.FSUsage] = 0.95
	w.row(0, 0, 0.9)
	w.wantAlarms("before", w.poll(5), "fs_usage@5 cpu_usage@0")
	w.rows = map[int64][]float64{}
	w.row(future, 0, 0.9)
	w.wantAlarms("the document from the future", w.poll(65), "cpu_usage@"+itoa(future))
	w.rows = map[int64][]float64{}
	w.end = t0 + 60
	w.wantAlarms("the present is not believed yet", w.poll(125), "")
	w.end = t0 + 120
	w.row(120, 0, 0.9)
	w.wantAlarms("it is from now on", w.poll(185), "")
	w.end = 0
	w.row(180, 0, 0.9)
	w.wantAlarms("rows of the present", w.poll(245), "")
	if last := w.asked[len(w.asked)-1]; last != 120 {
		t.Errorf("asked from %d, want 120", last)
	}
	for at := int64(240); at <= 660; at += 60 {
		w.row(at, 0, 0.9)
		w.wantAlarms("held, and readings are too", w.poll(at+65), "")
	}
	w.row(720, 0, 0.9)
	w.wantAlarms("inhibit counts from the raise in the future, which was at 120", w.poll(785), "cpu_usage@720")
}

// The bad seconds of readings are not made up by a source that goes back.
func TestReadingsStayWhenTheSourceGoesBack(t *testing.T) {
	w := dom0(t, "fs_usage period=600 inhibit=0")
	w.reads[config.FSUsage] = 0.95
	w.row(0, 0, 0)
	w.wantAlarms("60 s", w.poll(0), "")
	w.rows = map[int64][]float64{}
	w.end = t0 - 7200
	for at := int64(60); at <= 480; at += 60 {
		w.wantAlarms("less than ten minutes", w.poll(at), "")
	}
	w.wantAlarms("ten minutes", w.poll(540), "fs_usage@540")
}

// An answer whose own rows are later than the end that it names is not one
// that has gone back.
func TestEndBeforeTheRowsIsNoTimeGoneBack(t *testing.T) {
	w := steady(t, "cpu_usage level=0.5 period=60 inhibit=0")
	for at := int64(0); at <= 300; at += 60 {
		w.row(at, 0.9)
		w.header = func(h *headerOf) { h.End = t0 + at - 120 }
		w.wantAlarms("each row once", w.poll(at+5), "cpu_usage@"+itoa(at))
	}
	if w.logged("went back") != 0 {
		t.Errorf("a document that is at odds with itself was taken for a clock:\n%s", w.log.String())
	}
}

// A clock that is set back by less than a minute is not noticed by ourselves.
// Polls in quick succession must not take the last row, which the toolstack
// dates anew, for another one.
func TestLastRowUnderAnotherDate(t *testing.T) {
	w := steady(t, "cpu_usage level=0.5 period=60 inhibit=0")
	w.row(0, 0.9)
	w.wantAlarms("first", w.poll(30), "cpu_usage@0")
	w.rows = map[int64][]float64{}
	w.row(-60, 0.9) // the same
	w.wall = w.wall.Add(-50 * time.Second)
	for at := int64(-10); at < 30; at += 5 {
		w.wantAlarms("the same row", w.poll(at), "")
	}
	w.row(0, 0.8)
	w.poll(60)
	w.poll(65)
	w.row(60, 0.7)
	w.wantAlarms("and its successors", w.poll(125), "cpu_usage@60")
}

// Giving up rows uses our clock. If the source is hours behind that, and was
// being followed, it has to be found again.
func TestBrokenAnswersAfterReAnchoring(t *testing.T) {
	w := steady(t, "cpu_usage level=0.5 period=60 inhibit=0")
	w.row(0, 0.1)
	w.poll(5)
	w.rows = map[int64][]float64{}
	w.row(-7200, 0.1)
	w.end = t0 - 7200
	w.poll(65)
	w.poll(125)
	w.breakAt = 1
	for at := int64(185); at <= 305; at += 60 {
		w.poll(at)
	}
	w.breakAt = 0
	for at := int64(-7140); at <= -6780; at += 60 {
		w.row(at, 0.1)
	}
	w.end = t0 - 6780
	w.row(-6780, 0.9)
	w.wantAlarms("the start is ahead of the source", w.poll(365), "")
	w.wantAlarms("still, but from now on it is believed", w.poll(425), "")
	w.wantAlarms("found again", w.poll(485), "cpu_usage@-6780")
	w.wantAlarms("and not evaluated again", w.poll(545), "")
}

// The first row after a re-anchor, the one at the end that was followed, stands
// for a whole step.
func TestFirstRowAfterReAnchoring(t *testing.T) {
	w := steady(t, "cpu_usage level=0.5 period=120 inhibit=0")
	w.row(0, 0.1)
	w.poll(5)
	w.rows = map[int64][]float64{}
	w.end = t0 - 7200
	w.poll(65)
	w.poll(125)
	w.end = 0
	w.row(-7200, 0.9)
	w.wantAlarms("60 s", w.poll(185), "")
	w.row(-7140, 0.9)
	w.wantAlarms("120 s", w.poll(245), "cpu_usage@-7140")
}

// The same without a step of the source in between.
func TestStartAheadOfTheSourceAfterBrokenAnswers(t *testing.T) {
	w := steady(t, "cpu_usage level=0.5 period=60 inhibit=0")
	w.row(-7200, 0.1)
	w.m.anchor.start = t0 - 7300
	w.m.begun = true
	w.poll(5)
	w.breakAt = 1
	for at := int64(65); at <= 185; at += 60 {
		w.poll(at)
	}
	w.breakAt = 0
	w.row(-7140, 0.9)
	w.poll(245)
	w.poll(305)
	w.wantAlarms("the source is behind our clock", w.poll(365), "cpu_usage@-7140")
}

// A row without a sensible time must not make us ask for a year of history.
func TestRowOfTimeZero(t *testing.T) {
	w := steady(t, "cpu_usage level=0.5 period=60 inhibit=0")
	w.rows[0] = []float64{0.1}
	w.serveAll = true
	w.poll(5)
	w.serveAll = false
	w.row(-120, 0.9)
	w.row(-86400*365, 0.9)
	w.wantAlarms("only what was asked for at first", w.poll(10), "cpu_usage@-120")
	if last := w.asked[1]; last != -295 {
		t.Errorf("asked from %d, want -295", last)
	}
}

// A document with a row twice, or in the wrong order, is evaluated in the
// order of time, each row once.
func TestRowsOutOfOrder(t *testing.T) {
	f := func(question string, times []int64, want string) {
		t.Helper()
		w := steady(t, "cpu_usage level=0.5 period=60 inhibit=0")
		w.row(-60, 0.1)
		w.poll(0)
		for _, at := range times {
			w.row(at, 0.9)
			w.sequence = append(w.sequence, t0+at)
		}
		w.wantAlarms(question, w.poll(5), want)
		if got := w.m.Snapshot().Row.T - t0; got != 60 {
			t.Errorf("%s: the newest row is at %d, want 60", question, got)
		}
		w.wantAlarms(question+", and no more", w.poll(10), "")
	}
	f("oldest first", []int64{-60, 0, 60}, "cpu_usage@0 cpu_usage@60")
	f("twice", []int64{60, 0, 0, -60}, "cpu_usage@0 cpu_usage@60")
	f("shuffled", []int64{0, 60, -60, 60}, "cpu_usage@0 cpu_usage@60")
}

// No arithmetic on foreign times overflows.
func TestImplausibleTimes(t *testing.T) {
	for _, odd := range []int64{math.MinInt64, math.MaxInt64, math.MaxInt64 - 1, 1 << 60, -1 << 60} {
		for name, spoil := range map[string]func(w *world){
			"row":  func(w *world) { w.rows[odd] = []float64{0.9}; w.sequence = []int64{odd} },
			"end":  func(w *world) { w.header = func(h *headerOf) { h.End = odd } },
			"step": func(w *world) { w.header = func(h *headerOf) { h.Step = odd } },
		} {
			w := steady(t, "cpu_usage level=0.5 period=120 inhibit=0")
			w.row(0, 0.9)
			w.wantAlarms("60 s", w.poll(5), "")
			w.row(60, 0.9)
			spoil(w)
			w.wantAlarms(name+" "+itoa(odd), w.poll(65), "")
			w.sequence, w.header = nil, nil
			delete(w.rows, odd)
			w.wantAlarms("after "+name+" "+itoa(odd), w.poll(70), "cpu_usage@60")
		}
	}
}

// For how long a row stands, and which rows are evaluated.
func TestSpan(t *testing.T) {
	f := func(question string, a anchor, at, want int64, evaluate bool) {
		t.Helper()
		if span, ok := a.span(at, 60); span != want || ok != evaluate {
			t.Errorf("%s: stands for %d (%v), want %d (%v)", question, span, ok, want, evaluate)
		}
	}
	f("the first row", anchor{}, t0, 60, true)
	last := anchor{hasLast: true, last: t0}
	f("the next", last, t0+60, 60, true)
	f("one that comes early", last, t0+5, 5, true)
	f("one after a gap", last, t0+3600, 60, true)
	f("the last one again", last, t0, 0, false)
	f("one before it", last, t0-60, 0, false)
	again := anchor{hasLast: true, last: t0, whole: true}
	f("the first after a re-anchor", again, t0+5, 60, true)
	again.evaluated(t0 + 5)
	f("and the next", again, t0+10, 5, true)
	again.evaluated(t0 + 10)
	if again.start != t0+11 {
		t.Errorf("asks from %d, want the second after the last row", again.start-t0)
	}
}
