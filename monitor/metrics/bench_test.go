package metrics

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/common/expfmt"

	"perfmon/monitor"
	"perfmon/monitor/metrics/metricstest"
)

var formatNames = []string{"text", "openmetrics", "protobuf"}

// vms is how many make 30,000 series.
const vms = 1000

func benchClock() time.Time { return time.Unix(metricstest.RowTime+1, 0) }

// nobody reads, and counts.
type nobody struct {
	header http.Header
	n      int
}

func (w *nobody) Header() http.Header         { return w.header }
func (w *nobody) WriteHeader(int)             {}
func (w *nobody) Write(p []byte) (int, error) { w.n += len(p); return len(p), nil }

func scrapeNobody(h http.Handler, format expfmt.Format, coding string) int {
	r := httptest.NewRequest("GET", "/metrics", nil)
	r.Header.Set("Accept", string(format))
	r.Header.Set("Accept-Encoding", coding)
	w := &nobody{header: http.Header{}}
	h.ServeHTTP(w, r)
	return w.n
}

// cpuTime reports how much time of the processors a loop took, which others
// on the machine do not lengthen as much as the time on the wall.
func cpuTime(b *testing.B) func() {
	begin := usage()
	return func() { b.ReportMetric(float64(usage()-begin)/float64(b.N), "cpu-ns/op") }
}

func usage() int64 {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		panic(err)
	}
	return r.Utime.Nano() + r.Stime.Nano()
}

// BenchmarkPage scrapes 30,000 series in each form: first, when the form has
// to be made, and again.
func BenchmarkPage(b *testing.B) {
	s := metricstest.Snapshot(vms)
	next := metricstest.Next(s)
	for i, format := range formats {
		for _, coding := range []string{"identity", "gzip", "zstd"} {
			name := fmt.Sprintf("%s/%s", formatNames[i], coding)
			b.Run(name+"/first", func(b *testing.B) {
				p := newPage(benchClock)
				p.Published(s)
				n := scrapeNobody(p, format, coding)
				b.ReportAllocs()
				defer cpuTime(b)()
				for b.Loop() {
					s, next = next, s
					p.Published(s)
					scrapeNobody(p, format, coding)
				}
				b.ReportMetric(float64(n), "bytes")
			})
			b.Run(name+"/again", func(b *testing.B) {
				p := newPage(benchClock)
				p.Published(s)
				scrapeNobody(p, format, coding)
				scrapeNobody(p, format, coding)
				b.ReportAllocs()
				defer cpuTime(b)()
				for b.Loop() {
					scrapeNobody(p, format, coding)
				}
			})
		}
	}
}

// constantSeries is the reference at its best: the same series as constant
// metrics of client_golang, with all that can be ready before a scrape.
type constantSeries struct {
	descs  []*prometheus.Desc
	values []float64
	labels [][]string
}

func newConstantSeries(s *monitor.Snapshot) *constantSeries {
	c := &constantSeries{values: make([]float64, 0, len(s.Row.Values))}
	m := mustMapping()
	descs := map[*family]*prometheus.Desc{}
	for i, e := range s.Legend.Entries {
		k, parts := m.find(e)
		if descs[k.family] == nil {
			descs[k.family] = prometheus.NewDesc(k.family.name, k.family.help, k.family.labels, nil)
		}
		c.descs = append(c.descs, descs[k.family])
		c.values = append(c.values, k.unit.base(s.Row.Values[i]))
		c.labels = append(c.labels, append([]string{e.UUID}, parts...))
	}
	return c
}

// Describe is part of prometheus.Collector.
func (*constantSeries) Describe(chan<- *prometheus.Desc) {}

// Collect is part of prometheus.Collector.
func (c *constantSeries) Collect(ch chan<- prometheus.Metric) {
	for i, desc := range c.descs {
		ch <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, c.values[i], c.labels[i]...)
	}
}

// BenchmarkConstants is what a scrape of the same 30,000 series costs with
// client_golang.
func BenchmarkConstants(b *testing.B) {
	r := prometheus.NewRegistry()
	r.MustRegister(newConstantSeries(metricstest.Snapshot(vms)))
	h := promhttp.HandlerFor(r, promhttp.HandlerOpts{})
	for i, format := range formats {
		for _, coding := range []string{"identity", "gzip"} {
			b.Run(formatNames[i]+"/"+coding, func(b *testing.B) {
				b.ReportAllocs()
				defer cpuTime(b)()
				for b.Loop() {
					scrapeNobody(h, format, coding)
				}
			})
		}
	}
}

// BenchmarkOwn is what the agent's own metrics add to a scrape that has them
// gathered.
func BenchmarkOwn(b *testing.B) {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), NewProcess())
	for _, coding := range []string{"identity", "gzip", "zstd"} {
		b.Run(coding, func(b *testing.B) {
			at := benchClock()
			p := NewPage(PageOptions{Own: r, Now: func() time.Time { return at }})
			b.ReportAllocs()
			defer cpuTime(b)()
			for b.Loop() {
				at = at.Add(ownAge)
				scrapeNobody(p, expfmt.FmtText, coding)
			}
		})
	}
}

// BenchmarkNames makes the names ready, as after a change of the legend.
func BenchmarkNames(b *testing.B) {
	s := metricstest.Snapshot(vms)
	m := mustMapping()
	b.ReportAllocs()
	defer cpuTime(b)()
	for b.Loop() {
		newRows(s.Legend, m)
	}
}

// BenchmarkHeld says how many bytes of memory a page keeps between two
// scrapes, after a refresh between two others: the names, and what is kept of
// the forms.
func BenchmarkHeld(b *testing.B) {
	for _, c := range []struct {
		name    string
		codings []string
	}{
		{"nobody", nil},
		{"text", []string{"identity"}},
		{"gzip", []string{"gzip"}},
		{"text+gzip", []string{"identity", "gzip"}},
		{"zstd", []string{"zstd"}},
		{"text-often", []string{"identity", "identity", "identity"}},
	} {
		b.Run(c.name, func(b *testing.B) {
			s := metricstest.Snapshot(vms)
			next := metricstest.Next(s)
			for b.Loop() {
				before := heap()
				p := newPage(benchClock)
				for _, s := range []*monitor.Snapshot{next, s} {
					p.Published(s)
					for _, coding := range c.codings {
						scrapeNobody(p, expfmt.FmtText, coding)
					}
				}
				held := heap() - before
				b.ReportMetric(float64(held), "held-bytes")
				b.ReportMetric(float64(held)/float64(len(s.Row.Values)), "held-bytes/series")
				runtime.KeepAlive(p)
			}
			runtime.KeepAlive(next)
			runtime.KeepAlive(s)
		})
	}
}

func heap() int64 {
	runtime.GC()
	runtime.GC() // what pools had
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
