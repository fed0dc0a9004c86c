package alertmanager

import (
	"maps"
	"slices"
	"strings"
	"time"

	"perfmon/alarm"
)

// alert is a postableAlert of the API:
//
//	{"labels":{"alertname":"cpu_usage","severity":"critical"},
//	 "annotations":{"summary":"cpu_usage of VM web-07 is 0.97, above its level of 0.9 for 2 min"},
//	 "startsAt":"2025-12-17T19:34:00Z","endsAt":"2025-12-17T19:38:00Z"}
type alert struct {
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations"`
	StartsAt     time.Time         `json:"startsAt"`
	EndsAt       time.Time         `json:"endsAt"`
	GeneratorURL string            `json:"generatorURL,omitempty"`
}

// key is what Alertmanager tells alerts apart by: the labels.
func key(labels map[string]string) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		b.WriteString(name)
		b.WriteByte(0)
		b.WriteString(labels[name])
		b.WriteByte(0)
	}
	return b.String()
}

// labels are those that an event gives an alert. A label without a value is
// the same as none to Alertmanager, and is left out.
func labels(e *alarm.Event) map[string]string {
	own := map[string]string{
		"alertname": e.Variable,
		"severity":  string(e.Severity),
		"class":     e.Class,
		"uuid":      e.UUID,
		"name":      e.Name,
		"host_uuid": e.HostUUID,
		"pool_uuid": e.PoolUUID,
		"state":     "firing",
	}
	if noData(e) {
		own["state"] = "nodata"
	}
	out := maps.Clone(own)
	for _, name := range byFit(e.Labels) {
		value := e.Labels[name]
		name = labelName(name)
		if _, ours := own[name]; ours {
			name = "label_" + name
		}
		for out[name] != "" {
			name += "_"
		}
		out[name] = value
	}
	maps.DeleteFunc(out, func(_, value string) bool { return value == "" })
	return out
}

// byFit orders names so that those which can stay as they are come first and
// get their names before the others that are made alike.
func byFit(labels map[string]string) []string {
	var fit, other []string
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		if labelName(name) == name {
			fit = append(fit, name)
		} else {
			other = append(other, name)
		}
	}
	return append(fit, other...)
}

// labelName makes a Prometheus label name, [a-zA-Z_][a-zA-Z0-9_]*, of any
// text. Two underscores at the beginning are Prometheus's own.
func labelName(s string) string {
	s = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, s)
	if s == "" || s[0] >= '0' && s[0] <= '9' {
		s = "_" + s
	}
	if strings.HasPrefix(s, "__") {
		s = "label" + s
	}
	return s
}

// severities are all that an alert may have been sent with.
var severities = []alarm.Severity{alarm.Warning, alarm.Critical}

func noData(e *alarm.Event) bool {
	return e.Kind == alarm.KindNoData || e.Kind == alarm.KindState && e.State == "nodata"
}

// alive says whether the event's alarm fires, or has no data, after it.
func alive(e *alarm.Event) bool {
	switch e.Kind {
	case alarm.KindCleared:
		return false
	case alarm.KindState:
		return e.State == "firing" || e.State == "clearing" || e.State == "nodata"
	}
	return true
}
