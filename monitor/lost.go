package monitor

import (
	"fmt"
	"regexp"
	"strings"

	"perfmon/monitor/config"
)

// reportLost warns of what an editor that knows only the stock daemon's
// elements seems to have dropped from an object's own XML, and says how to put
// it back. The text before is the last one, or the last good one, which
// outlives a restart.
func (m *Monitor) reportLost(o *object, text string) {
	lost := config.LostElements(o.text, text)
	if before := m.savedConfigs[o.Object]; len(lost) == 0 && before != text {
		lost = config.LostElements(before, text)
	}
	for len(lost) > 0 {
		name := lost[0].Variable
		var words, assignments []string
		for len(lost) > 0 && lost[0].Variable == name {
			words = append(words, lost[0].Tag)
			if key := lost[0].Key(); key != "" {
				assignments = append(assignments, key+"="+shellQuoted(lost[0].Value))
			}
			lost = lost[1:]
		}
		fix := fmt.Sprintf("write <disable name=%q/> into %s again", name, config.OwnOrigin)
		if len(assignments) > 0 {
			fix = fmt.Sprintf("perfmonctl set %s:%s %s %s", o.Class, o.UUID, shellQuoted(name), strings.Join(assignments, " "))
		}
		m.log.Warn("a GUI seems to have dropped elements that it does not know", "class", o.Class, "uuid", o.UUID, "name", o.label(),
			"variable", name, "lost", strings.Join(words, ", "), "fix", fix)
	}
}

var plainWord = regexp.MustCompile(`^[A-Za-z0-9_.,:=/+-]+$`)

// shellQuoted is a word as a shell takes it.
func shellQuoted(word string) string {
	if plainWord.MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
