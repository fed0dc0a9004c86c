package console

import (
	"io"
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// Screen is what output goes to. The zero Screen is none: no bound, no
// colours.
type Screen struct {
	Width int // columns; 0 for no bound
	Color bool
}

// ScreenOf is the terminal behind a writer, or none.
func ScreenOf(out io.Writer) Screen {
	if size := SizeOf(out); size == nil || size.Col == 0 {
		return Screen{}
	}
	columns, color := Terminal(out)
	return Screen{columns, color}
}

// Style is a mark that begins text of a kind; Plain ends it. The marks are
// code points that Unicode keeps for use within a program, and are taken out,
// or become colours, as the last step.
type Style rune

// The styles.
const (
	Plain Style = 0xfdd0 + iota
	Bad
	Warned
	Good
	Faint
	Strong
)

// escapes are the colours: ECMA-48, select graphic rendition.
var escapes = map[Style]string{
	Plain: "\x1b[0m", Bad: "\x1b[31;1m", Warned: "\x1b[33m", Good: "\x1b[32m", Faint: "\x1b[2m", Strong: "\x1b[1m",
}

// Paint marks a text.
func Paint(s Style, text string) string {
	if text == "" || s == Plain {
		return text
	}
	return string(s) + text + string(Plain)
}

// Finish makes a text fit to be shown: what others wrote cannot steer the
// terminal, and the marks become colours or nothing.
func (s Screen) Finish(text string) string {
	text = Printable(text)
	var b strings.Builder
	b.Grow(len(text))
	for _, r := range text {
		escape, is := escapes[Style(r)]
		switch {
		case !is:
			b.WriteRune(r)
		case s.Color:
			b.WriteString(escape)
		}
	}
	return b.String()
}

// runeWidth is how many columns a character takes.
func runeWidth(r rune) int {
	if _, mark := escapes[Style(r)]; mark || unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// TextWidth is how many columns a text takes.
func TextWidth(text string) int {
	n := 0
	for _, r := range text {
		n += runeWidth(r)
	}
	return n
}

// Cut shortens a text to so many columns; the last of them says so.
func Cut(text string, columns int) string {
	if TextWidth(text) <= columns {
		return text
	}
	var b strings.Builder
	n, painted := 0, false
	for _, r := range text {
		if n += runeWidth(r); n > columns-1 {
			break
		}
		if _, mark := escapes[Style(r)]; mark {
			painted = Style(r) != Plain
		}
		b.WriteRune(r)
	}
	b.WriteString("…")
	if painted {
		b.WriteRune(rune(Plain))
	}
	return b.String()
}
