package top

import (
	"charm.land/bubbles/v2/key"

	"perfmon/cmd/internal/tui"
)

// The keys, beside those of every view.
var (
	keyPane     = tui.Bind([]string{"tab"}, "tab", "the next pane")
	keyPaneBack = tui.Bind([]string{"shift+tab"}, "", "")
	keyFilter   = tui.Bind([]string{"/"}, "/", "filter by name, queue or host")
	keyOpen     = tui.Bind([]string{"enter"}, "enter", "the profile in detail")
	keyBack     = tui.Bind([]string{"esc", "backspace"}, "esc", "back; end the filter")
	keyNext     = tui.Bind([]string{"right", "n", "tab"}, "→ n", "the other plot")
	keyLast     = tui.Bind([]string{"left", "p"}, "← p", "the other plot")
)

// helpView lists the keys, and says what the words mean.
func (m *model) helpView() []string {
	lines := []string{tui.Paint(tui.Bold, "rubber top") + tui.Paint(tui.Faint, "  any key goes back"), ""}
	for _, b := range []key.Binding{tui.KeyUp, tui.KeyDown, tui.KeyPgUp, tui.KeyPgDown, tui.KeyHome, tui.KeyEnd, keyPane, keyFilter, keyOpen, keyBack, keyNext, tui.KeyQuit} {
		lines = append(lines, "  "+tui.Fit(b.Help().Key, 8)+b.Help().Desc)
	}
	words := []string{
		"", "  WAITS     tasks that nobody has; RUN: tasks that a worker has",
		"  SLOTS     tasks that the machines, and workers elsewhere, can run at once",
		"  WANT      machines that the last plan wants; HAVE: those that count for it",
		"  DEMAND    waiting and running tasks of the last turns; CAPACITY: slots",
		"  –         nobody knows",
	}
	if m.Height > 0 {
		words = words[:max(0, min(len(words), m.Height-len(lines)))]
	}
	return append(lines, words...)
}
