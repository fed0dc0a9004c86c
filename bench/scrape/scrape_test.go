package scrape

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestSameSeries compares the series of the pages that are compared: names,
// labels and values.
func TestSameSeries(t *testing.T) {
	var want map[string]float64
	for _, s := range Subjects() {
		if strings.Contains(s.Name, "gzip") || strings.Contains(s.Name, "zstd") {
			continue
		}
		scrape, err := s.scrape()
		if err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		if err := scrape(w, false); err != nil {
			t.Fatal(err)
		}
		got := seriesOf(t, w.Body.String())
		if want == nil {
			want = got
		}
		if len(got) < 30000 || !maps.Equal(got, want) {
			t.Errorf("%s has %d series, perfmon %d, and not the same", s.Name, len(got), len(want))
		}
	}
}

// seriesOf reads the series of the toolstack, with sorted labels.
func seriesOf(t *testing.T, page string) map[string]float64 {
	t.Helper()
	series := map[string]float64{}
	for line := range strings.Lines(page) {
		text, value, ok := strings.Cut(strings.TrimSpace(line), "} ")
		if !strings.HasPrefix(line, "xen_") || !ok {
			continue
		}
		name, labels, _ := strings.Cut(text, "{")
		pairs := strings.Split(labels, ",")
		slices.Sort(pairs)
		number, err := strconv.ParseFloat(value, 64)
		if err != nil {
			t.Fatal(err)
		}
		series[name+"{"+strings.Join(pairs, ",")] = number
	}
	return series
}

// TestRefresh scrapes ours after one refresh and another: the values change.
func TestRefresh(t *testing.T) {
	scrape, err := ours("", own())()
	if err != nil {
		t.Fatal(err)
	}
	page := func(refresh bool) map[string]float64 {
		w := httptest.NewRecorder()
		if err := scrape(w, refresh); err != nil || w.Code != http.StatusOK {
			t.Fatal(err, w.Code)
		}
		return seriesOf(t, w.Body.String())
	}
	first := page(true)
	if !maps.Equal(first, page(false)) {
		t.Error("without a refresh the page has changed")
	}
	if maps.Equal(first, page(true)) {
		t.Error("a refresh does not change the page")
	}
}
