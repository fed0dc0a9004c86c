package metrics

import (
	"bytes"
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

func collectorAt(s *monitor.Snapshot, at time.Time) *Collector {
	return New(func() *monitor.Snapshot { return s }, func() time.Time { return at })
}

// pageOf is the whole page as Prometheus gets it, through a registry that
// checks everything.
func pageOf(t testing.TB, c *Collector) string {
	t.Helper()
	r := prometheus.NewPedanticRegistry()
	if err := r.Register(c); err != nil {
		t.Fatal(err)
	}
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	for _, f := range families {
		if _, err := expfmt.MetricFamilyToText(&b, f); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

// samples is the page without its comments.
func samples(t testing.TB, s *monitor.Snapshot) []string {
	t.Helper()
	return samplesOf(pageOf(t, collectorAt(s, now)))
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
