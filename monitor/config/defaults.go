package config

import (
	"math"
	"regexp"
)

// builtin is what a variable of a known name has where its XML says nothing.
type builtin struct {
	fold    Fold
	pattern *Pattern // nil where there is none: the XML must give one
	level   float64  // NaN where there is none: the XML must give one
	period  int64    // seconds; 0 is defaultPeriod
	inhibit int64    // seconds; 0 is defaultInhibit
	sense   Sense
	// ours marks a name that the stock daemon does not know. Where it would
	// take the XML all the same, since that says itself what to measure, the
	// name means nothing here either (reader.builtin).
	ours    bool
	perHost bool   // each host evaluates it, see perHosts
	absent  string // why there may be no such data source, for people
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
	"memory_internal_free": {fold: Sum, pattern: mustPattern(`memory_internal_free`), level: required, sense: Low, absent: absentAgent},        // KiB
	"fs_usage":             {fold: FSUsage, level: 0.9},                                                                                        // 0..1
	"log_fs_usage":         {fold: LogFSUsage, level: 0.9},                                                                                     // 0..1
	"mem_usage":            {fold: MemUsage, level: 0.95},                                                                                      // 0..1, more with swap

	// No virtual CPU ran though one or all wanted to: 0..1. The two states
	// exclude one another, so their sum is a fraction of the time too. A guest
	// does not notice a twentieth; at a tenth its users do.
	"cpu_contention": {fold: Sum, pattern: mustPattern(`runstate_(full|partial)_contention`), level: 0.1, period: 300, ours: true},
	// The mirror image of mem_usage, but of what can be had: 0..1.
	"memory_available": {fold: MemAvailable, level: 0.05, sense: Low, ours: true},
}

// hostBuiltins are the names known on a host, beside those of perHosts with
// the first eight digits of an SR's uuid.
var hostBuiltins = map[string]builtin{
	"cpu_usage":       {fold: Average, pattern: mustPattern(`cpu[0-9]+`), level: required},                                             // 0..1
	"network_usage":   {fold: Sum, pattern: mustPattern(`pif_(eth[0-9]+|em[0-9]+|p[0-9]+p[0-9]+|en[a-z0-9]+)_[rt]x`), level: required}, // B/s
	"memory_free_kib": {fold: Sum, pattern: mustPattern(`memory_free_kib`), level: required, sense: Low},                               // KiB

	// Virtual CPUs that run or want to, for each physical CPU. Above 1 some
	// have to wait. The toolstack looks once in five seconds, so a single row
	// says little.
	"host_load": {fold: Sum, pattern: mustPattern(`hostload`), level: 1, period: 300, ours: true, absent: absentLoad},
	// Of the slowest SR: µs a request.
	"sr_latency": {fold: Max, pattern: mustPattern(`latency_[0-9a-f]{8}`), level: slowLatency, period: 300, ours: true, absent: absentSR},
	// Of all cards: errors a second. A sound link has none for days; more than
	// one a second is a cable, a transceiver or a duplex setting.
	"nic_errors": {fold: Sum, pattern: mustPattern(`pif_(eth[0-9]+|em[0-9]+|p[0-9]+p[0-9]+|en[a-z0-9]+)_[rt]x_errors`), level: 1, ours: true},
	// The control domain's, or the host's where there is no toolstack: 0..1.
	"memory_available": {fold: MemAvailable, level: 0.05, sense: Low, ours: true},
}

// srBuiltins are the names known on an SR. Those of perHosts are evaluated by
// hosts.
var srBuiltins = map[string]builtin{
	"physical_utilisation": {fold: SRUsage, level: 0.8},                                                               // 0..1
	perHostThroughput:      {fold: Sum, level: required, perHost: true, absent: absentSR},                             // MiB/s
	perHostLatency:         {fold: Max, level: slowLatency, period: 300, ours: true, perHost: true, absent: absentSR}, // µs
}

// slowLatency is in µs: what a disk takes that has some requests before it in
// its queue. Guests begin to complain there.
const slowLatency = 50_000

// Why a data source may be absent that is recorded by default.
const (
	absentAgent = "the guest agent says it: install the guest tools in the VM"
	absentLoad  = "toolstacks before xapi 23.16 do not have it: watch cpu_usage instead"
	absentSR    = "the toolstack has it of SRs with disks of running VMs"
)

const legacyFSInhibit = 7 * 24 * 3600 // seconds, of fs_usage

// builtinOf is what a name has by default on a class; a name that is not
// known sums columns that the XML must choose, high above a level that it
// must give.
func builtinOf(class, name string, opts Options) builtin {
	b, known := builtins(class)[name]
	if !known && class == ClassHost {
		b, known = perHostBuiltin(name)
	}
	if !known {
		b = builtin{fold: Sum, level: required}
	}
	if b.period == 0 {
		b.period = defaultPeriod
	}
	if b.inhibit == 0 {
		b.inhibit = defaultInhibit
	}
	if opts.Legacy && !b.ours {
		if b.pattern != nil {
			b.pattern = unanchored(b.pattern)
		}
		if class == ClassVM && name == "fs_usage" {
			b.inhibit = legacyFSInhibit
		}
	}
	return b
}

// builtin is what the variable's name has by default. A name of ours means
// nothing where the XML says what to measure: the stock daemon takes such a
// variable under any name, with the defaults that any name has.
func (r *reader) builtin() builtin {
	b := builtinOf(r.class, r.v.Name, r.opts)
	if !b.ours {
		return b
	}
	says := r.find(tagPattern) != nil
	if e := r.find(tagFold); e != nil {
		f, ok := parseFold(value(e))
		says = says || ok && f.Reading()
	}
	if says {
		return builtinOf(r.class, "", r.opts)
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
