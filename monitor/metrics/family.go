package metrics

import (
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// family is a metric of the page with its label names. All of them are
// gauges: what the toolstack records are values and rates, never counts.
type family struct {
	name   string
	help   string
	labels []string
	desc   *prometheus.Desc
}

func newFamily(name, help string, labels ...string) *family {
	return &family{name, help, labels, prometheus.NewDesc(name, help, labels, nil)}
}

// pairs makes the labels of one series, mended where foreign text needs it.
func (f *family) pairs(values ...string) []*dto.LabelPair {
	mended := make([]string, len(values))
	for i, v := range values {
		mended[i] = label(v)
	}
	return prometheus.MakeLabelPairs(f.desc, mended)
}

// gauge is one series with a value. Its labels may be shared with others
// that were sent earlier; nobody changes them.
type gauge struct {
	family *family
	labels []*dto.LabelPair
	value  float64
}

// Desc is part of prometheus.Metric.
func (g gauge) Desc() *prometheus.Desc { return g.family.desc }

// Write is part of prometheus.Metric.
func (g gauge) Write(m *dto.Metric) error {
	m.Label = g.labels
	m.Gauge = &dto.Gauge{Value: &g.value}
	return nil
}
