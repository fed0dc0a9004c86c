package metrics

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"perfmon/monitor"
)

// ownPage is a page with a counter of the agent's own.
func ownPage(log io.Writer, more ...prometheus.Collector) (*Page, prometheus.Counter) {
	r := prometheus.NewPedanticRegistry()
	c := prometheus.NewCounter(prometheus.CounterOpts{Name: "perfmon_polls_total", Help: `Polls, "good" ones.`})
	r.MustRegister(c)
	r.MustRegister(more...)
	return NewPage(PageOptions{Own: r, Now: func() time.Time { return now }, Logger: slog.New(slog.NewTextHandler(log, nil))}), c
}

// unpacked is what a client makes of an answer. One that reads gzip stops at
// the end of the first member here, as some do.
func unpacked(t testing.TB, w *httptest.ResponseRecorder) string {
	t.Helper()
	var in io.Reader = w.Body
	switch coding := w.Header().Get("Content-Encoding"); coding {
	case "":
	case "gzip":
		r, err := gzip.NewReader(in)
		if err != nil {
			t.Fatal(err)
		}
		r.Multistream(false)
		in = r
	case "zstd":
		r, err := zstd.NewReader(bytes.NewReader(w.Body.Next(w.Body.Len())))
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		in = r
	default:
		t.Fatalf("coding %q", coding)
	}
	page, err := io.ReadAll(in)
	if err != nil {
		t.Fatal(err)
	}
	if w.Body.Len() > 0 {
		t.Errorf("%d bytes after the end", w.Body.Len())
	}
	return string(page)
}

