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

// Sheet is text in sections with their titles to the left.
type Sheet struct{ strings.Builder }

// Section writes lines with a title before the first.
func (s *Sheet) Section(title string, lines ...string) {
	for _, line := range lines {
		s.WriteString(strings.TrimRight(fmt.Sprintf("%-10s %s", title, line), " ") + "\n")
		title = ""
	}
}
