package console

import (
	"slices"
	"strings"
)

// leastCut is the least that a cell is cut to.
const leastCut = 8

// column is how one is set: its head begins with ">" if that is to the right,
// and with "~" if it may be cut.
type column struct {
	width       int
	right, cuts bool
}

// Columns lays out a table that fits the screen, if it can: of those columns
// that may be cut the widest are.
func (s Screen) Columns(table [][]string) string {
	layout := make([]column, len(table[0]))
	for i, row := range table {
		for k, cell := range row {
			c := &layout[k]
			if i == 0 {
				cell, c.right = strings.CutPrefix(cell, ">")
				cell, c.cuts = strings.CutPrefix(cell, "~")
				cell = Paint(Faint, cell)
			}
			row[k] = strings.ReplaceAll(Printable(cell), "\n", " ")
			c.width = max(c.width, TextWidth(row[k]))
		}
	}
	if s.Width > 0 {
		shrink(layout, s.Width)
	}
	var b strings.Builder
	for _, row := range table {
		var line strings.Builder
		for k, c := range layout {
			text := row[k]
			if c.cuts {
				text = Cut(text, c.width)
			}
			pad := strings.Repeat(" ", c.width-TextWidth(text))
			if c.right {
				text = pad + text
			} else {
				text += pad
			}
			line.WriteString(text + "  ")
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return b.String()
}

// Noted lays out a table whose last column has notes in words: those for which
// there is no room on their row stand below it.
func (s Screen) Noted(table [][]string) string {
	last := len(table[0]) - 1
	bare, widths, wide := make([][]string, len(table)), make([]int, last), 0
	for i, row := range table {
		bare[i] = slices.Clone(row[:last])
		for k, cell := range row[:last] {
			widths[k] = max(widths[k], TextWidth(Printable(strings.TrimLeft(cell, ">~"))))
		}
	}
	for _, w := range widths {
		wide += w + 2
	}
	below, beside := make([]string, len(table)), false
	for i, row := range table {
		note := strings.Join(strings.Fields(row[last]), " ")
		if s.Width > 0 && wide+TextWidth(note) > s.Width {
			below[i], note = note, ""
		}
		beside = beside || i > 0 && note != ""
		bare[i] = append(bare[i], note)
	}
	if below[0] = ""; !beside { // notes below a row need no title
		bare[0][last] = ""
	}
	var b strings.Builder
	i := 0
	for line := range strings.Lines(s.Columns(bare)) {
		b.WriteString(line)
		if below[i] != "" {
			b.WriteString(Wrap("  ", "  ", below[i], s.Width) + "\n")
		}
		i++
	}
	return b.String()
}

// shrink takes columns off the widest of those that may be cut, until all fit.
func shrink(layout []column, limit int) {
	total := 2 * (len(layout) - 1)
	for _, c := range layout {
		total += c.width
	}
	for ; total > limit; total-- {
		var widest *column
		for i := range layout {
			if c := &layout[i]; c.cuts && c.width > leastCut && (widest == nil || c.width > widest.width) {
				widest = c
			}
		}
		if widest == nil {
			return
		}
		widest.width--
	}
}
