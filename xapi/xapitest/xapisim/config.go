package main

import (
	"fmt"
	"strconv"
	"strings"
)

// configTags are the settings of a variable and the elements they become.
var configTags = map[string]string{
	"level": "alarm_trigger_level", "period": "alarm_trigger_period", "inhibit": "alarm_auto_inhibit_period",
	"sense": "alarm_trigger_sense", "priority": "alarm_priority", "regex": "rrd_regex", "fold": "consolidation_fn",
}

// config reads an object and its configuration, and makes the action that
// sets its other_config:perfmon.
func (p *words) config() (action, error) {
	o := p.object()
	switch {
	case len(p.rest) == 1 && p.rest[0] == "none":
		p.rest = nil
		return action{do: func(sim *simulation) error { return sim.configure(o, "") }}, nil
	case len(p.rest) > 1 && p.rest[0] == "raw":
		text := strings.Join(p.rest[1:], " ")
		p.rest = nil
		return action{do: func(sim *simulation) error { return sim.configure(o, text) }}, nil
	}
	var b strings.Builder
	b.WriteString("<config>")
	for _, variable := range strings.Split(strings.Join(p.rest, " "), ",") {
		if err := p.variable(&b, strings.Fields(variable)); err != nil {
			return action{}, err
		}
	}
	b.WriteString("</config>")
	p.rest = nil
	return action{do: func(sim *simulation) error { return sim.configure(o, b.String()) }}, nil
}

var escape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;")

// variable writes the <variable> of words such as
//
//	cpu_usage level=0.9 period=3steps inhibit=60s
func (p *words) variable(b *strings.Builder, words []string) error {
	if len(words) == 0 || strings.Contains(words[0], "=") {
		return fmt.Errorf("a variable begins with its name: %q", strings.Join(words, " "))
	}
	fmt.Fprintf(b, `<variable><name value="%s"/>`, escape.Replace(words[0]))
	for _, word := range words[1:] {
		key, value, _ := strings.Cut(word, "=")
		tag, ok := configTags[key]
		if !ok {
			return fmt.Errorf("unknown setting %q of a variable", word)
		}
		if key == "period" || key == "inhibit" {
			d, err := parseTime(value, p.step)
			if err != nil {
				return err
			}
			value = strconv.Itoa(int(d.Seconds()))
		}
		fmt.Fprintf(b, `<%s value="%s"/>`, tag, escape.Replace(value))
	}
	b.WriteString("</variable>")
	return nil
}
