package docstest

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

func TestTable(t *testing.T) {
	var r Registry
	r.MustRegister(
		prometheus.NewCounterVec(prometheus.CounterOpts{Name: "calls_total", Help: "Calls."}, []string{"method", "result"}),
		prometheus.NewGauge(prometheus.GaugeOpts{Name: "size_bytes", Help: "Size.", ConstLabels: prometheus.Labels{"of": "it"}}),
		prometheus.NewHistogram(prometheus.HistogramOpts{Name: "wait_seconds", Help: "Wait."}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "ok", Help: "1."}, func() float64 { return 1 }),
		prometheus.NewGauge(prometheus.GaugeOpts{Name: "size_bytes", Help: "Size.", ConstLabels: prometheus.Labels{"of": "another"}}),
	)
	want := "| metric | type | labels | meaning |\n|---|---|---|---|\n" +
		"| `calls_total` | counter | `method`, `result` | Calls. |\n" +
		"| `size_bytes` | gauge | `of` | Size. |\n" +
		"| `wait_seconds` | histogram |  | Wait. |\n" +
		"| `ok` | gauge |  | 1. |\n"
	if got := r.Table(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}
