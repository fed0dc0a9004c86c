package main

import (
	"cmp"
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
	// megabytes is what our peak, or the size of the program, may be at most;
	// there is no base.
	megabytes float64
}

var targets = []target{
	{what: "XML decode, 72 MB: encoding/xml Token", section: "xml-72", subject: "perfmon", base: "xml-token", wanted: 30},
	{what: "XML decode, 72 MB: expat with strtod", section: "xml-72", subject: "perfmon", base: "expat", wanted: 10},
	{what: "XML decode, 72 MB: tdewolff/parse", section: "xml-72", subject: "perfmon", base: "tdewolff", wanted: 5},
	{what: "JSON decode, 57 MB: encoding/json", section: "json-57", subject: "perfmon", base: "json", wanted: 15},
	{what: "JSON decode, 57 MB: simdjson on demand", section: "json-57", subject: "perfmon", base: "simdjson", wanted: 1.2},
	{what: "A refresh at 1000 VMs, 60 rows: the stock logic in Python, CPU", section: "refresh", subject: "perfmon", base: "python", wanted: 40},
	{what: "A refresh at 1000 VMs, 60 rows: the stock logic in Python, memory", section: "refresh", subject: "perfmon", base: "python", wanted: 8, memory: true},
	{what: "/metrics, 30,000 series: client_golang const metrics", section: "scrape", subject: "perfmon", base: "const", wanted: 40},
	{what: "/metrics, 30,000 series: VictoriaMetrics/metrics", section: "scrape", subject: "perfmon", base: "victoria", wanted: 10},
	{what: "/metrics, served again from memory: const metrics", section: "scrape", subject: "perfmon-again", base: "const", wanted: 500},
	{what: "A sample of /proc: gopsutil, of the same files", section: "sample", subject: "perfmon", base: "gopsutil-all", wanted: 5},
	{what: "Triggers: the time of reading the rows once", section: "triggers", subject: "perfmon", base: "read", wanted: 1.5, atMost: true},
	{what: "Memory at 1000 VMs with 30 sources, 120 rows every 5 s, scraped", section: "memory", subject: "perfmon", megabytes: 24},
	{what: "Memory of an agent that watches /proc", section: "exporter", subject: "idle", megabytes: 14},
	{what: "Size of the stripped program", section: "memory", subject: "program", megabytes: 16},
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
		switch {
		case ours == nil:
		case t.megabytes > 0:
			v.got, v.known = float64(cmp.Or(ours.Peak, int64(ours.Bytes)))/1e6, true
		case base != nil:
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
	switch {
	case !v.known:
		return false
	case v.megabytes > 0:
		return v.got <= v.megabytes
	case v.atMost:
		return v.got <= v.wanted
	}
	return v.got >= v.wanted
}

// ratioTable is the table of the targets.
func (r *Results) ratioTable() string {
	var b strings.Builder
	b.WriteString("| | wanted | got | |\n|---|--:|--:|---|\n")
	for _, v := range r.ratios() {
		unit, wanted, got, verdict := " ×", v.wanted, "not measured", ""
		if v.megabytes > 0 {
			unit, wanted = " MB", v.megabytes
		}
		most := ""
		if v.atMost || v.megabytes > 0 {
			most = "at most "
		}
		if v.known {
			got, verdict = digits(v.got)+unit, "**not reached**"
			if v.reached() {
				verdict = "reached"
			}
		}
		fmt.Fprintf(&b, "| %s | %s%g%s | %s | %s |\n", v.what, most, wanted, unit, got, verdict)
	}
	return b.String()
}
