package monitor

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

const hostCPU = "host/h/cpu0"

// steady makes a world with one host column and one variable of period 120
// without inhibit unless said otherwise.
func steady(t *testing.T, short string) *world {
	w := newWorld(t, Options{}, hostCPU)
	if short == "" {
		short = "cpu_usage level=0.5 period=120 inhibit=0"
	}
	w.give("host", "h", short)
	return w
}

func TestFirstRequestLooksBack(t *testing.T) {
	w := steady(t, "")
	w.poll(0)
	if w.asked[0] != -300 {
		t.Errorf("asked from %d, want -300", w.asked[0])
	}
	w = newWorld(t, Options{LookBack: 900}, hostCPU)
	w.poll(0)
	if w.asked[0] != -900 {
		t.Errorf("asked from %d, want -900", w.asked[0])
	}
}

func TestRowsAreEvaluatedOldestFirst(t *testing.T) {
	w := steady(t, "cpu_usage level=0.5 period=120 inhibit=3600")
	w.row(-120, 0.9)
	w.row(-60, 0.9)
	w.row(0, 0.1)
	w.wantAlarms("two bad rows and then a good one", w.poll(5), "cpu_usage@-60")
}

func TestNoRowIsEvaluatedTwice(t *testing.T) {
	w := steady(t, "")
	w.row(0, 0.9)
	w.wantAlarms("one bad row", w.poll(5), "")
	w.wantAlarms("the same row again", w.poll(10), "")
	if last := w.asked[len(w.asked)-1]; last != 1 {
		t.Errorf("asked from %d, want 1: the end of the last row", last)
	}
	w.row(60, 0.9)
	w.wantAlarms("the second", w.poll(65), "cpu_usage@60")
}

func TestBrokenAnswerCountsAsNone(t *testing.T) {
	w := steady(t, "")
	w.row(0, 0.9)
	w.row(60, 0.9)
	w.breakAt = 3 // both rows come, the end does not
	w.wantAlarms("broken at its end", w.poll(65), "")
	w.wantAlarms("broken again", w.poll(70), "")
	if w.asked[1] != w.asked[0] {
		t.Errorf("asked from %v, want the same start again", w.asked)
	}
	w.breakAt = 0
	w.wantAlarms("whole at last", w.poll(75), "cpu_usage@60")
	if n := w.logged("no rows: broken"); n != 2 { // one error, one debug line
		t.Errorf("logged %d times:\n%s", n, w.log.String())
	}
	if w.logged("rows are coming again") != 1 {
		t.Errorf("recovery is not logged once:\n%s", w.log.String())
	}
}

func TestThreeBrokenAnswersGiveUpRows(t *testing.T) {
	w := steady(t, "")
	w.row(0, 0.1)
	w.poll(5)
	w.breakAt = 1
	for i := range int64(2) {
		w.poll(1000 + i)
		if last := w.asked[len(w.asked)-1]; last != 1 {
			t.Errorf("broken answer %d: asked from %d, want 1", i+1, last)
		}
	}
	w.poll(1002) // the third
	w.poll(1003)
	if last := w.asked[len(w.asked)-1]; last != 702 {
		t.Errorf("after three broken answers asked from %d, want 702", last)
	}
	if n := w.logged("rows given up"); n != 1 {
		t.Errorf("what was given up is logged %d times, want once", n)
	}
	w.breakAt = 0
	w.row(720, 0.9)
	w.row(780, 0.9)
	w.wantAlarms("rows after the hole count as any", w.poll(1010), "cpu_usage@780")
}

func TestBrokenAnswersMustBeInARow(t *testing.T) {
	w := steady(t, "")
	w.row(0, 0.1)
	w.poll(5)
	for i := range int64(3) {
		w.breakAt = 1
		w.poll(1000 + 4*i)
		w.poll(1001 + 4*i)
		w.breakAt = 0
		w.poll(1002 + 4*i)
	}
	if last := w.asked[len(w.asked)-1]; last != 1 {
		t.Errorf("asked from %d, want 1: never three in a row", last)
	}
}

func TestNoAnswerGivesUpNothing(t *testing.T) {
	w := steady(t, "")
	w.row(0, 0.1)
	w.poll(5)
	w.refuse = errors.New("connection refused")
	for i := range int64(10) {
		w.poll(1000 + i)
	}
	w.refuse = nil
	for at := int64(60); at <= 960; at += 60 {
		w.row(at, 0.1)
	}
	w.row(120, 0.9)
	w.row(180, 0.9)
	w.wantAlarms("what was recorded meanwhile is evaluated", w.poll(1020), "cpu_usage@180")
}

func TestRowStandsForTheTimeSinceTheLast(t *testing.T) {
	w := steady(t, "cpu_usage level=0.5 period=100 inhibit=0")
	w.step = 60
	w.row(0, 0.1)
	w.poll(5)
	w.row(30, 0.9) // 30 s
	w.row(90, 0.9) // 60 s: 90 in all
	w.wantAlarms("90 s of 100", w.poll(95), "")
	w.row(95, 0.9)
	w.row(100, 0.9)
	w.wantAlarms("100 s of 100", w.poll(105), "cpu_usage@100")
}

