package top

import "slices"

// cursor is a place in a list that changes: it stays with its entry, and at
// the first one as long as nobody has moved it.
type cursor struct {
	key   string // of the entry; "" for the first, whichever that is
	index int    // where that is now
	first int    // the entry on the first line that is shown
}

// settle finds the entry again in the list as it is now, and scrolls so that
// it is among the lines that there are. If it has gone, what stands in its
// place is next.
func (c *cursor) settle(keys []string, lines int) {
	lines = max(1, lines)
	if c.key == "" {
		c.index = 0
	} else if i := slices.Index(keys, c.key); i >= 0 {
		c.index = i
	} else {
		c.index = max(0, min(c.index, len(keys)-1))
		c.key = ""
		if c.index > 0 {
			c.key = keys[c.index]
		}
	}
	c.first = min(c.first, c.index, max(0, len(keys)-lines))
	c.first = max(c.first, c.index-lines+1, 0)
}

// move goes so many entries down the list.
func (c *cursor) move(keys []string, by int) {
	c.settle(keys, len(keys))
	c.index = max(0, min(c.index+by, len(keys)-1))
	c.key = ""
	if c.index > 0 {
		c.key = keys[c.index]
	}
}
