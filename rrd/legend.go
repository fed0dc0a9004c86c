package rrd

import (
	"bytes"
	"fmt"
)

const (
	// maxLegendBytes bounds the text of a whole legend. The largest host
	// there is, with 1000 guests, needs 3 MB.
	maxLegendBytes = 64 << 20

	// maxAnnounced is for how many columns there is room at once because the
	// document announces them: 4 MB. A longer legend grows as it comes.
	maxAnnounced = 1 << 16
)

// Text is the legend text of column i, the malformed ones included.
func (l *Legend) Text(i int) string {
	if text, bad := l.Bad[i]; bad {
		return text
	}
	return l.Entries[i].String()
}

// spelled says whether text is that of column i, if there is one.
func (l *Legend) spelled(i int, text []byte) bool {
	if i >= len(l.Entries) {
		return false
	}
	e := &l.Entries[i]
	if e.CF == "" && l.Bad != nil {
		if bad, ok := l.Bad[i]; ok {
			return bad == string(text)
		}
	}
	// Where the three colons have to be.
	class := len(e.CF) + 1
	uuid := class + len(e.Class) + 1
	name := uuid + len(e.UUID) + 1
	return len(text) == name+len(e.Name) &&
		string(text[name:]) == e.Name &&
		string(text[uuid:name-1]) == e.UUID &&
		string(text[class:uuid-1]) == e.Class &&
		string(text[:class-1]) == string(e.CF) &&
		text[class-1] == ':' && text[uuid-1] == ':' && text[name-1] == ':'
}

// legendCache takes the legend of each document, entry by entry, and hands
// out the same *Legend as long as the text is the same. Until an entry
// differs it keeps nothing but their number.
//
// The strings of a Legend are shared among its entries: 1000 guests of 30
// columns are 30,000 entries of 64 bytes, but only some 1000 strings.
type legendCache struct {
	last   *Legend
	size   int // bytes of the coming text so far
	same   int // entries that came, as long as coming is nil
	coming *legendBuilder
}

func (c *legendCache) begin() { c.size, c.same, c.coming = 0, 0, nil }

// add takes the next entry, of a document that announces a number of columns.
func (c *legendCache) add(entry []byte, announced int64, maxColumns int) error {
	if c.count() >= maxColumns {
		return fmt.Errorf("more than %d columns", maxColumns)
	}
	if c.size += len(entry); c.size > maxLegendBytes {
		return fmt.Errorf("a legend of more than %d bytes", maxLegendBytes)
	}
	if c.coming == nil && c.last != nil && c.last.spelled(c.same, entry) {
		c.same++
		return nil
	}
	if c.coming == nil {
		c.differ(announced)
	}
	c.coming.add(entry)
	return nil
}

func (c *legendCache) count() int {
	if c.coming != nil {
		return len(c.coming.legend.Entries)
	}
	return c.same
}

// differ begins a legend of its own with the entries that were the same.
func (c *legendCache) differ(announced int64) {
	room := int(max(min(announced, maxAnnounced), int64(c.same), 0))
	c.coming = &legendBuilder{legend: &Legend{Entries: make([]Entry, c.same, room)}, strings: map[string]string{}}
	if c.same == 0 {
		return
	}
	copy(c.coming.legend.Entries, c.last.Entries)
	for i, text := range c.last.Bad {
		if i < c.same {
			c.coming.bad(i, text)
		}
	}
}

func (c *legendCache) finish() *Legend {
	if c.coming == nil && (c.last == nil || c.same < len(c.last.Entries)) {
		c.differ(int64(c.same))
	}
	if c.coming != nil {
		c.last, c.coming = c.coming.legend, nil
	}
	return c.last
}

// legendBuilder makes a Legend from entries.
type legendBuilder struct {
	legend  *Legend
	strings map[string]string
}

func (b *legendBuilder) add(text []byte) {
	l := b.legend
	var e Entry
	cf, rest, ok1 := bytes.Cut(text, []byte{':'})
	class, rest, ok2 := bytes.Cut(rest, []byte{':'})
	uuid, name, ok3 := bytes.Cut(rest, []byte{':'})
	if ok1 && ok2 && ok3 {
		e = Entry{CF: CF(b.share(cf)), Class: b.share(class), UUID: b.share(uuid), Name: b.share(name)}
	} else {
		b.bad(len(l.Entries), string(text))
	}
	l.Entries = append(l.Entries, e)
}

func (b *legendBuilder) bad(i int, text string) {
	if b.legend.Bad == nil {
		b.legend.Bad = make(map[int]string)
	}
	b.legend.Bad[i] = text
}

// share makes a string of text, or finds it made.
func (b *legendBuilder) share(text []byte) string {
	if s, ok := b.strings[string(text)]; ok {
		return s
	}
	s := string(text)
	b.strings[s] = s
	return s
}
