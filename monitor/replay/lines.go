package replay

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Limits of a file of tests.
const (
	maxFile  = 1 << 20 // bytes
	maxCases = 10_000

	maxValues = 1 << 21 // of all series
)

// Pos is a place in a file of tests, line and column from 1.
type Pos struct {
	File         string
	Line, Column int
}

func (p Pos) String() string { return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column) }

// SyntaxError says where a file of tests makes no sense, and why.
type SyntaxError struct {
	Pos
	Msg string
}

func (e *SyntaxError) Error() string { return e.Pos.String() + ": " + e.Msg }

func (p Pos) errorf(format string, args ...any) error {
	return &SyntaxError{Pos: p, Msg: fmt.Sprintf(format, args...)}
}

// line is one line of a file that is neither blank nor a comment.
type line struct {
	pos    Pos    // of its first letter
	indent int    // bytes of white space before it
	text   string // without the white space around it
}

// directive is "key: value" with the block below it, the lines that stand
// further right.
type directive struct {
	line
	key   string // words separated by single spaces
	value string
	at    Pos    // of the value
	block []line // without blank lines and comments
	raw   string // the same as it stands, for XML
	first Pos    // of raw
}

// directives splits lines that stand equally far to the right, each with its
// block.
func directives(lines []string, pos Pos, from int) ([]directive, error) {
	var list []directive
	level := -1
	for i := 0; i < len(lines); {
		l, ok := lineOf(lines[i], Pos{pos.File, pos.Line + i, 1})
		if !ok {
			i++
			continue
		}
		if level < 0 {
			level = l.indent
		}
		if l.indent != level || l.indent < from {
			return nil, l.pos.errorf("this line does not begin below the lines it belongs to: they begin at column %d", level+1)
		}
		end := i + 1
		for end < len(lines) && (strings.TrimSpace(lines[end]) == "" || indentOf(lines[end]) > level) {
			end++
		}
		d, err := newDirective(l, lines[i+1:end])
		if err != nil {
			return nil, err
		}
		list = append(list, d)
		i = end
	}
	return list, nil
}

func newDirective(l line, below []string) (directive, error) {
	for len(below) > 0 && strings.TrimSpace(below[len(below)-1]) == "" {
		below = below[:len(below)-1]
	}
	d := directive{line: l, first: Pos{l.pos.File, l.pos.Line + 1, 1}, raw: strings.Join(below, "\n")}
	key, value, ok := cutColon(l.text)
	if !ok {
		return d, l.pos.errorf("%q: want a word and a colon, such as \"series:\"", clip(l.text))
	}
	d.key, d.value, d.at = strings.Join(strings.Fields(key), " "), value, l.pos.plus(l.text[:len(l.text)-len(value)])
	for i, text := range below {
		if b, ok := lineOf(text, Pos{d.first.File, d.first.Line + i, 1}); ok {
			d.block = append(d.block, b)
		}
	}
	return d, nil
}

// cutColon splits at the first colon that a space or the end follows.
func cutColon(text string) (key, value string, ok bool) {
	for i := range text {
		if text[i] == ':' && (i+1 == len(text) || text[i+1] == ' ' || text[i+1] == '\t') {
			return strings.TrimSpace(text[:i]), strings.TrimSpace(text[i+1:]), true
		}
	}
	return "", "", false
}

// lineOf takes the comment and the white space off a line; false if nothing is
// left. A comment begins at "#" at the beginning of a line, or after a space.
func lineOf(text string, pos Pos) (line, bool) {
	indent := indentOf(text)
	rest := text[indent:]
	for i := range rest {
		if rest[i] == '#' && (i == 0 || rest[i-1] == ' ' || rest[i-1] == '\t') {
			rest = rest[:i]
			break
		}
	}
	rest = strings.TrimSpace(rest)
	if rest == "" {
		return line{}, false
	}
	pos.Column = indent + 1
	return line{pos: pos, indent: indent, text: rest}, true
}

func indentOf(text string) int { return len(text) - len(strings.TrimLeft(text, " \t")) }

// plus is the place after some text on the same line.
func (p Pos) plus(text string) Pos {
	p.Column += utf8.RuneCountInString(text)
	return p
}

// words are the words of a text that begins at pos, each with its place.
func words(text string, pos Pos) []word {
	var list []word
	for at := 0; at < len(text); {
		if text[at] == ' ' || text[at] == '\t' {
			at++
			continue
		}
		end := at + 1
		for end < len(text) && text[end] != ' ' && text[end] != '\t' {
			end++
		}
		list = append(list, word{text[at:end], pos.plus(text[:at])})
		at = end
	}
	return list
}

type word struct {
	text string
	pos  Pos
}

// clip shortens foreign text for a message.
func clip(s string) string {
	if utf8.RuneCountInString(s) > 60 {
		return string([]rune(s)[:57]) + "..."
	}
	return s
}

// oneOf lists words for a message: a, b or c.
func oneOf(list ...string) string {
	list = slices.Clone(list)
	if len(list) < 2 {
		return strings.Join(list, "")
	}
	return strings.Join(list[:len(list)-1], ", ") + " or " + list[len(list)-1]
}
