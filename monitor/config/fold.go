package config

import (
	"fmt"
	"strings"
)

// Fold says how a variable makes one value of its columns in one row, or
// that it is a reading: a value that no column holds, taken once a poll.
type Fold int

// The folds, in the order in which the stock daemon lists them; then ours.
const (
	Sum          Fold = iota // of the known columns
	Average                  // of the known columns
	Max                      // of the known columns
	FSUsage                  // reading: used part of dom0's root file system, 0..1
	LogFSUsage               // reading: the same of /var/log where that is a file system of its own
	MemUsage                 // reading: dom0's memory in use, swap included, as a part of all; may exceed 1
	SRUsage                  // reading: physical_utilisation / size of an SR, 0..1
	MemAvailable             // reading: dom0's memory that can be had without swapping, as a part of all, 0..1
)

// foldNames are the values of consolidation_fn, in Fold's order.
var foldNames = []string{
	"sum", "average", "max",
	"get_percent_fs_usage", "get_percent_log_fs_usage", "get_percent_mem_usage", "get_percent_sr_usage",
	"get_percent_mem_available",
}

// parseFold finds the fold that consolidation_fn names.
func parseFold(name string) (Fold, bool) {
	for i, n := range foldNames {
		if n == name {
			return Fold(i), true
		}
	}
	return 0, false
}

// foldFix is the way out for a name that is no fold's. The short names are near
// to many words, "max" to "mean", so that of these only a slip of one letter is
// guessed.
func foldFix(name string) string {
	for _, known := range foldNames {
		if distance(strings.ToLower(name), known) <= 1 {
			return fmt.Sprintf("did you mean %q?", known)
		}
	}
	if long := len(foldNames[FSUsage]); len(name) >= long/2 {
		if hint := didYouMean("%q", name, foldNames); hint != "" {
			return hint
		}
	}
	return "use one of " + strings.Join(foldNames, ", ")
}

// Reading says whether the fold is a reading, which has no columns.
func (f Fold) Reading() bool { return f >= FSUsage }

// String is the fold as consolidation_fn spells it.
func (f Fold) String() string {
	if f < 0 || int(f) >= len(foldNames) {
		return "unknown fold"
	}
	return foldNames[f]
}

// Sense says on which side of its level a value is bad.
type Sense int

// The senses.
const (
	High Sense = iota // bad above the level
	Low               // bad below the level
)

// String is the sense as alarm_trigger_sense spells it.
func (s Sense) String() string {
	if s == High {
		return "high"
	}
	return "low"
}
