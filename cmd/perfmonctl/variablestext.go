package main

import (
	"cmp"
	"fmt"
	"strings"

	"perfmon/alarm"
	"perfmon/monitor"
	"perfmon/monitor/api"
)

// exampleHint is for a host without a toolstack, where there is no object to
// set anything of.
const exampleHint = `
Without a toolstack, begin with the example:
  cp /usr/share/perfmon/triggers/host.xml /etc/perfmon/triggers/
  perfmonctl refresh
`

// variablesText lists an object's variables, with what is the matter with
// each:
//
//	vm web-07 (vm:5c2bd0d2-2d5a-4d0e-a1c6-0e8f2e0b9c11) at 12:06:00 CET
//
//	VARIABLE    STATE     SINCE     VALUE  ALARM                NOTE
//	cpu_usage   pending   12:04:00   0.96  above 0.9 for 5 min
//	disk_usage  inactive                –  above 100 for 1 min  no data source matches
func variablesText(all *api.ExplainedAll, t times, s screen) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s:%s)", strings.TrimSpace(all.Class+" "+all.Name), all.Class, all.UUID)
	if len(all.Variables) == 0 {
		if len(all.OnHost) > 0 {
			b.WriteString(": it has no variable of its own\n" + onHostText(all.OnHost))
			return b.String()
		}
		b.WriteString(": it has no variable; perfmonctl set gives it one\n")
		if all.Class == "host" {
			b.WriteString(exampleHint)
		}
		return b.String()
	}
	fmt.Fprintf(&b, " at %s\n\n", t.At(all.Variables[0].Now))
	table := [][]string{{"~VARIABLE", "STATE", "SINCE", ">VALUE", "ALARM", "~NOTE"}}
	for _, x := range all.Variables {
		table = append(table, variableRow(x, all.Units[x.Variable], t))
	}
	b.WriteString(s.Columns(table))
	b.WriteString(onHostText(all.OnHost))
	return b.String()
}

// onHostText leads to the host's variables about an SR.
func onHostText(names []string) string {
	if len(names) == 0 {
		return ""
	}
	text := "\nthis host judges about it:\n"
	for _, name := range names {
		text += "  perfmonctl explain host " + name + "\n"
	}
	return text
}

func variableRow(x *monitor.Explanation, unit string, t times) []string {
	e := &explainer{Explained: &api.Explained{Explanation: x, Unit: unit}, times: t}
	state, since, value := x.State, "", "–"
	if x.Severity == alarm.Warning {
		state += " (warning)"
	}
	if x.Since != 0 {
		since = t.Clock(x.Since)
	}
	if last := e.last(); last != nil && last.Value != nil {
		value = number(*last.Value)
	}
	rule := fmt.Sprintf("%s %s for %s", e.beyond(), e.level(x.Rule.Level), periodInWords(x.Rule.Period))
	note := cmp.Or(x.Problem, x.Muted)
	if x.Trouble != "" && !x.Reading {
		note = "no rows come: " + x.Trouble
	}
	return []string{x.Variable, paint(styleOf(x.State, x.Severity), state), since, value, rule, note}
}
