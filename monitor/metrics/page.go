package metrics

import "github.com/prometheus/client_golang/prometheus"

// page takes the series that are made anew for each scrape.
type page struct {
	ch   chan<- prometheus.Metric
	sent map[string]bool // by identity
}

// send puts a series on the page, unless its value is unknown or it is there
// already: of two equal series Prometheus would take neither, nor the rest
// of the page.
func (p *page) send(f *family, value float64, values ...string) {
	if !finite(value) {
		return
	}
	labels := f.pairs(values...)
	id := identity(f, labels)
	if p.sent[id] {
		return
	}
	p.sent[id] = true
	p.ch <- gauge{f, labels, value}
}
