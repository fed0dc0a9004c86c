package rrd

import (
	"bytes"
	"fmt"
	"slices"
)

// maxLegendBytes bounds the text of a whole legend. The largest host there
// is, with 1000 guests, needs 3 MB.
const maxLegendBytes = 64 << 20

// Text is the legend text of column i, the malformed ones included.
func (l *Legend) Text(i int) string {
	if text, bad := l.Bad[i]; bad {
		return text
	}
	return l.Entries[i].String()
}

// newLegend parses the entries that end at ends within text.
func newLegend(text string, ends []int) *Legend {
	l := &Legend{Entries: make([]Entry, len(ends))}
	from := 0
	for i, to := range ends {
		entry, err := ParseEntry(text[from:to])
		if err != nil {
			if l.Bad == nil {
				l.Bad = make(map[int]string)
			}
			l.Bad[i] = text[from:to]
		}
		l.Entries[i] = entry
		from = to
	}
	return l
}

// legendText is the text of a legend: entry i ends at ends[i], where the
// next begins.
type legendText struct {
	text []byte
	ends []int
}

func (t *legendText) equal(other *legendText) bool {
	return slices.Equal(t.ends, other.ends) && bytes.Equal(t.text, other.text)
}

// legendCache collects the legend of each document and hands out the same
// *Legend as long as the text is the same.
type legendCache struct {
	last   *Legend // of known
	known  legendText
	coming legendText
}

func (c *legendCache) begin() {
	c.coming.text = c.coming.text[:0]
	c.coming.ends = c.coming.ends[:0]
}

func (c *legendCache) add(entry []byte, maxColumns int) error {
	if len(c.coming.ends) >= maxColumns {
		return fmt.Errorf("more than %d columns", maxColumns)
	}
	if len(c.coming.text)+len(entry) > maxLegendBytes {
		return fmt.Errorf("a legend of more than %d bytes", maxLegendBytes)
	}
	c.coming.text = append(c.coming.text, entry...)
	c.coming.ends = append(c.coming.ends, len(c.coming.text))
	return nil
}

func (c *legendCache) finish() *Legend {
	if c.last == nil || !c.coming.equal(&c.known) {
		c.last = newLegend(string(c.coming.text), c.coming.ends)
		c.known, c.coming = c.coming, c.known
	}
	return c.last
}