func TestGapDoesNotCountAsBad(t *testing.T) {
	w := steady(t, "cpu_usage level=0.5 period=180 inhibit=0")
	w.row(0, 0.9)
	w.wantAlarms("one row", w.poll(5), "")
	w.row(480, 0.9) // after a hole of seven minutes: 60 s
	w.wantAlarms("two rows", w.poll(485), "")
	w.row(540, 0.9)
	w.wantAlarms("the third", w.poll(545), "cpu_usage@540")
}

func TestStepChanges(t *testing.T) {
	w := steady(t, "cpu_usage level=0.5 period=3660 inhibit=0")
	w.row(0, 0.9)
	w.wantAlarms("a minute", w.poll(5), "")
	w.step = 3600 // after an absence longer than the archive of minutes
	w.row(3600, 0.9)
	w.wantAlarms("an hour and a minute", w.poll(7300), "cpu_usage@3600")
	w.step = 60
	w.row(3660, 0.9)
	w.row(3720, 0.9)
	w.wantAlarms("minutes again", w.poll(7305), "")
	for at := int64(3780); at <= 7260; at += 60 {
		w.row(at, 0.9)
	}
	w.wantAlarms("an hour and a minute of minutes", w.poll(7310), "cpu_usage@7260")
}

func TestUnknownIsNeverZero(t *testing.T) {
	w := steady(t, "cpu_usage level=0.5 period=60 inhibit=0 sense=low")
	w.row(0, nan)
	w.wantAlarms("an unknown value is not below the level", w.poll(5), "")
	w.row(60, 0.1)
	w.wantAlarms("a low one is", w.poll(65), "cpu_usage@60")
	if s := w.m.Snapshot().Variables[0]; !s.Known || s.Value != 0.1 {
		t.Errorf("snapshot has %+v", s)
	}
	w.row(120, nan)
	w.poll(125)
	if s := w.m.Snapshot().Variables[0]; s.Known {
		t.Errorf("unknown is shown as %+v", s)
	}
}

func TestNoMatchingColumnIsReportedOnce(t *testing.T) {
	w := steady(t, "x level=0.5 regex=nothing_like_it sense=low period=0")
	for i := range int64(5) {
		w.row(60*i, 0.9)
		w.wantAlarms("no column", w.poll(60*i+5), "")
	}
	if n := w.logged("no data source of the object matches"); n != 1 {
		t.Errorf("reported %d times, want once", n)
	}
	w.setColumns(hostCPU, "host/h/nothing_like_it")
	w.row(600, 0.9, 0.1)
	w.wantAlarms("the column has come", w.poll(605), "x@600")
	w.setColumns(hostCPU)
	w.row(660, 0.9)
	w.poll(665)
	if n := w.logged("no data source of the object matches"); n != 2 {
		t.Errorf("reported %d times, want once more after it has gone", n)
	}
}

func TestObjectThatMissesReportsKeepsItsState(t *testing.T) {
	f := func(question string, missing int64, want string) {
		t.Helper()
		w := newWorld(t, Options{}, "vm/a/cpu0", hostCPU)
		w.give("vm", "a", "cpu_usage level=0.5 period=60 inhibit=7200")
		w.row(0, 0.9, 0.1)
		w.wantAlarms("first", w.poll(5), "cpu_usage@0")
		w.setColumns(hostCPU)
		at := int64(60)
		for ; at <= missing; at += 60 {
			w.rows = map[int64][]float64{}
			w.row(at, 0.1)
			w.wantAlarms("while it is away", w.poll(at+5), "")
		}
		w.setColumns("vm/a/cpu0", hostCPU)
		w.rows = map[int64][]float64{}
		w.row(at, 0.9, 0.1)
		w.wantAlarms(question, w.poll(at+5), want)
	}
	f("ten minutes away: inhibit still holds", 600, "")
	f("longer: it starts anew", 660, "cpu_usage@720")
}

func TestClockSetDoesNotMoveInhibit(t *testing.T) {
	for _, jump := range []int64{-7200, 7200} {
		w := steady(t, "cpu_usage level=0.5 period=60 inhibit=600")
		w.row(0, 0.9)
		w.wantAlarms("first", w.poll(5), "cpu_usage@0")
		// The toolstack's rows are dated by the same clock, past ones too:
		// a ring has no dates but that of its end.
		w.wall = w.wall.Add(time.Duration(jump) * time.Second)
		w.rows = map[int64][]float64{}
		w.row(jump, 0.9)
		for at := int64(60); at <= 540; at += 60 {
			w.row(jump+at, 0.9)
			w.wantAlarms(fmt.Sprintf("%+d s: held at %d", jump, at), w.poll(jump+at+5), "")
		}
		w.row(jump+600, 0.9)
		w.wantAlarms(fmt.Sprintf("%+d s: inhibit is over", jump), w.poll(jump+605), fmt.Sprintf("cpu_usage@%d", jump+600))
		if n := w.logged("the wall clock was set"); n != 1 {
			t.Errorf("%+d s: noticed %d times, want once", jump, n)
		}
		if n := w.logged("time went back: followed"); n != 0 {
			t.Errorf("%+d s: re-anchored although the clock was followed", jump)
		}
	}
}

