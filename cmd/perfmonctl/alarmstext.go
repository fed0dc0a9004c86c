package main

import (
	"cmp"
	"fmt"
	"math"
	"strings"

	"perfmon/alarm"
	"perfmon/monitor/api"
)

// alarmsText lists alarms:
//
//	1 critical, 1 pending at 12:06:00 CET
//
//	STATE     OBJECT     VARIABLE               VALUE  LEVEL         SINCE     NOTE
//	critical  vm web-07  cpu_usage               0.97  > 0.9         11:54:00
//	pending   vm db      memory_internal_free  180000  < 200000 KiB  12:04:00
func alarmsText(list *api.Variables, t times, on screen) string {
	if len(list.Variables) == 0 {
		if list.Row == 0 {
			return "no alarm; and no row has been judged yet\n"
		}
		return fmt.Sprintf("no alarm at %s\n", t.At(list.Row))
	}
	table := [][]string{{"STATE", "~OBJECT", "~VARIABLE", ">VALUE", "LEVEL", "SINCE", "~NOTE"}}
	for i := range list.Variables {
		v := &list.Variables[i]
		since := ""
		if v.Since != 0 {
			since = t.Short(v.Since)
		}
		table = append(table, []string{
			stateText(v.State, v.Severity), objectText(v.ObjectRef), v.Variable, valueText(v.Value), levelText(v.Level, v.Sense, v.WarningLevel, v.Severity) + unitText(v.Unit), since, v.Muted,
		})
	}
	return fmt.Sprintf("%s at %s\n\n%s", statesText(list.Variables), t.At(list.Row), on.Columns(withoutEmpty(table)))
}

// statesText counts what is in which state.
func statesText(list []api.Variable) string {
	counts := map[string]int{}
	var order []string
	for i := range list {
		word := stateText(list[i].State, list[i].Severity)
		if counts[word]++; counts[word] == 1 {
			order = append(order, word)
		}
	}
	for i, word := range order {
		order[i] = fmt.Sprintf("%d %s", counts[word], word)
	}
	return strings.Join(order, ", ")
}

// stateText is a state in a word: for what fires, its severity.
func stateText(state string, severity alarm.Severity) string {
	word := state
	switch state {
	case alarm.Firing.String():
		word = cmp.Or(string(severity), word)
	case alarm.NoData.String():
		word = "no data"
	}
	return paint(styleOf(state, severity), word)
}

// objectText is an object by its name, or uuid.
func objectText(o api.ObjectRef) string { return o.Class + " " + cmp.Or(o.Name, o.UUID) }

// unitText is a unit behind a number; a fraction needs none.
//
//	0.9, 200000 KiB, 1/s
func unitText(unit string) string {
	switch unit {
	case "", "fraction":
		return ""
	case "1/s":
		return "/s"
	}
	return " " + unit
}

func valueText(v *float64) string {
	if v == nil {
		return "–"
	}
	return compact(*v)
}

// levelText is on which side of which level a value is bad: of a warning that
// is the warning's.
func levelText(level float64, sense string, warning *float64, severity alarm.Severity) string {
	if severity == alarm.Warning && warning != nil {
		level = *warning
	}
	text := exact(level)
	if math.Abs(level) >= 1e6 {
		text = compact(level)
	}
	if sense == "low" {
		return "< " + text
	}
	return "> " + text
}
