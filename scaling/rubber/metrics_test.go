package rubber

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"
)

// counted is the value of one metric, as a page shows its name and labels; -1
// if it is not there.
func counted(t *testing.T, c *Controller, name string) float64 {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	if err := registry.Register(c.Metrics()); err != nil {
		t.Fatal(err)
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if shown(f.GetName(), m) == name {
				return m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
			}
		}
	}
	return -1
}

func shown(name string, m *dto.Metric) string {
	var labels []string
	for _, l := range m.GetLabel() {
		labels = append(labels, l.GetName()+`="`+l.GetValue()+`"`)
	}
	if len(labels) == 0 {
		return name
	}
	return name + "{" + strings.Join(labels, ",") + "}"
}

// TestMetricNames holds all names to what Prometheus wants of them.
func TestMetricNames(t *testing.T) {
	inTime(t, nil, func(r *rig) {
		r.shop.add("q", 2, 60e9)
		r.after(10 * 60e9)
		problems, err := testutil.CollectAndLint(r.c.Metrics())
		if err != nil {
			r.t.Fatal(err)
		}
		for _, p := range problems {
			r.t.Errorf("%s: %s", p.Metric, p.Text)
		}
		r.want(counted(r.t, r.c, `rubber_boot_seconds{profile="q"}`) == 2, "boots were not measured")
		r.want(counted(r.t, r.c, `rubber_drain_seconds{profile="q"}`) == 2, "drains were not measured")
		r.want(counted(r.t, r.c, `rubber_wait_seconds{profile="q"}`) > 100, "waits were not measured")
		r.want(counted(r.t, r.c, `rubber_active`) == 1, "not active")
	})
}
