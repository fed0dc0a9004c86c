package metrics

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"perfmon/alarm"
	"perfmon/monitor"
)

func TestLabels(t *testing.T) {
	s := picture(average("vm", "u", "cpu0", 0.95))
	status := func(class, uuid, variable string, labels map[string]string) {
		s.Variables = append(s.Variables, monitor.VariableStatus{ID: alarm.ID{Class: class, UUID: uuid, Variable: variable}, Labels: labels})
	}
	status("vm", "u", "cpu_usage", map[string]string{"team": "web", "tier": "gold", "uuid_of": "x"})
	status("vm", "u", "cpu_usage", map[string]string{"team": "a second of that name"})
	status("vm", "u", "network_usage", nil)
	status("vm", "v", "cpu_usage", map[string]string{"team": `"db"` + "\n" + "\xff"})
	status("host", "h", "fs_usage", map[string]string{"a.b": "1", "a-b": "2", "class": "3"})
	want := `# HELP perfmon_variable_info Labels that a trigger variable has from its configuration; always 1. Absent for one that has none.
# TYPE perfmon_variable_info gauge
perfmon_variable_info{class="vm",label_team="\"db\"\n` + label("\"db\"\n\xff")[5:] + `",uuid="v",variable="cpu_usage"} 1
perfmon_variable_info{class="host",label_a_b="2",label_class="3",uuid="h",variable="fs_usage"} 1
perfmon_variable_info{class="vm",label_team="web",label_tier="gold",label_uuid_of="x",uuid="u",variable="cpu_usage"} 1
`
	if _, got, _ := strings.Cut(pageAt(t, s, now), "# HELP perfmon_variable_info"); !strings.HasPrefix("# HELP perfmon_variable_info"+got, want) {
		t.Errorf("want\n%s\nfound%s", want, got)
	}
	problems, err := promlint.New(strings.NewReader(want)).Lint()
	if err != nil || len(problems) > 0 {
		t.Error(problems, err)
	}
}
