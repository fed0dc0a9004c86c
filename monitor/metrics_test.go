package monitor

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

// A counter is there at 0 before the first event: one that appears with 1 has
// not risen, for a Prometheus that asks by how much it did.
func TestCountersBeginAtZero(t *testing.T) {
	r := prometheus.NewPedanticRegistry()
	w := newWorld(t, Options{Registerer: r}, "host/h/cpu0", "vm/a/cpu0")
	w.give("host", "h", "cpu_usage level=0.5 period=60")
	w.give("vm", "a", "cpu_usage level=0.5 period=60; own regex=cpu0 level=2 period=60")
	f := func(question, alarms string) {
		t.Helper()
		want := `# HELP perfmon_alarms_total Alarms raised, repeated ones included.
# TYPE perfmon_alarms_total counter
` + alarms + `# HELP perfmon_reading_errors_total Readings of the control domain that failed, by reading.
# TYPE perfmon_reading_errors_total counter
perfmon_reading_errors_total{reading="get_percent_fs_usage"} 0
perfmon_reading_errors_total{reading="get_percent_log_fs_usage"} 0
perfmon_reading_errors_total{reading="get_percent_mem_available"} 0
perfmon_reading_errors_total{reading="get_percent_mem_usage"} 0
`
		if err := testutil.GatherAndCompare(r, strings.NewReader(want), "perfmon_alarms_total", "perfmon_reading_errors_total"); err != nil {
			t.Errorf("%s: %v", question, err)
		}
	}
	w.row(0, 0.1, 0.1)
	w.poll(5)
	f("nothing raised", `perfmon_alarms_total{class="host",variable="cpu_usage"} 0
perfmon_alarms_total{class="vm",variable="cpu_usage"} 0
perfmon_alarms_total{class="vm",variable="own"} 0
`)
	w.row(60, 0.1, 0.9)
	w.poll(65)
	f("one raised", `perfmon_alarms_total{class="host",variable="cpu_usage"} 0
perfmon_alarms_total{class="vm",variable="cpu_usage"} 1
perfmon_alarms_total{class="vm",variable="own"} 0
`)
}
