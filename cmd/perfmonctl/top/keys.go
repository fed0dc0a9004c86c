package top

import "charm.land/bubbles/v2/key"

func bind(keys []string, shown, what string) key.Binding {
	return key.NewBinding(key.WithKeys(keys...), key.WithHelp(shown, what))
}

// The keys, beside those of the sortings.
var (
	keyQuit   = bind([]string{"q", "ctrl+c"}, "q", "quit")
	keyHelp   = bind([]string{"?", "f1", "h"}, "?", "help")
	keyUp     = bind([]string{"up", "k"}, "↑ k", "up")
	keyDown   = bind([]string{"down", "j"}, "↓ j", "down")
	keyPgUp   = bind([]string{"pgup", "ctrl+b"}, "pgup", "a page up")
	keyPgDown = bind([]string{"pgdown", "ctrl+f", "space"}, "pgdn", "a page down")
	keyHome   = bind([]string{"home", "g"}, "home g", "to the first")
	keyEnd    = bind([]string{"end", "G"}, "end G", "to the last")
	keyOpen   = bind([]string{"enter"}, "enter", "the object in detail")
	keyHost   = bind([]string{"H"}, "H", "the host in detail")
	keyBack   = bind([]string{"esc", "backspace"}, "esc", "back; end the filter")
	keyPane   = bind([]string{"tab", "shift+tab"}, "tab", "between table and alarms")
	keyFilter = bind([]string{"/"}, "/", "filter by name")
	keyKind   = bind([]string{"v"}, "v", "VMs and SRs, VMs, SRs")
	keyTurn   = bind([]string{"r"}, "r", "turn the order round")
	keyLeft   = bind([]string{"left", "p"}, "← p", "the plot before")
	keyRight  = bind([]string{"right", "n"}, "→ n", "the next plot")
	keySpan   = bind([]string{"t"}, "t", "10 min or 2 h")
)
