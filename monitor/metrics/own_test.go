package metrics

import (
	"log/slog"
	"net/http/httptest"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"

	"perfmon/monitor"
)

// counted says how often it was gathered: once more each time.
type counted struct{ n atomic.Int64 }

func (c *counted) Gather() ([]*dto.MetricFamily, error) {
	n := float64(c.n.Add(1))
	name, kind := "gatherings_total", dto.MetricType_COUNTER
	return []*dto.MetricFamily{{Name: &name, Help: &name, Type: &kind, Metric: []*dto.Metric{{Counter: &dto.Counter{Value: &n}}}}}, nil
}

// fakeClock is a time that a test sets, in nanoseconds after now.
type fakeClock struct{ past atomic.Int64 }

func (c *fakeClock) Now() time.Time       { return now.Add(time.Duration(c.past.Load())) }
func (c *fakeClock) pass(d time.Duration) { c.past.Add(int64(d)) }
func (c *fakeClock) page(own prometheus.Gatherer) *Page {
	return NewPage(PageOptions{Own: own, Now: c.Now, Logger: slog.New(slog.DiscardHandler)})
}

var codingsAsked = []string{"identity", "gzip", "zstd"}

// shown is the number of the gathering that a scrape shows.
func shown(t testing.TB, w *httptest.ResponseRecorder, format expfmt.Format) int {
	t.Helper()
	page := unpacked(t, w)
	return int(readFamilies(t, format, page)["gatherings_total"].GetMetric()[0].GetCounter().GetValue())
}

func TestOwnMetricsAreKeptForASecond(t *testing.T) {
	var own counted
	var clock fakeClock
	p := clock.page(&own)
	p.Published(picture(average("vm", "u", "cpu0", 0.5)))
	expect := func(want int) {
		t.Helper()
		for range 3 { // printed, made, from memory
			for _, format := range []expfmt.Format{expfmt.FmtText, expfmt.FmtProtoDelim} {
				for _, coding := range codingsAsked {
					if got := shown(t, scrape(t, p, "Accept", string(format), "Accept-Encoding", coding), format); got != want {
						t.Errorf("%s, %s: of gathering %d, want %d", format, coding, got, want)
					}
				}
			}
		}
		if n := int(own.n.Load()); n != want {
			t.Errorf("gathered %d times, want %d", n, want)
		}
	}
	expect(1)
	clock.pass(ownAge - 1)
	expect(1)
	clock.pass(1)
	expect(2)
	p.Published(picture(average("vm", "u", "cpu0", 0.75))) // the page is of this one at once
	expect(3)
	clock.pass(-time.Hour) // a clock that was set back
	expect(4)
}

func TestOwnMetricsThatAreAskedForByName(t *testing.T) {
	var own counted
	var clock fakeClock
	p := clock.page(&own)
	for range 2 {
		w := httptest.NewRecorder()
		p.ServeHTTP(w, httptest.NewRequest("GET", "/metrics?name[]=gatherings_total", nil))
		if n := shown(t, w, expfmt.FmtText); n != 1 {
			t.Errorf("of gathering %d, want 1", n)
		}
	}
	if n := shown(t, scrape(t, p), expfmt.FmtText); n != 1 {
		t.Errorf("of gathering %d, want 1", n)
	}
}

// gathererFunc is a function as a Gatherer.
type gathererFunc func() ([]*dto.MetricFamily, error)

func (f gathererFunc) Gather() ([]*dto.MetricFamily, error) { return f() }

// TestScrapesShareAGathering has them all come while the first one gathers,
// which takes longer than what was gathered is good for.
func TestScrapesShareAGathering(t *testing.T) {
	var own counted
	var clock fakeClock
	var group sync.WaitGroup
	var p *Page
	p = clock.page(gathererFunc(func() ([]*dto.MetricFamily, error) {
		if own.n.Load() == 0 {
			for i := range atOnce - 1 {
				group.Go(func() {
					if n := shown(t, scrape(t, p, "Accept-Encoding", codingsAsked[i%3]), expfmt.FmtText); n != 1 {
						t.Errorf("of gathering %d, want 1", n)
					}
				})
			}
			for range 1000 {
				runtime.Gosched() // so that they come
			}
			clock.pass(2 * ownAge)
		}
		return own.Gather()
	}))
	p.Published(picture(average("vm", "u", "cpu0", 0.5)))
	if n := shown(t, scrape(t, p), expfmt.FmtText); n != 1 {
		t.Errorf("of gathering %d, want 1", n)
	}
	group.Wait()
}

// TestCountersNeverGoBack: not from one scrape to the next of the same client,
// whatever it asks for, while others scrape and polls go on.
func TestCountersNeverGoBack(t *testing.T) {
	var own counted
	var clock fakeClock
	p := clock.page(&own)
	snapshots := []*monitor.Snapshot{picture(average("vm", "u", "cpu0", 0.1)), picture(average("vm", "u", "cpu0", 0.2))}
	p.Published(snapshots[0])
	var group sync.WaitGroup
	for client := range 4 {
		group.Go(func() {
			last := 0
			for i := range 60 {
				clock.pass(ownAge / 3)
				if i%5 == client {
					p.Published(snapshots[i/5%2])
				}
				format := []expfmt.Format{expfmt.FmtText, expfmt.FmtProtoDelim}[(i+client)%2]
				n := shown(t, scrape(t, p, "Accept", string(format), "Accept-Encoding", codingsAsked[(i/2+client)%3]), format)
				if n < last {
					t.Errorf("gathering %d after %d", n, last)
				}
				last = n
			}
		})
	}
	group.Wait()
	if n := own.n.Load(); n < 20 {
		t.Errorf("gathered %d times in 80 seconds", n)
	}
}

func TestOwnMetricsAreWrittenOnce(t *testing.T) {
	var clock fakeClock
	p := clock.page(&counted{})
	p.Published(picture(average("vm", "u", "cpu0", 0.5)))
	for range 2 {
		scrape(t, p, "Accept-Encoding", "gzip")
	}
	end := &p.store.shelves[form{expfmt.TypeTextPlain, gzipped}].end.bytes[0]
	scrape(t, p, "Accept-Encoding", "gzip")
	if &p.store.shelves[form{expfmt.TypeTextPlain, gzipped}].end.bytes[0] != end {
		t.Error("the end of the page was made again")
	}
}
