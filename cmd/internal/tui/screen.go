package tui

import (
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"
)

// The colours are the terminal's own sixteen, so that they fit its theme.
var (
	Bold     = lipgloss.NewStyle().Bold(true)
	Faint    = lipgloss.NewStyle().Faint(true)
	Reverse  = lipgloss.NewStyle().Reverse(true)
	Critical = lipgloss.NewStyle().Foreground(lipgloss.Red).Bold(true)
	Warning  = lipgloss.NewStyle().Foreground(lipgloss.Yellow)
	Missing  = lipgloss.NewStyle().Foreground(lipgloss.Magenta)
	Good     = lipgloss.NewStyle().Foreground(lipgloss.Green)
	Heading  = lipgloss.NewStyle().Foreground(lipgloss.Cyan)
)

// Paint shows a text in a style. It has to be one line.
func Paint(s lipgloss.Style, text string) string {
	if text == "" {
		return ""
	}
	return s.Inline(true).Render(text)
}

// Plain is a line without styles.
func Plain(line string) string { return ansi.Strip(line) }

// Wrap breaks a text at its spaces into lines with an indent.
func Wrap(indent, text string, cells int) []string {
	var lines []string
	line := indent
	for _, word := range strings.Fields(text) {
		if Width(line)+1+Width(word) > cells && line != indent {
			lines = append(lines, line)
			line = indent
		}
		if line != indent {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}

// Rule is a line with a title that parts the screen.
func Rule(title string, active bool, cells int) string {
	style := Heading
	if active {
		style = style.Bold(true)
	}
	text := "── " + title + " "
	return Paint(style, Fit(text+strings.Repeat("─", max(0, cells-Width(text))), cells))
}

// KeyLine is pairs of keys and what they do, as many as there is room for.
func KeyLine(cells int, pairs ...string) string {
	line := ""
	for i := 0; i+1 < len(pairs); i += 2 {
		next := Paint(Bold, pairs[i]) + " " + Paint(Faint, pairs[i+1])
		if line != "" {
			next = line + "  " + next
		}
		if Width(next) > cells {
			break
		}
		line = next
	}
	return line
}

// Bind is a key, or several, with what help says of it.
func Bind(keys []string, shown, what string) key.Binding {
	return key.NewBinding(key.WithKeys(keys...), key.WithHelp(shown, what))
}

// The keys of every view.
var (
	KeyQuit   = Bind([]string{"q", "ctrl+c"}, "q", "quit")
	KeyHelp   = Bind([]string{"?", "f1", "h"}, "?", "help")
	KeyUp     = Bind([]string{"up", "k"}, "↑ k", "up")
	KeyDown   = Bind([]string{"down", "j"}, "↓ j", "down")
	KeyPgUp   = Bind([]string{"pgup", "ctrl+b"}, "pgup", "a page up")
	KeyPgDown = Bind([]string{"pgdown", "ctrl+f", "space"}, "pgdn", "a page down")
	KeyHome   = Bind([]string{"home", "g"}, "home g", "to the first")
	KeyEnd    = Bind([]string{"end", "G"}, "end G", "to the last")
)

// Steps is how far a key goes in a list of so many, by so many a page.
func Steps(k tea.KeyPressMsg, page, all int) (by int, ok bool) {
	for _, one := range []struct {
		binding key.Binding
		by      int
	}{{KeyUp, -1}, {KeyDown, 1}, {KeyPgUp, -page}, {KeyPgDown, page}, {KeyHome, -all}, {KeyEnd, all}} {
		if key.Matches(k, one.binding) {
			return one.by, true
		}
	}
	return 0, false
}

// Blocks are the heights of a sparkline.
func Blocks() []rune { return []rune("▁▂▃▄▅▆▇█") }
