package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// Limits of the labels of one variable. Each is in every event of its alarms
// and a series on the metrics page.
const (
	MaxLabels     = 16
	MaxLabelName  = 64  // bytes
	MaxLabelValue = 256 // bytes
)

// labelName is what Prometheus takes for the name of a label.
var labelName = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)

// ownLabels are the names that the agent gives to alarms itself.
var ownLabels = []string{
	"alertname", "class", "host_uuid", "name", "name_label", "pool_uuid", "severity", "uuid", "variable",
}

// labelError is what is wrong with labels, and the way out.
type labelError struct{ msg, fix string }

// parseLabels reads labels, blanks around names and values left out:
//
//	team=storage, tier=gold
//
// A value may have = in it, but no comma.
func parseLabels(text string) (map[string]string, *labelError) {
	pairs := strings.Split(text, ",")
	if len(pairs) > MaxLabels {
		return nil, &labelError{fmt.Sprintf("%d labels; the limit is %d", len(pairs), MaxLabels), "keep those that route or group alarms"}
	}
	labels := make(map[string]string, len(pairs))
	for _, pair := range pairs {
		name, value, ok := strings.Cut(pair, "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if !ok || value == "" {
			return nil, &labelError{fmt.Sprintf("%s has no value", short(pair)), `write name=value, with a comma between two of them: value="team=storage,tier=gold"`}
		}
		if err := checkLabel(name, value); err != nil {
			return nil, err
		}
		if _, twice := labels[name]; twice {
			return nil, &labelError{fmt.Sprintf("two labels %q", name), "keep one of them"}
		}
		labels[name] = value
	}
	return labels, nil
}

func checkLabel(name, value string) *labelError {
	switch {
	case !labelName.MatchString(name):
		return &labelError{fmt.Sprintf("%s is no name of a label", short(name)), "write a name of letters, digits and _, such as team"}
	case strings.HasPrefix(name, "__"):
		return &labelError{fmt.Sprintf("%s begins with __, which Prometheus keeps for itself", short(name)), "choose another name"}
	case slices.Contains(ownLabels, name):
		return &labelError{fmt.Sprintf("every alarm has a label %q already", name), "choose another name"}
	case len(name) > MaxLabelName:
		return &labelError{fmt.Sprintf("the name %s has %d bytes; the limit is %d", short(name), len(name), MaxLabelName), "shorten it"}
	case len(value) > MaxLabelValue:
		return &labelError{fmt.Sprintf("the value of %q has %d bytes; the limit is %d", name, len(value), MaxLabelValue), "shorten it"}
	case strings.ContainsFunc(value, unicode.IsControl):
		return &labelError{fmt.Sprintf("the value of %q has a control character in it", name), "remove it"}
	}
	return nil
}

// short quotes a text, cut where it is too long for a message.
func short(text string) string {
	const limit = 40
	if runes := []rune(text); len(runes) > limit {
		return fmt.Sprintf("%q…", string(runes[:limit]))
	}
	return fmt.Sprintf("%q", text)
}