func TestStallIsNotAClockStep(t *testing.T) {
	w := steady(t, "cpu_usage level=0.5 period=60 inhibit=900")
	w.row(0, 0.9)
	w.wantAlarms("first", w.poll(5), "cpu_usage@0")
	for at := int64(60); at <= 900; at += 60 {
		w.row(at, 0.9)
	}
	w.wantAlarms("after fifteen minutes in which nobody polled", w.poll(905), "cpu_usage@900")
	if w.logged("the wall clock was set") != 0 {
		t.Error("a stall was taken for a set clock")
	}
}

func TestSlowDriftIsNotAClockStep(t *testing.T) {
	w := steady(t, "")
	for i := range int64(20) {
		w.mono += 59 * time.Second // the wall clock is slewed by a minute a poll
		w.row(60*i, 0.1)
		w.poll(60*i + 5)
	}
	if n := w.logged("the wall clock was set"); n != 0 {
		t.Errorf("59 s were taken for a set clock %d times", n)
	}
	w.wall = w.wall.Add(-time.Hour)
	w.step = 3600
	w.pollNow()
	if n := w.logged("the wall clock was set"); n != 1 {
		t.Errorf("an hour was noticed %d times at a step of a minute, want once", n)
	}
	w.wall = w.wall.Add(-time.Hour)
	w.pollNow()
	if n := w.logged("the wall clock was set"); n != 1 {
		t.Errorf("an hour is within a step of an hour, noticed %d times", n)
	}
}

func TestSourceThatGoesBackIsFollowed(t *testing.T) {
	w := steady(t, "cpu_usage level=0.5 period=60 inhibit=600")
	w.row(0, 0.9)
	w.wantAlarms("first", w.poll(5), "cpu_usage@0")
	w.rows = map[int64][]float64{}
	w.row(-7200, 0.9)
	w.end = t0 - 7200
	w.wantAlarms("one answer from the past is not believed", w.poll(65), "")
	w.wantAlarms("a second one is, from the next poll on", w.poll(125), "")
	w.wantAlarms("held: the raise was just now", w.poll(185), "")
	if last := w.asked[len(w.asked)-1]; last != -7200 {
		t.Errorf("asked from %d, want -7200", last)
	}
	for at := int64(-7140); at <= -6600; at += 60 {
		w.end = t0 + at
		w.row(at, 0.9)
		want := ""
		if at == -6600 {
			want = "cpu_usage@-6600"
		}
		w.wantAlarms(fmt.Sprintf("at %d", at), w.poll(at+7200+245), want)
	}
}

func TestOneOldAnswerIsNotFollowed(t *testing.T) {
	w := steady(t, "")
	w.row(0, 0.1)
	w.poll(5)
	for i := range int64(4) {
		w.end = t0 - 600
		w.poll(60*i + 10)
		w.end = 0
		w.poll(60*i + 20)
	}
	if w.logged("time went back") != 0 {
		t.Error("old answers that were not two in a row were followed")
	}
}

func TestAlarmOrder(t *testing.T) {
	w := newWorld(t, Options{}, "sr/s2/io", "vm/b/cpu0", hostCPU, "vm/a/cpu0", "sr/s1/io")
	for _, o := range []string{"vm/a", "vm/b", "host/h"} {
		class, uuid, _ := strings.Cut(o, "/")
		w.give(class, uuid, fmt.Sprintf("second_%s level=0.5 period=0 inhibit=0 regex=cpu0; cpu_usage level=0.5 period=0 inhibit=0", uuid))
	}
	w.inv.Objects[Object{"vm", "b"}].ControlDomain = true
	for _, s := range []string{"s3", "s2", "s1", "s0"} {
		w.inv.Objects[Object{"sr", s}] = &Facts{Resident: true, SR: &SRFacts{Size: 100, Utilisation: 90, RaisedHere: true}}
		w.give("sr", s, fmt.Sprintf("physical_utilisation level=0.5; io_%s level=0.5 period=0 inhibit=0 regex=io", s))
	}
	w.row(0, 1, 1, 1, 1, 1)
	w.row(60, 1, 1, 1, 1, 1)
	w.poll(70)
	var order []string
	for _, a := range w.alarms {
		order = append(order, fmt.Sprintf("%s:%s@%d", a.UUID, a.Variable[:2], a.Time-t0))
	}
	got := strings.Join(order, " ")
	want := "b:se@0 b:se@60 b:cp@0 b:cp@60 a:se@0 a:se@60 a:cp@0 a:cp@60 " + // VMs in legend order
		"h:se@0 h:se@60 h:cp@0 h:cp@60 " +
		"s2:ph@70 s2:io@0 s2:io@60 s1:ph@70 s1:io@0 s1:io@60 s0:ph@70 s3:ph@70" // those without a column last
	if got != want {
		t.Errorf("order\n got  %s\n want %s", got, want)
	}
}
