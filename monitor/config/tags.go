package config

import "fmt"

// The elements outside variables.
const (
	variableTag = "variable"
	disableTag  = "disable"
	// configTag is a block of variables, in triggersTag one of several.
	configTag   = "config"
	triggersTag = "triggers"
)

// The tags inside a variable. To add one: name it here and in knownTags, and
// read it in variable.go or elements.go.
const (
	tagName     = "name"
	tagFold     = "consolidation_fn"
	tagPattern  = "rrd_regex"
	tagLevel    = "alarm_trigger_level"
	tagPeriod   = "alarm_trigger_period"
	tagInhibit  = "alarm_auto_inhibit_period"
	tagSense    = "alarm_trigger_sense"
	tagPriority = "alarm_priority"
	// What the stock daemon does not know, and ignores (elements.go).
	tagWarningLevel = "alarm_warning_level"
	tagClearLevel   = "alarm_clear_level"
	tagClearPeriod  = "alarm_clear_period"
	tagNoDataPeriod = "alarm_nodata_period"
	tagLabels       = "alarm_labels"
	// tagConfiguredOn says in an alarm's body which SR its variable is
	// configured on. It is written, never read.
	tagConfiguredOn = "configured_on"
)

var knownTags = []string{
	tagName, tagFold, tagPattern, tagLevel, tagPeriod, tagInhibit, tagSense, tagPriority,
	tagWarningLevel, tagClearLevel, tagClearPeriod, tagNoDataPeriod, tagLabels, tagConfiguredOn,
}

// didYouMean is a fix that names the word nearest to one that is not known,
// written by format; "" if none is near.
func didYouMean(format, word string, known []string) string {
	best, at := "", 1+max(2, len(word)/3)
	for _, k := range known {
		if d := distance(word, k); d < at {
			best, at = k, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("did you mean "+format+"?", best)
}

// distance is the number of single-letter edits between two words.
func distance(a, b string) int {
	if len(a) > 100 || len(b) > 100 {
		return max(len(a), len(b))
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			edit := diagonal
			if a[i] != b[j] {
				edit++
			}
			diagonal = row[j+1]
			row[j+1] = min(edit, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
