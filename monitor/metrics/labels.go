package metrics

import (
	"maps"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"perfmon/alarm"
	"perfmon/monitor"
)

// variableInfo is the family of Labels, as the docs have it: after these come
// the labels that the configuration gives, as kube_pod_labels has those of a
// pod.
var variableInfo = struct {
	name, help string
	labels     []string
}{
	"perfmon_variable_info", "Labels that a trigger variable has from its configuration; always 1. Absent for one that has none.",
	[]string{"class", "uuid", "variable"},
}

// Labels makes a series for each variable that has labels:
//
//	perfmon_variable_info{class="vm",uuid="…",variable="cpu_usage",label_team="web"} 1
//
// It is a collector of its own, and one that announces nothing: its series
// have different labels, which a registry refuses of what was announced. It
// may be used by several goroutines at once.
type Labels struct {
	snapshot func() *monitor.Snapshot
}

// NewLabels makes a Labels; snapshot is as in New.
func NewLabels(snapshot func() *monitor.Snapshot) *Labels { return &Labels{snapshot} }

// Describe is part of prometheus.Collector.
func (*Labels) Describe(chan<- *prometheus.Desc) {}

// Collect is part of prometheus.Collector.
func (l *Labels) Collect(ch chan<- prometheus.Metric) {
	s := l.snapshot()
	if s == nil {
		return
	}
	sent := make(map[alarm.ID]bool)
	for _, v := range s.Variables {
		if len(v.Labels) > 0 && !sent[v.ID] {
			sent[v.ID] = true
			ch <- infoOf(v.ID, v.Labels)
		}
	}
}

// info is one series of Labels.
type info struct {
	desc   *prometheus.Desc
	labels []*dto.LabelPair
}

func infoOf(id alarm.ID, given map[string]string) info {
	names := slices.Clone(variableInfo.labels)
	values := []string{label(id.Class), label(id.UUID), label(id.Variable)}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if prefixed := "label_" + labelName(name); !slices.Contains(names, prefixed) {
			names = append(names, prefixed)
			values = append(values, label(given[name]))
		}
	}
	desc := prometheus.NewDesc(variableInfo.name, variableInfo.help, names, nil)
	return info{desc, prometheus.MakeLabelPairs(desc, values)}
}

// labelName is a name in the characters that a label's may have. The
// configuration allows no others; a page with one would be refused as a whole.
func labelName(name string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
			return c
		}
		return '_'
	}, name)
}

// Desc is part of prometheus.Metric.
func (i info) Desc() *prometheus.Desc { return i.desc }

// Write is part of prometheus.Metric.
func (i info) Write(m *dto.Metric) error {
	one := 1.0
	m.Label, m.Gauge = i.labels, &dto.Gauge{Value: &one}
	return nil
}
