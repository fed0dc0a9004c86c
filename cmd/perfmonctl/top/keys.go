package top

import "perfmon/cmd/internal/tui"

// The keys, beside those of the sortings.
var (
	keyQuit   = tui.KeyQuit
	keyUp     = tui.KeyUp
	keyDown   = tui.KeyDown
	keyPgUp   = tui.KeyPgUp
	keyPgDown = tui.KeyPgDown
	keyHome   = tui.KeyHome
	keyEnd    = tui.KeyEnd
	keyOpen   = tui.Bind([]string{"enter"}, "enter", "the object in detail")
	keyHost   = tui.Bind([]string{"H"}, "H", "the host in detail")
	keyBack   = tui.Bind([]string{"esc", "backspace"}, "esc", "back; end the filter")
	keyPane   = tui.Bind([]string{"tab", "shift+tab"}, "tab", "between table and alarms")
	keyFilter = tui.Bind([]string{"/"}, "/", "filter by name")
	keyKind   = tui.Bind([]string{"v"}, "v", "VMs and SRs, VMs, SRs")
	keyTurn   = tui.Bind([]string{"r"}, "r", "turn the order round")
	keyLeft   = tui.Bind([]string{"left", "p"}, "← p", "the plot before")
	keyRight  = tui.Bind([]string{"right", "n"}, "→ n", "the next plot")
	keySpan   = tui.Bind([]string{"t"}, "t", "10 min or 2 h")
)
