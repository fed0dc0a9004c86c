package plan

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Span is a time for a sentence, in its two largest units: "40 s", "2 min 5 s",
// "1 h 30 min". One that is negative is none.
func Span(d time.Duration) string {
	d = max(d.Round(time.Second), 0)
	units := []struct {
		name string
		long time.Duration
	}{{"d", 24 * time.Hour}, {"h", time.Hour}, {"min", time.Minute}, {"s", time.Second}}
	for i, u := range units {
		if d < u.long {
			continue
		}
		text := fmt.Sprintf("%d %s", d/u.long, u.name)
		if i+1 < len(units) {
			if rest := d % u.long / units[i+1].long; rest > 0 {
				text += fmt.Sprintf(" %d %s", rest, units[i+1].name)
			}
		}
		return text
	}
	return "0 s"
}

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
