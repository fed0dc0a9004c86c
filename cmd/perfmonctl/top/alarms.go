package top

import (
	"fmt"
	"strings"

	"charm.land/lipgloss/v2"

	"perfmon/monitor/api"
)

// alarmKey names an alarm in a list.
func alarmKey(v *api.Variable) string { return v.Class + "/" + v.UUID + "/" + v.Variable }

// alarmLines is the alarms in so many lines, the worst first, as the agent
// orders them.
func (m *model) alarmLines(lines int) []string {
	keys := make([]string, len(m.alarms))
	for i := range m.alarms {
		keys[i] = alarmKey(&m.alarms[i])
	}
	m.alarm.settle(keys, lines-1)
	title := fmt.Sprintf("%d alarms", len(m.alarms))
	if len(m.alarms) == 1 {
		title = "1 alarm"
	}
	if shown := min(len(m.alarms), lines-1); shown < len(m.alarms) {
		title += fmt.Sprintf(", %d to %d", m.alarm.first+1, m.alarm.first+shown)
	}
	out := []string{rule(title, m.pane == alarmPane, m.width)}
	for i := m.alarm.first; i < len(m.alarms) && len(out) < lines; i++ {
		out = append(out, m.alarmLine(&m.alarms[i], i == m.alarm.index && m.pane == alarmPane))
	}
	if len(m.alarms) == 0 {
		word := "  nothing fires, and nothing lacks data"
		if m.asOf == 0 {
			word = "  not known yet"
		}
		out = append(out, paint(faint, word))
	}
	return out
}

// alarmLine is one alarm:
//
//	critical  web-07        cpu_usage      12 min  0.97 (>0.9)   muted: maintenance
func (m *model) alarmLine(v *api.Variable, here bool) string {
	word, style := stateOf(v)
	name := max(14, min(40, (m.width-44)*3/5))
	variable := max(12, min(30, (m.width-44)*2/5))
	line := map[bool]string{true: "▸ ", false: "  "}[here] +
		inStyle(style, fit(word, 8)) + " " + fit(v.Name, name) + " " + fit(v.Variable, variable) + " " +
		right(m.sinceOf(v), 10) + "  " + fit(against(v), 16)
	if v.Muted != "" {
		line += " " + paint(faint, "muted: "+v.Muted)
	}
	if here {
		return paint(reverse, fit(plain(line), m.width))
	}
	return line
}

// stateOf is the state of an alarm in a word of at most eight cells.
func stateOf(v *api.Variable) (string, *lipgloss.Style) {
	switch v.State {
	case "firing":
		style := ofSeverity(v.Severity)
		if v.Severity == "" {
			return "firing", &style
		}
		return clean(string(v.Severity)), &style
	case "clearing":
		return "clearing", &good
	case "nodata":
		return "no data", &missing
	}
	return v.State, nil
}

// sinceOf is for how long a variable has been bad.
func (m *model) sinceOf(v *api.Variable) string {
	if v.Since == 0 {
		return ""
	}
	return ago(max(0, m.poll.Now-v.Since))
}

// against is the value, and on which side of which level it is bad:
//
//	0.97 (>0.9)
func against(v *api.Variable) string {
	side := ">"
	if v.Sense == "low" {
		side = "<"
	}
	level := v.Level
	if v.Severity == "warning" && v.WarningLevel != nil {
		level = *v.WarningLevel
	}
	return strings.TrimSpace(fmt.Sprintf("%s (%s%s)", number(known(v.Value)), side, number(level)))
}
