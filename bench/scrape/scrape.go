// Package scrape measures what one scrape of 30,000 series takes: of the
// agent's page, and of the same series by the usual libraries.
package scrape

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"perfmon/bench/measure"
	"perfmon/monitor"
	"perfmon/monitor/metrics"
)

// Subject is one way to answer a scrape.
type Subject struct {
	Name, About string
	scrape      func() (func(w http.ResponseWriter, refresh bool) error, error)
	refresh     bool // before each scrape, as a poll does
}

// Subjects are all of them, in the order of the table.
func Subjects() []Subject {
	return []Subject{
		{"perfmon", "perfmon, first scrape after a refresh", ours("", agents()), true},
		{"perfmon-gzip", "the same in gzip", ours("gzip", agents()), true},
		{"perfmon-zstd", "the same in zstd", ours("zstd", agents()), true},
		{"perfmon-again", "perfmon, served again", ours("", agents()), false},
		{"perfmon-gzip-again", "the same in gzip", ours("gzip", agents()), false},
		{"victoria", "VictoriaMetrics/metrics, gauges set and written", victoriaMetrics, true},
		{"const", "client_golang const metrics", constMetrics(""), true},
		{"const-gzip", "the same in gzip", constMetrics("gzip"), true},
	}
}

// Measure measures the subject of a name.
func Measure(name string) (measure.Report, error) {
	for _, s := range Subjects() {
		if s.Name != name {
			continue
		}
		scrape, err := s.scrape()
		if err != nil {
			return measure.Report{}, err
		}
		w := &counter{header: http.Header{}}
		pass := func() error {
			clear(w.header)
			w.bytes, w.status = 0, http.StatusOK
			if err := scrape(w, s.refresh); err != nil {
				return err
			}
			if w.status != http.StatusOK || w.bytes < 1000 {
				return fmt.Errorf("status %d and %d bytes", w.status, w.bytes)
			}
			return nil
		}
		for range 3 { // until all that is to be kept is
			if err := pass(); err != nil {
				return measure.Report{}, err
			}
		}
		r, err := measure.Loop(pass)
		r.Bytes = w.bytes
		return r, err
	}
	return measure.Report{}, errors.New("there is no such subject")
}

// counter is a client that only counts.
type counter struct {
	header        http.Header
	status, bytes int
}

func (c *counter) Header() http.Header         { return c.header }
func (c *counter) WriteHeader(status int)      { c.status = status }
func (c *counter) Write(p []byte) (int, error) { c.bytes += len(p); return len(p), nil }

func request(coding string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	r.Header.Set("Accept", "text/plain;version=0.0.4")
	if coding != "" {
		r.Header.Set("Accept-Encoding", coding)
	}
	return r
}

// own are the metrics of a process itself, which stand on every page.
func own() *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return r
}

// agents are the same as the agent has them.
func agents() *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), metrics.NewProcess())
	return r
}

// ours is the agent's page, with the snapshots that two polls in turn leave.
func ours(coding string, own prometheus.Gatherer) func() (func(http.ResponseWriter, bool) error, error) {
	return func() (func(http.ResponseWriter, bool) error, error) {
		page, snapshots := newPage(own)
		r, turn := request(coding), 0
		return func(w http.ResponseWriter, refresh bool) error {
			if refresh {
				turn++
				page.Published(snapshots[turn%len(snapshots)])
			}
			page.ServeHTTP(w, r)
			return nil
		}, nil
	}
}

func newPage(own prometheus.Gatherer) (*metrics.Page, []*monitor.Snapshot) {
	s := snapshots()
	begin, taken := time.Now(), s[0].Taken
	clock := func() time.Time { return taken.Add(time.Since(begin)) }
	page := metrics.NewPage(metrics.PageOptions{Own: own, Now: clock, Logger: slog.New(slog.DiscardHandler)})
	page.Published(s[0])
	return page, s
}

// series are those of the agent's page, read back from its text.
type series struct {
	name   string
	labels []string // names and values in turn
	value  float64
	help   string
}

// readPage reads the agent's own page, so that the others have the same.
func readPage() ([]series, error) {
	page, _ := newPage(nil)
	w := httptest.NewRecorder()
	page.ServeHTTP(w, request(""))
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(w.Body.Bytes()))
	if err != nil {
		return nil, err
	}
	var list []series
	for name, f := range families {
		for _, m := range f.Metric {
			s := series{name: name, help: f.GetHelp(), value: m.GetGauge().GetValue() + m.GetCounter().GetValue() + m.GetUntyped().GetValue()}
			for _, l := range m.Label {
				s.labels = append(s.labels, l.GetName(), l.GetValue())
			}
			list = append(list, s)
		}
	}
	if len(list) < 30000 {
		return nil, fmt.Errorf("the page has %d series: want 30,000", len(list))
	}
	return list, nil
}

// constMetrics is the usual way to show values that come from elsewhere.
func constMetrics(coding string) func() (func(http.ResponseWriter, bool) error, error) {
	return func() (func(http.ResponseWriter, bool) error, error) {
		list, err := readPage()
		if err != nil {
			return nil, err
		}
		registry := own()
		if err := registry.Register(newCollector(list)); err != nil {
			return nil, err
		}
		handler, r := promhttp.HandlerFor(registry, promhttp.HandlerOpts{}), request(coding)
		return func(w http.ResponseWriter, _ bool) error {
			handler.ServeHTTP(w, r)
			return nil
		}, nil
	}
}

// collector has its descriptions and label values ready.
type collector struct {
	descs  []*prometheus.Desc
	values [][]string
	list   []series
}

func newCollector(list []series) *collector {
	c := &collector{list: list}
	known := map[string]*prometheus.Desc{}
	for _, s := range list {
		var names, values []string
		for i := 0; i < len(s.labels); i += 2 {
			names, values = append(names, s.labels[i]), append(values, s.labels[i+1])
		}
		key := fmt.Sprint(s.name, names)
		if known[key] == nil {
			known[key] = prometheus.NewDesc(s.name, s.help, names, nil)
		}
		c.descs, c.values = append(c.descs, known[key]), append(c.values, values)
	}
	return c
}

func (c *collector) Describe(chan<- *prometheus.Desc) {}

func (c *collector) Collect(ch chan<- prometheus.Metric) {
	for i, s := range c.list {
		ch <- prometheus.MustNewConstMetric(c.descs[i], prometheus.GaugeValue, s.value, c.values[i]...)
	}
}
