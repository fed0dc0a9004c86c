package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"perfmon/alarm"
	"perfmon/monitor"
	"perfmon/rrd"
	"perfmon/rrd/rrdtest"
)

// archives answers as it is told, and counts.
type archives struct {
	rows  func(ctx context.Context, o monitor.Object, start, step int64) (monitor.Update, error)
	asked atomic.Int64
	open  atomic.Int64
	most  atomic.Int64 // at once
}

func (a *archives) Rows(ctx context.Context, o monitor.Object, start, step int64) (monitor.Update, error) {
	a.asked.Add(1)
	a.most.Store(max(a.most.Load(), a.open.Add(1)))
	u, err := a.rows(ctx, o, start, step)
	if err != nil {
		a.open.Add(-1)
		return nil, err
	}
	return &closing{u, a}, nil
}

// closing notes that an answer was closed.
type closing struct {
	monitor.Update
	of *archives
}

func (c *closing) Close() error {
	c.of.open.Add(-1)
	return c.Update.Close()
}

// archived is an API whose archives have a document.
func archived(t *testing.T, s *monitor.Snapshot, doc func(start, step int64) *rrdtest.Document) (*asker, *archives) {
	a := newAsker(t, &fakeMonitor{snapshot: s})
	from := &archives{rows: func(_ context.Context, _ monitor.Object, start, step int64) (monitor.Update, error) {
		return openReader{doc(start, step).Reader()}, nil
	}}
	a.l.archive = newShelf(from, a.l.overviews.table)
	a.l.now = func() time.Time { return time.Unix(10000, 0) }
	t.Cleanup(func() {
		if n := from.open.Load(); n != 0 {
			t.Errorf("%d answers were not closed", n)
		}
	})
	return a, from
}

func TestSeries(t *testing.T) {
	v := "vm/" + webUUID + "/"
	s := pictureOf(t, v+"cpu0 0.1", v+"cpu1 0.1", v+"memory 7")
	s.Variables = []monitor.VariableStatus{
		{ID: alarm.ID{Class: "vm", UUID: webUUID, Variable: "cpu_usage"}, State: alarm.Firing, Level: 0.9, Columns: []int{0, 1}},
		{ID: alarm.ID{Class: "vm", UUID: webUUID, Variable: "memory"}, Level: 5, Columns: []int{2}},
		{ID: alarm.ID{Class: "vm", UUID: dbUUID, Variable: "cpu_usage"}, Columns: nil},
	}
	var start, step int64
	a, _ := archived(t, s, func(from, by int64) *rrdtest.Document {
		start, step = from, by
		return rrdtest.Update(9980, 5, v+"cpu0 1 2 _ 4", v+"cpu1 5x2", v+"memory 9x3", "MAX:"+v+"cpu0 8x3", v+"cpu0 8x3", "vm/"+dbUUID+"/cpu0 8x3", "host/"+hostUUID+"/cpu0 8x3", v+"odd/name,x 1x3")
	})
	past := &chronicle{}
	say := func(variable string, at int64) {
		past.add(&alarm.Event{ID: alarm.ID{Class: "vm", UUID: webUUID, Variable: variable}, Kind: alarm.KindRaised, Time: at})
	}
	say("cpu_usage", 9394) // before the span
	say("cpu_usage", 9500)
	say("memory", 9600)
	say("cpu_usage", 9990)
	a.l.History = past.newestFirst

	get := func(query string) *Series {
		t.Helper()
		var got Series
		a.get("/v1/series?object=web-07"+query, &got)
		return &got
	}
	got := get("&columns=cpu*")
	if start != 10000-600+5 || step != 5 {
		t.Errorf("asked from %d at a step of %d", start, step)
	}
	if got.Span != "10m" || got.Step != 5 || got.Start != 9395 || got.End != 9995 || got.UUID != webUUID || !slices.Equal(got.T, []int64{9980, 9985, 9990, 9995}) {
		t.Errorf("%+v", got)
	}
	text := func(got *Series) string {
		var words []string
		for i, c := range got.Columns {
			words = append(words, fmt.Sprint(c.Class, " ", c.Name, " ", c.Unit, " ", got.Values[i]))
		}
		return strings.Join(words, "; ")
	}
	if want := "vm cpu0 fraction [1 2 NaN 4]; vm cpu1 fraction [5 5 5 NaN]"; text(got) != want {
		t.Errorf("%s, want %s", text(got), want)
	}
	if len(got.Triggers) != 1 || got.Triggers[0].Variable != "cpu_usage" || got.Triggers[0].Level != 0.9 || len(got.Triggers[0].Columns) != 2 {
		t.Errorf("%+v", got.Triggers)
	}
	if len(got.Transitions) != 2 || got.Transitions[0].Time != 9500 || got.Transitions[1].Time != 9990 {
		t.Errorf("%+v", got.Transitions)
	}
	if got := get(""); len(got.Columns) != 4 || len(got.Triggers) != 2 || got.Columns[3].Unit != "" {
		t.Errorf("all: %s", text(got))
	}
	if got := get("&columns=odd?name?x,%20mem*y%20"); text(got) != "vm memory B [9 9 9 9]; vm odd/name,x  [1 1 1 1]" {
		t.Errorf("globs: %s", text(got))
	}

	refused := func(query string, status int, says string) *Refusal {
		t.Helper()
		return a.refused("GET", "/v1/series"+query, "", status, says)
	}
	if r := refused("?object=web-07&columns=cpu", 404, "no such column"); !slices.Contains(r.Known, "memory") {
		t.Errorf("known: %v", r.Known)
	}
	if r := refused("?object=web-07&span=1d", 400, `no span "1d"`); !slices.Equal(r.Known, []string{"10m", "2h", "1w", "1y"}) {
		t.Errorf("known: %v", r.Known)
	}
	refused("", 400, "no object is named")
	refused("?object=far", 404, "not on this host")
	refused("?object=web-07&columns="+strings.Repeat("a,", maxGlobs)+"b", 400, "limit is 64")
}

