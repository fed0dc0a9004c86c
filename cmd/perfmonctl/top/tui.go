package top

import (
	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"

	"perfmon/cmd/internal/tui"
)

// What cmd/internal/tui has, by the names that it has here.
type (
	cursor   = tui.Cursor
	frameDue = tui.FrameDue
)

const (
	unknown = tui.Unknown
	maxName = tui.MaxName
)

func clean(text string) string                         { return tui.Clean(text) }
func width(text string) int                            { return tui.Width(text) }
func fit(text string, cells int) string                { return tui.Fit(text, cells) }
func right(text string, cells int) string              { return tui.Right(text, cells) }
func known(v *float64) float64                         { return tui.Known(v) }
func percent(v float64) string                         { return tui.Percent(v) }
func size(v float64) string                            { return tui.Size(v) }
func seconds(v float64) string                         { return tui.Seconds(v) }
func sum(values ...float64) float64                    { return tui.Sum(values...) }
func number(v float64) string                          { return tui.Number(v) }
func ago(seconds int64) string                         { return tui.Ago(seconds) }
func short(seconds int64) string                       { return tui.Short(seconds) }
func paint(s lipgloss.Style, text string) string       { return tui.Paint(s, text) }
func plain(line string) string                         { return tui.Plain(line) }
func wrap(indent, text string, cells int) []string     { return tui.Wrap(indent, text, cells) }
func rule(title string, active bool, cells int) string { return tui.Rule(title, active, cells) }

func steps(k tea.KeyPressMsg, page, all int) (by int, ok bool) { return tui.Steps(k, page, all) }
