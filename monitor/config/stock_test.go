package config

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// sampleSR is how the uuid of some SR begins.
const sampleSR = "0123abcd"

// stockDefault is what today's stock daemon has for a name (xen-api 26.17.0,
// python3/bin/perfmon: get_default_variable_config of its three monitors).
type stockDefault struct {
	pattern string // "" where it never matches anything, or does not count
	fold    string
	level   string // "" where it is required
	sense   string
	unit    string   // for people: the toolstack's
	matches []string // some names that the pattern is for
	note    string   // what differs here, and only then
	ours    bool     // stock does not know the name; the rest is what we have
	period  int64    // if ours, and not the same as for all names
}

// stockPeriod, stockInhibit and stockPriority are the same for all names.
const (
	stockPeriod   = 60
	stockInhibit  = 3600
	stockPriority = 3
)

var stockDefaults = map[string]map[string]stockDefault{
	ClassVM: {
		"cpu_usage":     {pattern: `cpu[0-9]+`, fold: "average", sense: "high", unit: "0 to 1", matches: []string{"cpu0", "cpu15"}},
		"network_usage": {pattern: `vif_[0-9]+_[rt]x`, fold: "sum", sense: "high", unit: "bytes/s", matches: []string{"vif_0_rx", "vif_12_tx"}},
		"disk_usage": {
			pattern: `vbd_(xvd|hd)[a-z]+_(read|write)`, fold: "sum", sense: "high", unit: "bytes/s",
			matches: []string{"vbd_xvda_read", "vbd_xvdaa_write", "vbd_hdb_read"},
			note:    "disks `sd`, `nvme` and `vd` too",
		},
		"memory_internal_free": {pattern: `memory_internal_free`, fold: "sum", sense: "low", unit: "KiB", matches: []string{"memory_internal_free"}},
		"fs_usage":             {fold: "get_percent_fs_usage", level: "0.9", sense: "high", unit: "0 to 1"},
		"log_fs_usage":         {fold: "get_percent_log_fs_usage", level: "0.9", sense: "high", unit: "0 to 1"},
		"mem_usage":            {fold: "get_percent_mem_usage", level: "0.95", sense: "high", unit: "1 is all memory"},
		"cpu_contention": {
			ours: true, pattern: `runstate_(full|partial)_contention`, fold: "sum", level: "0.1", sense: "high", period: 300, unit: "0 to 1",
			matches: []string{"runstate_full_contention", "runstate_partial_contention"},
		},
		"memory_available": {ours: true, fold: "get_percent_mem_available", level: "0.05", sense: "low", unit: "0 to 1"},
	},
	ClassHost: {
		"cpu_usage": {pattern: `cpu[0-9]+`, fold: "average", sense: "high", unit: "0 to 1", matches: []string{"cpu0", "cpu127"}},
		"network_usage": {
			pattern: `pif_eth[0-9]+_[rt]x`, fold: "sum", sense: "high", unit: "bytes/s",
			matches: []string{"pif_eth0_rx", "pif_eth10_tx"},
			note:    "cards `em`, `p<n>p<n>` and `en…` too",
		},
		"memory_free_kib":                    {pattern: `memory_free_kib`, fold: "sum", sense: "low", unit: "KiB", matches: []string{"memory_free_kib"}},
		"sr_io_throughput_total_" + sampleSR: {pattern: `io_throughput_total_` + sampleSR, fold: "sum", sense: "high", unit: "MiB/s", matches: []string{"io_throughput_total_" + sampleSR}},
		"host_load":                          {ours: true, pattern: `hostload`, fold: "sum", level: "1", sense: "high", period: 300, unit: "1 is all CPUs", matches: []string{"hostload"}},
		"sr_latency": {
			ours: true, pattern: `latency_[0-9a-f]{8}`, fold: "max", level: "50000", sense: "high", period: 300, unit: "µs",
			matches: []string{"latency_" + sampleSR},
		},
		"sr_latency_" + sampleSR: {
			ours: true, pattern: `latency_` + sampleSR, fold: "max", level: "50000", sense: "high", period: 300, unit: "µs",
			matches: []string{"latency_" + sampleSR},
		},
		"nic_errors": {
			ours: true, pattern: `pif_(eth[0-9]+|em[0-9]+|p[0-9]+p[0-9]+|en[a-z0-9]+)_[rt]x_errors`, fold: "sum", level: "1", sense: "high", unit: "1/s",
			matches: []string{"pif_eth0_rx_errors", "pif_enp3s0f1_tx_errors"},
		},
		"memory_available": {ours: true, fold: "get_percent_mem_available", level: "0.05", sense: "low", unit: "0 to 1"},
	},
	ClassSR: {
		"physical_utilisation": {
			pattern: `physical_utilisation|size`, fold: "get_percent_sr_usage", level: "0.8", sense: "high", unit: "0 to 1",
			note: "`physical_utilisation` and `size` by name, not the first two columns that match `physical_utilisation\\|size`",
		},
		perHostThroughput: {fold: "sum", sense: "high", unit: "MiB/s"},
		perHostLatency:    {ours: true, fold: "max", level: "50000", sense: "high", period: 300, unit: "µs"},
	},
}

