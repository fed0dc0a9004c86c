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
	m.alarm.Settle(keys, lines-1)
	title := counted(len(m.alarms), "alarm")
	if len(m.alarms) > 0 {
		title += ": " + plain(m.counts("critical", "warning", "no data", "pending", "muted"))
	}
	if shown := min(len(m.alarms), lines-1); shown < len(m.alarms) {
		title += fmt.Sprintf(", %d to %d", m.alarm.First+1, m.alarm.First+shown)
	}
	out := []string{rule(title, m.pane == alarmPane, m.Width)}
	for i := m.alarm.First; i < len(m.alarms) && len(out) < lines; i++ {
		out = append(out, m.alarmLine(&m.alarms[i], i == m.alarm.Index && m.pane == alarmPane))
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

// counted is a number of things.
func counted(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return fmt.Sprintf("%d %s", n, thing)
}

// alarmLine is one alarm:
//
//	critical  web-07        cpu_usage      12 min  0.97 (>0.9)   muted: maintenance
func (m *model) alarmLine(v *api.Variable, here bool) string {
	word, style := stateOf(v)
	rest := m.Width - 48
	name := max(8, min(40, rest/2))
	variable := max(8, min(30, rest/2))
	line := map[bool]string{true: "▸ ", false: "  "}[here] +
		inStyle(style, fit(word, 8)) + " " + fit(v.Name, name) + " " + fit(v.Variable, variable) + " " +
		right(m.sinceOf(v), 7) + "  " + fit(against(v), 14)
	if v.Muted != "" {
		note := "muted: " + v.Muted
		if width(line)+1+width(note) > m.Width {
			note = v.Muted
		}
		if width(line)+1+width(note) > m.Width {
			note, _, _ = strings.Cut(v.Muted, " ")
			note = strings.TrimSuffix(note, ":")
		}
		line += " " + paint(faint, note)
	}
	if here {
		return paint(reverse, fit(plain(line), m.Width))
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
	return short(max(0, m.poll.Now-v.Since))
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
