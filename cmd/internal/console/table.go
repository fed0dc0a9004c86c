package console

import "strings"

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