// readFamilies reads a page as a Prometheus client library does.
func readFamilies(t testing.TB, format expfmt.Format, page string) map[string]*dto.MetricFamily {
	t.Helper()
	if format.FormatType() == expfmt.TypeProtoDelim {
		all := map[string]*dto.MetricFamily{}
		d := expfmt.NewDecoder(strings.NewReader(page), format)
		for {
			var f dto.MetricFamily
			err := d.Decode(&f)
			if errors.Is(err, io.EOF) {
				return all
			}
			if err != nil {
				t.Fatal(err)
			}
			if all[f.GetName()] != nil {
				t.Errorf("%s comes twice", f.GetName())
			}
			all[f.GetName()] = &f
		}
	}
	p := expfmt.NewTextParser(model.UTF8Validation)
	all, err := p.TextToMetricFamilies(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestEveryForm(t *testing.T) {
	p, polls := ownPage(t.Output())
	p.Published(everything())
	golden := scrape(t, newPageWith(everything())).Body.String()
	for _, format := range []expfmt.Format{expfmt.FmtText, expfmt.FmtOpenMetrics_1_0_0, expfmt.FmtOpenMetrics_0_0_1, expfmt.FmtProtoDelim} {
		for _, coding := range []string{"identity", "gzip", "zstd"} {
			for n := range often + 2 { // printed, and from memory
				polls.Inc()
				w := scrape(t, p, "Accept", string(format), "Accept-Encoding", coding)
				if got := w.Header().Get("Content-Type"); !strings.HasPrefix(got, string(format)) {
					t.Errorf("%s, %s: type %q", format, coding, got)
				}
				if diff := cmp.Diff([]string{"Accept", "Accept-Encoding"}, w.Header().Values("Vary")); diff != "" {
					t.Errorf("Vary: %s", diff)
				}
				if got, want := w.Header().Get("Content-Encoding"), strings.TrimPrefix(coding, "identity"); got != want {
					t.Errorf("%s, %s: coding %q", format, coding, got)
				}
				if format == expfmt.FmtOpenMetrics_0_0_1 {
					n += often // the other OpenMetrics is the same body
				}
				if kept := coding != "identity" || n+1 >= often; kept != (w.Result().ContentLength == int64(w.Body.Len())) {
					t.Errorf("%s, %s, scrape %d: length %d of %d", format, coding, n+1, w.Result().ContentLength, w.Body.Len())
				}
				page := unpacked(t, w)
				if strings.HasPrefix(string(format), expfmt.OpenMetricsType) {
					if strings.Count(page, "# EOF\n") != 1 || !strings.HasSuffix(page, "\n# EOF\n") {
						t.Errorf("%s, %s: does not end with an EOF", format, coding)
					}
					continue // expfmt does not read it; promtool does in another test
				}
				got := readFamilies(t, format, page)
				if n := got["perfmon_polls_total"].GetMetric()[0].GetCounter().GetValue(); n < 1 {
					t.Errorf("%v polls", n)
				}
				delete(got, "perfmon_polls_total")
				if diff := cmp.Diff(texts(t, readFamilies(t, expfmt.FmtText, golden)), texts(t, got)); diff != "" {
					t.Errorf("%s, %s: %s", format, coding, diff)
				}
			}
		}
	}
}

func newPageWith(s *monitor.Snapshot) *Page {
	p := newPage(func() time.Time { return now })
	p.Published(s)
	return p
}

// texts are families as text, by name.
func texts(t testing.TB, families map[string]*dto.MetricFamily) map[string]string {
	all := map[string]string{}
	for name, f := range families {
		var b strings.Builder
		if _, err := expfmt.MetricFamilyToText(&b, f); err != nil {
			t.Fatal(err)
		}
		all[name] = b.String()
	}
	return all
}

func TestAFormIsMadeOnce(t *testing.T) {
	p, _ := ownPage(t.Output())
	p.Published(everything())
	body := func(f form) *body {
		if place := p.store.shelves[f]; place != nil {
			return place.body
		}
		return nil
	}
	text, zipped := form{expfmt.TypeTextPlain, identity}, form{expfmt.TypeTextPlain, gzipped}
	for range often - 1 {
		scrape(t, p)
		if body(text) != nil {
			t.Error("a page is kept that was not asked for often")
		}
	}
	scrape(t, p)
	scrape(t, p, "Accept-Encoding", "gzip")
	one, two := body(text), body(zipped)
	if one == nil || two == nil {
		t.Fatal("a page that was asked for is not kept")
	}
	scrape(t, p)
	scrape(t, p, "Accept-Encoding", "gzip")
	if body(text) != one || body(zipped) != two {
		t.Error("a page was made again without need")
	}
	p.Published(everything())
	if body(text) != nil || body(zipped) != nil {
		t.Error("an outdated page is kept")
	}
}

func TestWhatNobodyAsksForIsDropped(t *testing.T) {
	at := now
	p := NewPage(PageOptions{Now: func() time.Time { return at }, Logger: slog.New(slog.DiscardHandler)})
	s := everything()
	refresh := func() {
		next := *s
		p.Published(&next)
	}
	refresh()
	scrape(t, p, "Accept-Encoding", "zstd")
	scrape(t, p, "Accept-Encoding", "gzip")
	rows := p.store.press.rows
	at = at.Add(patience)
	refresh()
	if len(p.store.shelves) != 2 || p.store.encoder == nil || p.store.press.rows == nil {
		t.Error("dropped too soon")
	}
	scrape(t, p, "Accept-Encoding", "gzip")
	at = at.Add(1)
	refresh()
	if len(p.store.shelves) != 1 || p.store.encoder != nil {
		t.Error("zstd is kept, and nobody asks for it")
	}
	if p.store.press.rows != rows {
		t.Error("names were made again for the same legend")
	}
	at = at.Add(patience)
	refresh()
	if len(p.store.shelves) != 0 || p.store.press.rows != nil || p.store.press.alarms != nil || p.store.press.facts != nil {
		t.Error("names are kept, and nobody asks for them")
	}
	if scrape(t, p, "Accept-Encoding", "zstd").Body.Len() == 0 {
		t.Error("nothing any more")
	}
}

func TestNamesOfAnotherLegendAreDropped(t *testing.T) {
	p := newPageWith(picture(average("vm", "u", "cpu0", 0.5)))
	scrape(t, p)
	p.Published(picture(average("vm", "u", "cpu0", 0.5)))
	if p.store.press.rows != nil {
		t.Error("the legend of the snapshot before is held")
	}
}

// slowWriter is a client that has not read yet.
type slowWriter struct {
	*httptest.ResponseRecorder
	begun, read chan struct{}
}

func (w slowWriter) Write(p []byte) (int, error) {
	w.begun <- struct{}{}
	<-w.read
	return w.ResponseRecorder.Write(p)
}

// TestABodyThatIsBeingSentStays: its memory is not that of the next one.
func TestABodyThatIsBeingSentStays(t *testing.T) {
	p := newPageWith(picture(average("vm", "u", "cpu0", 0.5)))
	scrape(t, p, "Accept-Encoding", "gzip")
	slow := slowWriter{httptest.NewRecorder(), make(chan struct{}, 9), make(chan struct{})}
	r := httptest.NewRequest("GET", "/metrics", nil)
	r.Header.Set("Accept-Encoding", "gzip")
	done := make(chan struct{})
	go func() { p.ServeHTTP(slow, r); close(done) }()
	<-slow.begun
	p.Published(picture(average("vm", "w", "cpu1", 0.25)))
	if got := unpacked(t, scrape(t, p, "Accept-Encoding", "gzip")); !strings.Contains(got, `uuid="w"`) {
		t.Errorf("the next page: %s", got)
	}
	close(slow.read)
	<-done
	if got := unpacked(t, slow.ResponseRecorder); !strings.Contains(got, `uuid="u"`) {
		t.Errorf("the page that was being sent: %s", got)
	}
}

func TestOldRowsLeaveThePageInMemory(t *testing.T) {
	at := now
	p := NewPage(PageOptions{Now: func() time.Time { return at }, Logger: slog.New(slog.DiscardHandler)})
	p.Published(picture(average("vm", "u", "cpu0", 0.1)))
	for _, coding := range []string{"identity", "gzip", "zstd"} {
		at = now
		for range 3 {
			if unpacked(t, scrape(t, p, "Accept-Encoding", coding)) == "" {
				t.Errorf("%s: nothing while the row is fresh", coding)
			}
		}
		at = now.Add(time.Hour)
		for range 3 {
			if got := unpacked(t, scrape(t, p, "Accept-Encoding", coding)); got != "" {
				t.Errorf("%s: %q of an old row", coding, got)
			}
		}
	}
}

func TestScrapesAtOnce(t *testing.T) {
	p, _ := ownPage(io.Discard)
	one := picture(average("vm", "u", "cpu0", 0.1), average("sr", srUUID, "size", 5))
	two := picture(average("vm", "u", "cpu0", 0.1), average("vm", "u", "memory", 5))
	p.Published(one)
	var group sync.WaitGroup
	for i := range 6 {
		group.Go(func() {
			for range 50 {
				coding := []string{"identity", "gzip", "zstd"}[i%3]
				if n := len(samplesOf(unpacked(t, scrape(t, p, "Accept-Encoding", coding)))); n != 3 {
					t.Errorf("%d series", n)
				}
			}
		})
	}
	for range 100 {
		p.Published(two)
		p.Published(one)
	}
	group.Wait()
}

func TestTooManyScrapes(t *testing.T) {
	p := newPageWith(everything())
	slow := slowWriter{httptest.NewRecorder(), make(chan struct{}, 99), make(chan struct{})}
	var group sync.WaitGroup
	for range atOnce {
		group.Go(func() {
			w := slow
			w.ResponseRecorder = httptest.NewRecorder()
			p.ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
		})
		<-slow.begun
	}
	w := httptest.NewRecorder()
	p.ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if w.Code != http.StatusServiceUnavailable {
		t.Errorf("one too many: %d", w.Code)
	}
	close(slow.read)
	group.Wait()
	scrape(t, p)
}

func TestHead(t *testing.T) {
	p := newPageWith(everything())
	r := httptest.NewRequest("HEAD", "/metrics", nil)
	r.Header.Set("Accept-Encoding", "gzip")
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	if w.Code != 200 || w.Body.Len() > 0 || w.Header().Get("Content-Encoding") != "gzip" || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/plain") {
		t.Errorf("%d %v %q", w.Code, w.Header(), w.Body)
	}
}

func TestSomeMetrics(t *testing.T) {
	p, _ := ownPage(t.Output())
	p.Published(everything())
	get := func(query string) []string {
		r := httptest.NewRequest("GET", "/metrics?"+query, nil)
		r.Header.Set("Accept-Encoding", "gzip")
		w := httptest.NewRecorder()
		p.ServeHTTP(w, r)
		return samplesOf(unpacked(t, w))
	}
	got := get("name[]=perfmon_polls_total&name[]=xen_host_load_average&name[]=other")
	if len(got) != 2 || !strings.HasPrefix(got[0], "xen_host_load_average{") || got[1] != "perfmon_polls_total 0" {
		t.Errorf("%q", got)
	}
	if got := get("name[]=perfmon_polls_total"); len(got) != 1 {
		t.Errorf("%q", got)
	}
	if got := get("other=1"); len(got) < 100 {
		t.Errorf("%d series without a filter", len(got))
	}
}

// broken is a collector of a metric that cannot be made.
type broken struct{}

func (broken) Describe(chan<- *prometheus.Desc) {}
func (broken) Collect(ch chan<- prometheus.Metric) {
	ch <- prometheus.NewInvalidMetric(prometheus.NewDesc("broken", "B.", nil, nil), io.ErrUnexpectedEOF)
}

func TestBrokenMetricDoesNotTakeTheOthers(t *testing.T) {
	var log bytes.Buffer
	p, _ := ownPage(&log, broken{})
	p.Published(everything())
	page := scrape(t, p).Body.String()
	if !strings.Contains(page, "perfmon_polls_total 0") || !strings.Contains(page, "xen_host_load_ratio{") {
		t.Error(page)
	}
	if !strings.Contains(log.String(), "unexpected EOF") {
		t.Errorf("not logged: %q", log.String())
	}
}

func TestPageBeforeTheFirstPoll(t *testing.T) {
	p, _ := ownPage(t.Output())
	for _, coding := range []string{"identity", "gzip", "zstd"} {
		for range 3 {
			page := unpacked(t, scrape(t, p, "Accept-Encoding", coding, "Accept", string(expfmt.FmtOpenMetrics_1_0_0)))
			if !strings.Contains(page, "perfmon_polls_total 0.0\n") || !strings.HasSuffix(page, "\n# EOF\n") {
				t.Errorf("%s: %q", coding, page)
			}
		}
	}
	p.Published(nil)
	scrape(t, p, "Accept-Encoding", "gzip")
}

func TestCodingOf(t *testing.T) {
	for header, want := range map[string]coding{
		"":                           identity,
		"gzip":                       gzipped,
		"GZIP":                       gzipped,
		"gzip, deflate":              gzipped,
		"gzip, deflate, br, zstd":    gzipped,
		"deflate, br;q=1.0, zstd":    zstandard,
		"gzip;q=0.5, zstd;q=0.8":     zstandard,
		"gzip;q=0, zstd ; q=0.001":   zstandard,
		"gzip;q=0":                   identity,
		"identity, gzip":             identity,
		"identity;q=0.5, gzip":       gzipped,
		"*":                          identity,
		"br":                         identity,
		"gzip;q=x":                   identity,
		"gzip;level=9":               identity,
		"gzip;q=NaN":                 identity,
		",;,gzip;q=,zstd":            zstandard,
		"x-gzip":                     identity,
		strings.Repeat("gzip;,", 99): identity,
	} {
		if got := codingOf(header); got != want {
			t.Errorf("codingOf(%q) = %v, want %v", header, got, want)
		}
	}
}
