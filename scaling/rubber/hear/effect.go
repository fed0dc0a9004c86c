package hear

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Effect is what an alarm means for whoever places machines.
type Effect string

// The effects.
const (
	Contended Effect = "contended" // host: its processors are short
	Memory    Effect = "memory"    // host: its memory is short
	Network   Effect = "network"   // host: its network is saturated, or faulty
	Disk      Effect = "disk"      // host: its storage is slow, whichever it is
	Danger    Effect = "danger"    // host: the control domain is in need
	Slow      Effect = "slow"      // storage: requests take long
	Full      Effect = "full"      // storage: room runs out
	Advise    Effect = "advise"    // told to people, nothing else
	Ignore    Effect = "ignore"    // not even that
)

// Effects lists all of them.
func Effects() []Effect {
	return []Effect{Contended, Memory, Network, Disk, Danger, Slow, Full, Advise, Ignore}
}

// Rule gives an effect to alarms. All that is given has to hold.
type Rule struct {
	Class    string            // "vm", "host" or "sr"; "" is any
	Variable string            // "*" is any text, "?" one character; "" is any
	Labels   map[string]string // the alarm has all of these; a value as Variable
	Effect   Effect
}

// DefaultRules are what the agent's own names of variables mean. Those of
// operators come before them.
//
// fs_usage, log_fs_usage and mem_usage stand on a VM, the control domain, and
// read dom0; so does memory_available wherever it stands. A VM that waits for a
// processor says something about its host.
func DefaultRules() []Rule {
	return []Rule{
		{Class: "host", Variable: "cpu_*", Effect: Contended},
		{Class: "host", Variable: "host_load", Effect: Contended},
		{Class: "vm", Variable: "cpu_contention", Effect: Contended},
		{Class: "host", Variable: "memory_free_kib", Effect: Memory},
		{Class: "host", Variable: "memory_available", Effect: Danger},
		{Class: "vm", Variable: "memory_available", Effect: Danger},
		{Variable: "fs_usage", Effect: Danger},
		{Variable: "log_fs_usage", Effect: Danger},
		{Variable: "mem_usage", Effect: Danger},
		{Class: "host", Variable: "network_usage", Effect: Network},
		{Class: "host", Variable: "nic_errors", Effect: Network},
		{Class: "host", Variable: "sr_latency_????????", Effect: Slow},
		{Class: "host", Variable: "sr_io_throughput_total_????????", Effect: Slow},
		{Class: "host", Variable: "sr_latency", Effect: Disk},
		{Class: "sr", Variable: "physical_utilisation", Effect: Full},
		{Class: "sr", Variable: "sr_latency*", Effect: Slow},
		{Class: "sr", Variable: "sr_io_throughput*", Effect: Slow},
		{Variable: "*", Effect: Advise},
	}
}

// Check says what is wrong with a rule.
func (r Rule) Check() error {
	switch {
	case r.Class != "" && !slices.Contains([]string{"vm", "host", "sr"}, r.Class):
		return fmt.Errorf("class %q: write vm, host or sr", r.Class)
	case !slices.Contains(Effects(), r.Effect):
		return fmt.Errorf("effect %q is not known: write one of %v", r.Effect, Effects())
	case r.Variable == "" && len(r.Labels) == 0 && r.Class == "":
		return errors.New("a rule for every alarm there is: write class, variable or labels")
	}
	return nil
}

func (r Rule) matches(class, variable string, labels map[string]string) bool {
	if r.Class != "" && r.Class != class || r.Variable != "" && !glob(r.Variable, variable) {
		return false
	}
	for name, want := range r.Labels {
		if got, ok := labels[name]; !ok || !glob(want, got) {
			return false
		}
	}
	return true
}

// effectOf is the effect by the first rule that matches.
func effectOf(rules []Rule, class, variable string, labels map[string]string) Effect {
	for _, r := range rules {
		if r.matches(class, variable, labels) {
			return r.Effect
		}
	}
	return Advise
}

// glob says whether a pattern matches a whole text: "*" is any text, "?" one
// character.
func glob(pattern, text string) bool {
	p, t := []rune(pattern), []rune(text)
	star, mark := -1, 0
	i, j := 0, 0
	for j < len(t) {
		switch {
		case i < len(p) && p[i] == '*':
			star, mark = i, j
			i++
		case i < len(p) && (p[i] == '?' || p[i] == t[j]):
			i, j = i+1, j+1
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(string(p[i:]), "*") == ""
}