// againstStock is what the docs say of a default in comparison. It fails for
// a difference that nobody has explained, and for an explanation of none.
func againstStock(t *testing.T, class, name string, v *Variable) string {
	t.Helper()
	s := stockDefaults[class][name]
	level := ""
	if b := builtinOf(class, name, Options{}); b.level == b.level {
		level = fmt.Sprint(b.level)
	}
	period := int64(stockPeriod)
	if s.ours && s.period != 0 {
		period = s.period
	}
	if v.Fold.String() != s.fold || level != s.level || v.Sense.String() != s.sense ||
		v.Period != period || v.Inhibit != stockInhibit || v.Priority != stockPriority {
		t.Errorf("%s %s: %s; stock: %+v", class, name, spell(v), s)
	}
	if differs := v.Pattern.String() != s.pattern; differs != (s.note != "") {
		t.Errorf("%s %s: pattern %q, stock %q, explained by %q", class, name, v.Pattern, s.pattern, s.note)
	}
	switch {
	case s.ours:
		return "**new**"
	case s.note == "":
		return "same"
	case v.Pattern == nil:
		return "**by name**: " + s.note
	}
	return fmt.Sprintf("**widened**: %s; stock `%s`", s.note, strings.ReplaceAll(s.pattern, "|", `\|`))
}

// TestDefaultsAreNeverNarrower: what stock's patterns match ours match.
func TestDefaultsAreNeverNarrower(t *testing.T) {
	for class, names := range stockDefaults {
		for name := range builtins(class) {
			if _, known := names[name]; !known {
				t.Errorf("%s %s: what does stock have?", class, name)
			}
		}
		for name, s := range names {
			v := defaultVariable(t, class, name)
			stock := regexp.MustCompile("^" + s.pattern + "$")
			for _, column := range s.matches {
				if !stock.MatchString(column) || !matches(t, v.Pattern, column) {
					t.Errorf("%s %s: %q: stock %t, ours %t", class, name, column, stock.MatchString(column), matches(t, v.Pattern, column))
				}
			}
			if s.pattern != "" && len(s.matches) == 0 && !v.Fold.Reading() {
				t.Errorf("%s %s: no column to try", class, name)
			}
		}
	}
}

// TestLegacyChangesNothingElse: of the six values of 2012, four are about
// variables: the priority, the anchors of a pattern, the inhibit time of
// fs_usage, and that an SR has none.
func TestLegacyChangesNothingElse(t *testing.T) {
	for class, names := range stockDefaults {
		for name := range names {
			now := defaultVariable(t, class, name)
			text := variable("name="+name, "alarm_trigger_level=1")
			c, problems := Parse(class, text, Options{Legacy: true})
			if class == ClassSR {
				if len(c.Variables) != 0 || len(problems) != 1 {
					t.Errorf("%s %s: %v, %v", class, name, c.Variables, problems)
				}
				continue
			}
			old := c.Variables[0]
			if builtinOf(class, name, Options{}).ours {
				// Nobody kept a value of 2012 of it.
				now = parse(t, class, text, Options{})[0]
				if len(problems) > 0 || old.Priority != 5 || !old.SameTrigger(now) || old.Inhibit != now.Inhibit {
					t.Errorf("%s %s:\nlegacy %s\nnow    %s", class, name, spell(old), spell(now))
				}
				continue
			}
			inhibit := now.Inhibit
			if class == ClassVM && name == "fs_usage" {
				inhibit = 7 * 24 * 3600
			}
			if old.Priority != 5 || old.Inhibit != inhibit || old.Fold != now.Fold || old.Sense != now.Sense || old.Period != now.Period {
				t.Errorf("%s %s:\nlegacy %s\nnow    %s", class, name, spell(old), spell(now))
			}
			for _, column := range names[name].matches {
				if !matches(t, old.Pattern, column) || !matches(t, old.Pattern, "x_"+column+"_x") || matches(t, now.Pattern, "x_"+column+"_x") {
					t.Errorf("%s %s: pattern %q, now %q", class, name, old.Pattern, now.Pattern)
				}
			}
		}
	}
}
