//go:build !race

// With the race detector pools forget what was put into them, at random.

package metrics

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"perfmon/monitor"
	"perfmon/monitor/metrics/metricstest"
)

// TestAllocations: how often memory is taken does not depend on how many
// series there are.
func TestAllocations(t *testing.T) {
	const limit = 80 // most of it is spent on the request's headers
	small, large := metricstest.Snapshot(10), metricstest.Snapshot(200)
	for _, format := range formats {
		for _, coding := range []string{"identity", "gzip", "zstd"} {
			var counts [2]float64
			for i, s := range []*monitor.Snapshot{small, large} {
				p := newPage(benchClock)
				next := metricstest.Next(s)
				r := httptest.NewRequest("GET", "/metrics", nil)
				r.Header.Set("Accept", string(format))
				r.Header.Set("Accept-Encoding", coding)
				scrape := func() { p.ServeHTTP(&nobody{header: http.Header{}}, r) }
				counts[i] = testing.AllocsPerRun(20, func() {
					s, next = next, s
					p.Published(s)
					scrape()
				})
				again := testing.AllocsPerRun(20, scrape)
				if counts[i] > limit || again > limit {
					t.Errorf("%s, %s: %v allocations after a refresh, %v when asked again; want at most %d", format, coding, counts[i], again, limit)
				}
			}
			if counts[1] > counts[0]+4 { // a buffer of a compressor now and then
				t.Errorf("%s, %s: %v allocations for %d VMs, %v for %d", format, coding, counts[0], 10, counts[1], 200)
			}
		}
	}
}

// TestPrintingAllocatesNothing is about the part that is done for each
// series.
func TestPrintingAllocatesNothing(t *testing.T) {
	e := newPress().edition(metricstest.Snapshot(100), true)
	for _, format := range formats {
		piece, kind := make([]byte, 0, 2*pieceSize), format.FormatType()
		out := &nobody{}
		n := testing.AllocsPerRun(10, func() {
			if _, err := e.print(out, kind, nil, piece); err != nil {
				t.Error(err)
			}
		})
		if n > 1 { // the printer
			t.Errorf("%s: %v allocations", format, n)
		}
	}
}
