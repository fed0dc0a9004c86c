package tui

import (
	"strings"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"
)

// MaxFilter is how long a filter may be, in bytes.
const MaxFilter = 64

// Filter is a part of names that is typed to have those alone that have it.
type Filter struct {
	Text   string
	Typing bool
}

// Press takes a key while it is typed. What moves a cursor is for others: then
// it is false.
func (f *Filter) Press(k tea.KeyPressMsg) (taken bool) {
	switch k.String() {
	case "enter":
		f.Typing = false
	case "esc":
		f.Typing, f.Text = false, ""
	case "backspace":
		_, n := utf8.DecodeLastRuneInString(f.Text)
		f.Text = f.Text[:len(f.Text)-n]
	case "ctrl+u":
		f.Text = ""
	case "up", "down", "pgup", "pgdown":
		return false
	default:
		f.Type(k.Text)
	}
	return true
}

// Type adds a text.
func (f *Filter) Type(text string) {
	if text = Clean(text); len(f.Text)+len(text) <= MaxFilter {
		f.Text += text
	}
}

// Passes says whether one of the names has it, in small letters or large ones.
func (f *Filter) Passes(names ...string) bool {
	part := strings.ToLower(f.Text)
	for _, name := range names {
		if strings.Contains(strings.ToLower(name), part) {
			return true
		}
	}
	return false
}

// Line shows it while it is typed.
func (f *Filter) Line() string {
	return Paint(Bold, "/"+f.Text+"▏") + Paint(Faint, "  enter keeps the filter, esc ends it")
}
