package xapi

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics of a Sink.
type metrics struct {
	results *prometheus.CounterVec
}

func newMetrics(r prometheus.Registerer, waiting func() (int, time.Time)) *metrics {
	m := &metrics{results: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "perfmon_messages_total", Help: "Tries to create an XAPI message for an alarm, by result: sent, retried, dropped.",
	}, []string{"result"})}
	for _, result := range []string{"sent", "retried", "dropped"} {
		m.results.WithLabelValues(result)
	}
	if r == nil {
		return m
	}
	r.MustRegister(m.results,
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "perfmon_messages_queued", Help: "Alarms that wait for their XAPI message to be created.",
		}, func() float64 { n, _ := waiting(); return float64(n) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "perfmon_messages_oldest_seconds", Help: "How long the oldest of them has waited.",
		}, func() float64 {
			n, oldest := waiting()
			if n == 0 {
				return 0
			}
			return time.Since(oldest).Seconds()
		}))
	return m
}
