package main

import (
	"io"
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// screen is what output goes to. The zero screen is none: no bound, no
// colours.
type screen struct {
	width int // columns; 0 for no bound
	color bool
}

// screenOf is the terminal behind a writer, or none.
func screenOf(out io.Writer) screen {
	if size := sizeOf(out); size == nil || size.Col == 0 {
		return screen{}
	}
	columns, color := terminal(out)
	return screen{columns, color}
}

// style is a mark that begins text of a kind; plain ends it. The marks are
// code points that Unicode keeps for use within a program, and are taken out,
// or become colours, as the last step.
type style rune

const (
	plain style = 0xfdd0 + iota
	bad
	warned
	good
	faint
	strong
)

// escapes are the colours: ECMA-48, select graphic rendition.
var escapes = map[style]string{
	plain: "\x1b[0m", bad: "\x1b[31;1m", warned: "\x1b[33m", good: "\x1b[32m", faint: "\x1b[2m", strong: "\x1b[1m",
}

// paint marks a text.
func paint(s style, text string) string {
	if text == "" || s == plain {
		return text
	}
	return string(s) + text + string(plain)
}

// finish makes a text fit to be shown: what others wrote cannot steer the
// terminal, and the marks become colours or nothing.
func (s screen) finish(text string) string {
	text = printable(text)
	var b strings.Builder
	b.Grow(len(text))
	for _, r := range text {
		escape, is := escapes[style(r)]
		switch {
		case !is:
			b.WriteRune(r)
		case s.color:
			b.WriteString(escape)
		}
	}
	return b.String()
}

// runeWidth is how many columns a character takes.
func runeWidth(r rune) int {
	if _, mark := escapes[style(r)]; mark || unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// textWidth is how many columns a text takes.
func textWidth(text string) int {
	n := 0
	for _, r := range text {
		n += runeWidth(r)
	}
	return n
}

// cut shortens a text to so many columns; the last of them says so.
func cut(text string, columns int) string {
	if textWidth(text) <= columns {
		return text
	}
	var b strings.Builder
	n, painted := 0, false
	for _, r := range text {
		if n += runeWidth(r); n > columns-1 {
			break
		}
		if _, mark := escapes[style(r)]; mark {
			painted = style(r) != plain
		}
		b.WriteRune(r)
	}
	b.WriteString("…")
	if painted {
		b.WriteRune(rune(plain))
	}
	return b.String()
}
