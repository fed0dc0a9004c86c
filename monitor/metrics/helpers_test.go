package metrics

import (
	"bytes"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"

	"perfmon/docs/docstest"
	"perfmon/monitor"
	"perfmon/rrd"
)

const (
	hostUUID = "2f4c9d1e-0b7a-4c1d-9a55-7e3d1c0b4a01"
	vmUUID   = "7b1f3c52-64a0-4e7b-8d39-90c2f5a1e602"
	dom0UUID = "c0a80101-1111-4222-8333-445566778803"
	srUUID   = "408b0f99-5c1e-4a7d-8f20-13d5e0c9ab04"
	isoUUID  = "eb8904d9-93d2-4b6e-a0b1-6d7c2e4f5a05"

	rowTime = 1766000140
)

// now is a moment after the row.
var now = time.Unix(rowTime+7, 0)

// column is a legend entry with a value.
type column struct {
	entry rrd.Entry
	value float64
}

func average(class, uuid, name string, value float64) column {
	return column{rrd.Entry{CF: rrd.Average, Class: class, UUID: uuid, Name: name}, value}
}

// picture makes a Snapshot with one row.
func picture(columns ...column) *monitor.Snapshot {
	s := &monitor.Snapshot{Taken: now, Legend: &rrd.Legend{}, Row: rrd.Row{T: rowTime, Values: []float64{}}, Step: 5}
	for _, c := range columns {
		s.Legend.Entries = append(s.Legend.Entries, c.entry)
		s.Row.Values = append(s.Row.Values, c.value)
	}
	return s
}

// formats are those of the page.
var formats = []expfmt.Format{expfmt.FmtText, expfmt.FmtOpenMetrics_1_0_0, expfmt.FmtProtoDelim}

// pageAt is the page as Prometheus gets it of a snapshot. In each format it
// must be, to the byte, what client_golang writes of the reference.
func pageAt(t testing.TB, s *monitor.Snapshot, at time.Time) string {
	t.Helper()
	p := newPage(func() time.Time { return at })
	if s != nil {
		p.Published(s)
	}
	r := prometheus.NewPedanticRegistry()
	r.MustRegister(newReference(s, at))
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range formats {
		var want bytes.Buffer
		enc := expfmt.NewEncoder(&want, format)
		for _, f := range families {
			if err := enc.Encode(f); err != nil {
				t.Fatal(err)
			}
		}
		if err := enc.(expfmt.Closer).Close(); err != nil {
			t.Fatal(err)
		}
		got := scrape(t, p, "Accept", string(format)).Body.String()
		if diff := cmp.Diff(want.String(), got); diff != "" {
			t.Errorf("%s: not what client_golang writes (-want +got):\n%s", format, diff)
		}
	}
	return scrape(t, p).Body.String()
}

// newPage makes a page without metrics of its own.
func newPage(now func() time.Time) *Page {
	return NewPage(PageOptions{Now: now, Logger: slog.New(slog.DiscardHandler)})
}

// scrape gets the page; header has names and values.
func scrape(t testing.TB, p *Page, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest("GET", "/metrics", nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	if w.Code != 200 {
		t.Fatalf("scrape with %q: %d %s", header, w.Code, w.Body)
	}
	return w
}

// samples is the page without its comments.
func samples(t testing.TB, s *monitor.Snapshot) []string {
	t.Helper()
	return samplesOf(pageAt(t, s, now))
}

func samplesOf(page string) []string {
	var lines []string
	for line := range strings.Lines(page) {
		if !strings.HasPrefix(line, "#") {
			lines = append(lines, strings.TrimSuffix(line, "\n"))
		}
	}
	return lines
}

// golden compares with a file, or writes it with -update.
func golden(t *testing.T, path, got string) {
	t.Helper()
	if docstest.Updating() {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s is not what the page is now (-file +page); if it should be, run go test -update:\n%s", path, diff)
	}
}
