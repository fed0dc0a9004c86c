package monitor

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"perfmon/rrd"
)

// A source that is broken for days says so once, not every third poll.
func TestGivingUpIsLoggedOnce(t *testing.T) {
	w := steady(t, "")
	w.row(0, 0.1)
	w.poll(5)
	w.breakAt = 1
	for at := int64(600); at <= 6000; at += 60 {
		w.poll(at)
	}
	if n := strings.Count(w.log.String(), "level=ERROR"); n != 2 { // broken; given up
		t.Errorf("%d errors are logged, want 2:\n%s", n, w.log.String())
	}
	w.breakAt = 0
	w.row(5940, 0.1)
	w.poll(6060)
	if w.logged("rows are coming again") != 1 || w.logged("unknown_seconds=5639") != 1 {
		t.Errorf("the recovery does not sum up what is lost:\n%s", w.log.String()[w.log.Len()-400:])
	}
}

// A poll that is cut short by the end of the program is no failure.
func TestEndIsNoFailure(t *testing.T) {
	w := steady(t, "")
	ctx, cancel := context.WithCancel(context.Background())
	w.meanwhile = cancel
	w.breakAt = 1
	if err := w.m.Poll(ctx); err == nil {
		t.Error("the poll went well")
	}
	if w.logged("level=ERROR") != 0 || w.m.anchor.broken != 0 {
		t.Errorf("it was taken for a failure:\n%s", w.log.String())
	}
}

// A broken answer is as none: what its legend says is neither adopted nor
// reported.
func TestLegendOfABrokenAnswer(t *testing.T) {
	w := steady(t, "x level=0.5 regex=cpu0 period=120 inhibit=0")
	w.row(0, 0.9)
	w.wantAlarms("60 s", w.poll(5), "")
	whole := w.legend
	for i := range int64(2) {
		w.setColumns("host/other/cpu0", "host/h/cpu1")
		w.legend.Bad = map[int]string{0: "nonsense"}
		w.breakAt = 2
		w.rows = map[int64][]float64{}
		w.row(60, 0.9, 0.9)
		w.wantAlarms("broken", w.poll(65+i), "")
	}
	if w.logged("adopted")+w.logged("no data source")+w.logged("four parts") != 0 {
		t.Errorf("learnt from a broken answer:\n%s", w.log.String())
	}
	w.legend, w.breakAt = whole, 0
	w.wantAlarms("whole", w.poll(70), "x@60")
}

// A legend and an inventory that name different hosts do not take turns.
func TestTwoNamesForTheHost(t *testing.T) {
	w := steady(t, "")
	w.setColumns("host/h2/cpu0", hostCPU)
	for i := range int64(10) {
		w.row(60*i, 0.1, 0.1)
		w.give("host", "h", fmt.Sprintf("cpu_usage level=0.%d", i+1))
		w.setColumns("host/h2/cpu0", hostCPU, fmt.Sprintf("host/h/x%d", i))
		w.rows[t0+60*i] = []float64{0.1, 0.1, 0.1}
		w.poll(60*i + 5)
	}
	if n := w.logged("adopted"); n > 1 {
		t.Errorf("adopted %d times:\n%s", n, w.log.String())
	}
}

// Each bad heading is told and counted once, and a legend of nothing else
// does not fill the log.
func TestManyBadHeadings(t *testing.T) {
	w := steady(t, "")
	bad := func(from, n int) {
		w.setColumns(hostCPU)
		w.legend.Bad = map[int]string{}
		for i := range n {
			w.legend.Entries = append(w.legend.Entries, rrd.Entry{})
			w.legend.Bad[i+1] = fmt.Sprintf("bad %d ", from+i) + strings.Repeat("x", 10_000)
		}
		at := int64(60 * len(w.asked))
		w.rows = map[int64][]float64{}
		w.row(at, make([]float64, n+1)...)
		w.poll(at + 5)
	}
	bad(0, 2)
	bad(1, 2) // one of them known
	if n := w.logged("four parts"); n != 3 {
		t.Errorf("%d headings told, want 3", n)
	}
	for range 5 {
		bad(10, 1000)
	}
	if n := w.logged("legend entr"); n > maxToldHeadings+1 || w.log.Len() > 40_000 {
		t.Errorf("%d lines, %d bytes of log", n, w.log.Len())
	}
}

// What is kept of a document until its end is bounded in rows and variables
// together.
func TestManyVariablesAndManyRows(t *testing.T) {
	w := newWorld(t, Options{}, hostCPU)
	var short strings.Builder
	for i := range 200 {
		fmt.Fprintf(&short, "x%d level=0.5 regex=cpu0;", i)
	}
	w.give("host", "h", short.String())
	for h := range 20 {
		host := fmt.Sprint("vm", h)
		w.columns = append(w.columns, "vm/"+host+"/cpu0")
		w.give("vm", host, short.String())
	}
	w.setColumns(w.columns...)
	values := make([]float64, len(w.columns))
	for i := range int64(9000) {
		w.row(60*(i-9000), values...)
	}
	w.serveAll = true
	w.poll(5)
	if w.logged("no rows: broken") != 1 || w.logged("more rows than any archive has") == 0 {
		t.Error("nine thousand rows of four thousand variables were kept")
	}
	w.rows = map[int64][]float64{}
	for i := range int64(366) {
		w.row(60*(i-366), values...)
	}
	if err := w.m.Poll(context.Background()); err != nil {
		t.Errorf("an archive of the toolstack was refused: %v", err)
	}
}

// A row that is broken says which it is.
func TestBrokenRowIsNamed(t *testing.T) {
	w := steady(t, "")
	w.row(0, 0.1)
	w.rows[1<<50] = []float64{0.1}
	w.sequence = []int64{t0, 1 << 50}
	w.header = func(h *headerOf) { h.End = t0 }
	err := w.m.Poll(context.Background())
	if err == nil || !strings.Contains(err.Error(), "row 1:") || errors.As(err, new(unreachable)) {
		t.Errorf("the error is %v", err)
	}
}

// TestStalledRows: a source that answers and has nothing new is noticed, once,
// and so is that it goes on.
func TestStalledRows(t *testing.T) {
	w := newWorld(t, Options{}, "host/h/cpu0")
	w.m.setInventory(w.inv)
	for at := int64(0); at <= 600; at += 60 {
		w.row(at, 0.1)
	}
	for at := int64(65); at <= 1800; at += 60 {
		w.poll(at)
	}
	if n := strings.Count(w.log.String(), "has no new rows"); n != 1 {
		t.Errorf("%d lines about a source that has stalled, want 1", n)
	}
	if got := w.m.status(); got != "no new rows" {
		t.Errorf("status %q", got)
	}
	w.row(1860, 0.1)
	w.poll(1865)
	if !strings.Contains(w.log.String(), "new rows are coming again") || w.m.status() != "polling" {
		t.Error("nothing says that rows are coming again")
	}
}
