package plan

import (
	"strconv"
	"strings"
)

// number is a number for a sentence: whole, or with one digit.
func number(x float64) string {
	return strings.TrimSuffix(strconv.FormatFloat(x, 'f', 1, 64), ".0")
}

func machinesWord(n int) string {
	if n == 1 {
		return "machine"
	}
	return "machines"
}

func isAre(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

// list is names for a sentence, not too many.
func list(names []string) string {
	if len(names) > 3 {
		return strings.Join(names[:3], ", ") + " and " + strconv.Itoa(len(names)-3) + " more"
	}
	return strings.Join(names, ", ")
}

// tasks is how many of them do what the verb says, in one form or the other.
func tasks(n int, one, more string) string {
	if n == 1 {
		return strings.TrimSpace("1 task " + one)
	}
	return strings.TrimSpace(strconv.Itoa(n) + " tasks " + more)
}
