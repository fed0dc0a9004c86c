package main

import (
	"fmt"
	"strings"
)

// target is a ratio that the agent is to reach: Base, of a peer, by subject,
// ours.
type target struct {
	what          string
	section       string
	subject, base string
	wanted        float64
	atMost        bool // ours by base, and no more than that
	memory        bool // peaks are compared, not times
}

var targets = []target{
	{what: "XML decode, 72 MB: encoding/xml Token", section: "xml-72", subject: "perfmon", base: "xml-token", wanted: 30},
	{what: "XML decode, 72 MB: expat with strtod", section: "xml-72", subject: "perfmon", base: "expat", wanted: 10},
	{what: "XML decode, 72 MB: tdewolff/parse", section: "xml-72", subject: "perfmon", base: "tdewolff", wanted: 5},
	{what: "JSON decode, 57 MB: encoding/json", section: "json-57", subject: "perfmon", base: "json", wanted: 15},
	{what: "JSON decode, 57 MB: simdjson on demand", section: "json-57", subject: "perfmon", base: "simdjson", wanted: 1.2},
}

// ratio is a target with what was measured.
type ratio struct {
	target
	got   float64
	known bool
}

func (r *Results) ratios() []ratio {
	var list []ratio
	for _, t := range targets {
		v := ratio{target: t}
		ours, base := r.figure(t.section, t.subject), r.figure(t.section, t.base)
		if ours != nil && base != nil {
			a, b := base.Median, ours.Median
			if t.memory {
				a, b = float64(base.Peak), float64(ours.Peak)
			}
			if t.atMost {
				a, b = b, a
			}
			v.got, v.known = a/b, b > 0
		}
		list = append(list, v)
	}
	return list
}

// reached says whether a target is.
func (v ratio) reached() bool {
	if v.atMost {
		return v.known && v.got <= v.wanted
	}
	return v.known && v.got >= v.wanted
}

// ratioTable is the table of the targets.
func (r *Results) ratioTable() string {
	var b strings.Builder
	b.WriteString("| | wanted | got | |\n|---|--:|--:|---|\n")
	for _, v := range r.ratios() {
		wanted, got, verdict := fmt.Sprintf("%g ×", v.wanted), "not measured", ""
		if v.atMost {
			wanted = "at most " + wanted
		}
		if v.known {
			got, verdict = digits(v.got)+" ×", "**not reached**"
			if v.reached() {
				verdict = "reached"
			}
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", v.what, wanted, got, verdict)
	}
	return b.String()
}
