package journal

import (
	"fmt"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics of a Journal.
type metrics struct {
	commit   prometheus.Histogram
	fileSize atomic.Int64
}

func newMetrics(j *Journal) (*metrics, error) {
	m := &metrics{commit: prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "perfmon_journal_write_seconds", Help: "How long a transaction of the journal took, until it was on the disk.",
		Buckets: []float64{.001, .003, .01, .03, .1, .3, 1, 3, 10},
	})}
	r := j.opts.Registerer
	if r == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{
		m.commit,
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "perfmon_journal_degraded", Help: "1 while the journal's disk does not work and all is kept in memory only, otherwise 0.",
		}, func() float64 {
			if degraded, _ := j.Degraded(); degraded {
				return 1
			}
			return 0
		}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "perfmon_journal_file_bytes", Help: "Size of the journal's file after the last write.",
		}, func() float64 { return float64(m.fileSize.Load()) }),
	} {
		if err := r.Register(c); err != nil {
			return nil, fmt.Errorf("register metrics: %w", err)
		}
	}
	return m, nil
}
