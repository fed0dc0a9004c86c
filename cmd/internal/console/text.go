package console

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// Printable is a text of others, made safe for a terminal.
func Printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && (r < ' ' || r >= 0x7f && r < 0xa0) {
			return '\ufffd'
		}
		return r
	}, text)
}

// JSON is a value as answers of our programs are written.
func JSON(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(v)
	return b.Bytes(), err
}

// Write writes output.
func Write(out io.Writer, text string) error {
	if _, err := io.WriteString(out, text); err != nil {
		return fmt.Errorf("write output: %w", err)
	}
	return nil
}

// Wrap breaks a text at its spaces into lines of so many columns, the first of
// which begins with one indent, the others with the other; 0 columns are no
// bound. A word that is longer stays whole.
func Wrap(first, rest, text string, columns int) string {
	if columns <= 0 || TextWidth(first+text) <= columns {
		return first + text
	}
	indent := TextWidth(rest)
	line, column := first, TextWidth(first)
	var lines []string
	for _, word := range strings.Fields(text) {
		wide := TextWidth(word)
		if column+wide > columns && column > indent {
			lines = append(lines, strings.TrimRight(line, " "))
			line, column = rest, indent
		}
		line += word + " "
		column += wide + 1
	}
	return strings.Join(append(lines, strings.TrimRight(line, " ")), "\n")
}

// Sheet is text in sections with their titles to the left.
type Sheet struct {
	strings.Builder
	Width int // columns; 0 for no bound
}

// Section writes lines with a title before the first.
func (s *Sheet) Section(title string, lines ...string) {
	for _, line := range lines {
		s.WriteString(strings.TrimRight(Wrap(fmt.Sprintf("%-10s ", title), sheetIndent, line, s.Width), " ") + "\n")
		title = ""
	}
}

// sheetIndent is where sections stand.
var sheetIndent = strings.Repeat(" ", 11)
