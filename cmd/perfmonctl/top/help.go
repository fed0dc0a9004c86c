package top

import (
	"fmt"

	"charm.land/bubbles/v2/key"
)

// helpView lists the keys, and says what the words mean.
func (m *model) helpView() []string {
	row := func(b key.Binding) string { return fit(b.Help().Key, 8) + b.Help().Desc }
	left := []string{paint(heading, "Keys")}
	for _, b := range []key.Binding{keyUp, keyDown, keyPgUp, keyPgDown, keyHome, keyEnd, keyPane, keyFilter, keyKind, keyOpen, keyHost, keyBack, keyQuit} {
		left = append(left, row(b))
	}
	middle := []string{paint(heading, "Sort by")}
	for _, s := range sortings {
		middle = append(middle, fit(s.key, 8)+s.name)
	}
	middle = append(middle, row(keyTurn), "", paint(heading, "In detail"), row(keyLeft), row(keyRight), row(keySpan), "enter   the plot of a variable")
	words := []string{
		"WAIT     of a VM: the share of its time that it waited for a processor;",
		"         of an SR (DELAY): how long a request takes",
		"NET DISK bytes a second, K = 1024; MEM of an SR is the space in use",
		"load     runnable virtual processors for each physical one; dom0: its load",
		"ALARMS   how many fire: crit(ical), warn(ing); +n are others of that object",
		"A value is shown with its level: 0.97 (>0.9) is bad above 0.9.",
	}
	if m.Height < len(left)+len(words)+3 {
		words = words[:max(0, m.Height-len(left)-3)]
	}
	lines := []string{paint(bold, "perfmonctl top") + paint(faint, "  any key goes back"), ""}
	for i := range max(len(left), len(middle)) {
		a, b := "", ""
		if i < len(left) {
			a = left[i]
		}
		if i < len(middle) {
			b = middle[i]
		}
		lines = append(lines, fmt.Sprintf("  %s %s", fit(a, 34), b))
	}
	lines = append(lines, "")
	for _, w := range words {
		lines = append(lines, "  "+w)
	}
	return lines
}