// TestSeriesOfAnSR: the host's columns about it are among them.
func TestSeriesOfAnSR(t *testing.T) {
	a, _ := archived(t, pictureOf(t), func(int64, int64) *rrdtest.Document {
		h := "host/" + hostUUID + "/"
		return rrdtest.Update(9980, 5, h+"cpu0 1", h+"read_"+srUUID[:8]+" 2", h+"read_00001111 3", "sr/"+srUUID+"/size 4", "sr/"+dbUUID+"/size 5", h+"sr_"+srUUID+"_cache_size 6")
	})
	var got Series
	a.get("/v1/series?object=sr:"+srUUID, &got)
	names := ""
	for _, c := range got.Columns {
		names += c.Class + " " + c.Name + ", "
	}
	if names != "host read_aaaa1111, sr size, host sr_"+srUUID+"_cache_size, " {
		t.Errorf("%s", names)
	}
}

// TestSeriesIsKept: what was read is not read again before there is a new
// row, and after an error not at once.
func TestSeriesIsKept(t *testing.T) {
	a, from := archived(t, pictureOf(t), func(start, step int64) *rrdtest.Document {
		return rrdtest.Update(9960, step, "vm/"+webUUID+"/cpu0 1 2", "vm/"+dbUUID+"/cpu0 1 2")
	})
	now := int64(10000)
	a.l.now = func() time.Time { return time.Unix(now, 0) }
	want := func(what, query string, asked int64) {
		t.Helper()
		a.get("/v1/series?object="+query, &Series{})
		if n := from.asked.Load(); n != asked {
			t.Errorf("%s: asked %d times, want %d", what, n, asked)
		}
	}
	want("the first", "web-07", 1)
	want("other columns", "web-07&columns=cpu0", 1)
	want("another span", "web-07&span=2h", 2)
	want("another object", "vm:"+dbUUID, 3)
	now += 4
	want("the step is not over", "web-07", 3)
	now++
	want("it is", "web-07", 4)
	want("a longer step", "web-07&span=2h", 4)
	want("an hour's", "web-07&span=1w", 5)
	now += 299
	want("an hour's after 5 minutes", "web-07&span=1w", 5)
	now++
	want("no longer", "web-07&span=1w", 6)
	now -= 86400
	want("the clock was set back", "web-07&span=1w", 7)

	broken := errors.New("dial tcp 10.0.0.9:80: connection refused")
	from.rows = func(context.Context, monitor.Object, int64, int64) (monitor.Update, error) { return nil, broken }
	fails := func(what string, asked int64) {
		t.Helper()
		a.refused("GET", "/v1/series?object=web-07&span=1y", "", 503, "10.0.0.9")
		if n := from.asked.Load(); n != asked {
			t.Errorf("%s: asked %d times, want %d", what, n, asked)
		}
	}
	fails("an error", 8)
	fails("again at once", 8)
	now += 5
	fails("later", 9)
	w := httptest.NewRecorder()
	(&Service{a.l}).Public().ServeHTTP(w, httptest.NewRequest("GET", "/v1/series?object=web-07&span=1y", nil))
	if w.Code != 503 || strings.Contains(w.Body.String(), "10.0.0.9") {
		t.Errorf("the web port says %d %s", w.Code, w.Body)
	}
}

