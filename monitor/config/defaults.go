package config

import (
	"math"
	"regexp"
	"strings"
)

// builtin is what a variable of a known name has where its XML says nothing.
type builtin struct {
	fold    Fold
	pattern *Pattern // nil where there is none: the XML must give one
	level   float64  // NaN where there is none: the XML must give one
	inhibit int64    // seconds; 0 is defaultInhibit
	sense   Sense
}

// Defaults that all variables share. Of the old daemon only the priority
// differs.
const (
	defaultPeriod         = 60   // seconds
	defaultInhibit        = 3600 // seconds
	defaultPriority       = 3
	defaultPriorityLegacy = 5
)

var required = math.NaN()

// vmBuiltins are the names known on a VM. fs_usage, log_fs_usage and
// mem_usage read dom0 and belong on the control domain. Disks are today's
// devices: vbd_xvda_read, vbd_sdb_write, vbd_nvme0n1_read.
var vmBuiltins = map[string]builtin{
	"cpu_usage":            {fold: Average, pattern: mustPattern(`cpu[0-9]+`), level: required},                                                // 0..1
	"network_usage":        {fold: Sum, pattern: mustPattern(`vif_[0-9]+_[rt]x`), level: required},                                             // B/s
	"disk_usage":           {fold: Sum, pattern: mustPattern(`vbd_((xvd|hd|sd|vd)[a-z]+|nvme[0-9]+(n[0-9]+)?)_(read|write)`), level: required}, // B/s
	"memory_internal_free": {fold: Sum, pattern: mustPattern(`memory_internal_free`), level: required, sense: Low},                             // KiB
	"fs_usage":             {fold: FSUsage, level: 0.9},                                                                                        // 0..1
	"log_fs_usage":         {fold: LogFSUsage, level: 0.9},                                                                                     // 0..1
	"mem_usage":            {fold: MemUsage, level: 0.95},                                                                                      // 0..1, more with swap
}

// hostBuiltins are the names known on a host, beside
// sr_io_throughput_total_ and the first eight digits of an SR's uuid.
var hostBuiltins = map[string]builtin{
	"cpu_usage":       {fold: Average, pattern: mustPattern(`cpu[0-9]+`), level: required},                                             // 0..1
	"network_usage":   {fold: Sum, pattern: mustPattern(`pif_(eth[0-9]+|em[0-9]+|p[0-9]+p[0-9]+|en[a-z0-9]+)_[rt]x`), level: required}, // B/s
	"memory_free_kib": {fold: Sum, pattern: mustPattern(`memory_free_kib`), level: required, sense: Low},                               // KiB
}

// srBuiltins are the names known on an SR.
var srBuiltins = map[string]builtin{
	"physical_utilisation": {fold: SRUsage, level: 0.8},  // 0..1
	perHostName:            {fold: Sum, level: required}, // MiB/s
}

const (
	legacyFSInhibit = 7 * 24 * 3600 // seconds, of fs_usage

	perHostName   = "sr_io_throughput_total_per_host"
	perHostPrefix = "sr_io_throughput_total_"
)

var srThroughput = regexp.MustCompile(`^sr_io_throughput_total_[0-9a-f]{8}$`)

// builtinOf is what a name has by default on a class; a name that is not
// known sums columns that the XML must choose, high above a level that it
// must give.
func builtinOf(class, name string, opts Options) builtin {
	b, known := builtins(class)[name]
	if !known {
		b = builtin{fold: Sum, level: required}
		if class == ClassHost && srThroughput.MatchString(name) {
			b.pattern = mustPattern(strings.TrimPrefix(name, "sr_")) // MiB/s
		}
	}
	if b.inhibit == 0 {
		b.inhibit = defaultInhibit
	}
	if opts.Legacy {
		if b.pattern != nil {
			b.pattern = unanchored(b.pattern)
		}
		if class == ClassVM && name == "fs_usage" {
			b.inhibit = legacyFSInhibit
		}
	}
	return b
}

// unanchored is p as the daemon of 2012 read patterns: it matches anywhere in
// a name. Which devices a default knows is no matter of that.
func unanchored(p *Pattern) *Pattern {
	return &Pattern{text: p.text, re2: regexp.MustCompile(p.text)}
}

// mustPattern compiles a pattern of the tables. A thousand VMs share it.
func mustPattern(text string) *Pattern {
	p, err := compilePattern(text, Options{})
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return p
}

// builtins are the known names of a class; nil for a class that is none.
func builtins(class string) map[string]builtin {
	switch class {
	case ClassVM:
		return vmBuiltins
	case ClassHost:
		return hostBuiltins
	case ClassSR:
		return srBuiltins
	}
	return nil
}
