package tui

import "slices"

// Cursor is a place in a list that changes: it stays with its entry, and at
// the first one as long as nobody has moved it.
type Cursor struct {
	Key   string // of the entry; "" for the first, whichever that is
	Index int    // where that is now
	First int    // the entry on the first line that is shown
}

// Settle finds the entry again in the list as it is now, and scrolls so that
// it is among the lines that there are. If it has gone, what stands in its
// place is next.
func (c *Cursor) Settle(keys []string, lines int) {
	lines = max(1, lines)
	if c.Key == "" {
		c.Index = 0
	} else if i := slices.Index(keys, c.Key); i >= 0 {
		c.Index = i
	} else {
		c.Index = max(0, min(c.Index, len(keys)-1))
		c.Key = ""
		if c.Index > 0 {
			c.Key = keys[c.Index]
		}
	}
	c.First = min(c.First, c.Index, max(0, len(keys)-lines))
	c.First = max(c.First, c.Index-lines+1, 0)
}

// Move goes so many entries down the list.
func (c *Cursor) Move(keys []string, by int) {
	c.Settle(keys, len(keys))
	c.Index = max(0, min(c.Index+by, len(keys)-1))
	c.Key = ""
	if c.Index > 0 {
		c.Key = keys[c.Index]
	}
}