// TestSeriesOneAtATime: twenty plots of a page are one request.
func TestSeriesOneAtATime(t *testing.T) {
	a, from := archived(t, pictureOf(t), nil)
	release := make(chan struct{})
	from.rows = func(_ context.Context, o monitor.Object, _, step int64) (monitor.Update, error) {
		<-release
		return openReader{rrdtest.Update(9960, step, "vm/"+o.UUID+"/cpu0 1 2").Reader()}, nil
	}
	var work sync.WaitGroup
	for i := range 20 {
		work.Go(func() {
			object := []string{webUUID, dbUUID}[i%2]
			w := httptest.NewRecorder()
			a.l.handler().ServeHTTP(w, httptest.NewRequest("GET", "/v1/series?object="+object, nil))
			if w.Code != 200 {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		})
	}
	for a.l.archive.waiting.Load() < 20 {
		time.Sleep(time.Millisecond)
	}
	// One whose patience ends while others are served.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w := httptest.NewRecorder()
	a.l.handler().ServeHTTP(w, httptest.NewRequest("GET", "/v1/series?object="+webUUID, nil).WithContext(ctx))
	if w.Code != 503 || !strings.Contains(w.Body.String(), "others ask") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	a.l.archive.waiting.Add(maxWaiting)
	a.refused("GET", "/v1/series?object="+webUUID, "", 503, "too many")
	a.l.archive.waiting.Add(-maxWaiting)
	close(release)
	work.Wait()
	if from.asked.Load() != 2 || from.most.Load() != 1 || a.l.archive.waiting.Load() != 0 {
		t.Errorf("asked %d times, %d at once; %d wait", from.asked.Load(), from.most.Load(), a.l.archive.waiting.Load())
	}
}

// TestSeriesThatCannotBe: broken and missing archives.
func TestSeriesThatCannotBe(t *testing.T) {
	a := newAsker(t, &fakeMonitor{snapshot: pictureOf(t)})
	a.refused("GET", "/v1/series?object=web-07", "", 404, "no rows are archived for this agent")

	a, from := archived(t, pictureOf(t), nil)
	from.rows = func(context.Context, monitor.Object, int64, int64) (monitor.Update, error) {
		return nil, rrd.ErrNoArchive
	}
	a.refused("GET", "/v1/series?object=web-07", "", 404, "no rows are archived of vm:")
	from.rows = func(context.Context, monitor.Object, int64, int64) (monitor.Update, error) {
		return broken{rrdtest.Update(9980, 5, "vm/"+webUUID+"/cpu0 1 2").Reader()}, nil
	}
	a.refused("GET", "/v1/series?object=web-07&span=2h", "", 503, "cut short")
	from.rows = func(context.Context, monitor.Object, int64, int64) (monitor.Update, error) {
		return openReader{rrd.NewDecoder(strings.NewReader("<html>"), rrd.DecoderOptions{})}, nil
	}
	a.refused("GET", "/v1/series?object=web-07&span=1w", "", 503, "read rows")
	from.rows = func(context.Context, monitor.Object, int64, int64) (monitor.Update, error) {
		return openReader{rrdtest.Update(9980, 5, "vm/"+dbUUID+"/cpu0 1 2").Reader()}, nil
	}
	a.refused("GET", "/v1/series?object=web-07&span=1y", "", 404, "has no columns")
}

// broken ends in the middle.
type broken struct{ rrd.Reader }

func (broken) Close() error { return nil }
func (broken) Next() (rrd.Row, error) {
	return rrd.Row{}, fmt.Errorf("cut short: %w", io.ErrUnexpectedEOF)
}

// TestSeriesIsBounded: an archive of another make cannot fill the memory.
func TestSeriesIsBounded(t *testing.T) {
	var columns []string
	for i := range maxCells/maxRows + 10 {
		columns = append(columns, fmt.Sprintf("vm/%s/c%d 1x%d", webUUID, i, maxRows+9))
	}
	a, from := archived(t, pictureOf(t), func(int64, int64) *rrdtest.Document {
		return rrdtest.Update(10000-int64(maxRows+9), 1, columns...)
	})
	var got Series
	a.get("/v1/series?object=web-07", &got)
	if len(got.Columns) != maxSeriesColumns || !got.Truncated || len(got.T) != maxRows || len(got.Values) != maxSeriesColumns || got.T[maxRows-1] != 10000 {
		t.Errorf("%d columns, %d rows", len(got.Columns), len(got.T))
	}
	if b := a.l.archive.books; len(b) != 1 || b[0].cells() != maxCells {
		t.Errorf("%d books", len(b))
	}
	// What is kept is bounded as well.
	a.get("/v1/series?object=web-07&span=2h", &got)
	if b := a.l.archive.books; len(b) != 1 || b[0].span != "2h" || from.asked.Load() != 2 {
		t.Errorf("%d books", len(b))
	}
	shelf := newShelf(nil, nil)
	for i := range maxBooks + 5 {
		shelf.keep(&book{object: monitor.Object{UUID: fmt.Sprint(i)}})
	}
	if n := len(shelf.books); n != maxBooks || shelf.books[n-1].object.UUID != fmt.Sprint(maxBooks+4) || shelf.books[0].object.UUID != "5" {
		t.Errorf("%d books", n)
	}
}
