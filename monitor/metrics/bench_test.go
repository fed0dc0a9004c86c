package metrics

import (
	"fmt"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// BenchmarkGather makes a page of about 30,000 series, as a host of 500 VMs
// has.
func BenchmarkGather(b *testing.B) {
	var columns []column
	for vm := range 500 {
		uuid := fmt.Sprintf("7b1f3c52-64a0-4e7b-8d39-%012d", vm)
		for _, k := range known {
			if k.class == "vm" {
				columns = append(columns, average("vm", uuid, k.name, k.value))
			}
		}
	}
	r := prometheus.NewRegistry()
	c := collectorAt(picture(columns...), now)
	r.MustRegister(c)
	b.Run("page", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := r.Gather(); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("plan", func(b *testing.B) {
		b.ReportAllocs()
		legend := c.snapshot().Legend
		for b.Loop() {
			newPlan(legend, c.mapping)
		}
	})
	b.ReportMetric(float64(len(columns)), "series")
}
