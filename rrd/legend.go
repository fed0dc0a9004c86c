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

// begins says how long the text of an entry is, if b begins with it; else -1.
func (e *Entry) begins(b []byte) int {
	// Where the three colons have to be, and the end.
	class := len(e.CF) + 1
	uuid := class + len(e.Class) + 1
	name := uuid + len(e.UUID) + 1
	end := name + len(e.Name)
	if len(b) < end ||
		string(b[name:end]) != e.Name ||
		string(b[uuid:name-1]) != e.UUID ||
		string(b[class:uuid-1]) != e.Class ||
		string(b[:class-1]) != string(e.CF) ||
		b[class-1] != ':' || b[uuid-1] != ':' || b[name-1] != ':' {
		return -1
	}
	return end
}

// legendCache takes the legend of each document, entry by entry, and hands
// out the same *Legend as long as the text is the same. Until an entry
// differs it keeps nothing but their number.
//
// The strings of a Legend are shared among its entries: 1000 guests of 30
// columns are 30,000 entries of 64 bytes, but only some 1000 strings.
type legendCache struct {
	last   *Legend
	plain  bool // its text means the same in each form
	size   int  // bytes of the coming text so far
	same   int  // entries that came, as long as coming is nil
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
	if c.coming == nil && c.isNext(entry) {
		c.same++
		return nil
	}
	if c.coming == nil {
		c.differ(announced)
	}
	c.coming.add(entry)
	return nil
}

// isNext says whether the entry is the one that came last time.
func (c *legendCache) isNext(entry []byte) bool {
	if c.last == nil || c.same >= len(c.last.Entries) {
		return false
	}
	if bad, ok := c.last.Bad[c.same]; ok {
		return bad == string(entry)
	}
	return c.last.Entries[c.same].begins(entry) == len(entry)
}

// addKnown takes entries from byte pos of b on, of which arrived bytes are
// there, as long as they are those of last time, each between open and end.
// It returns where they end.
func (c *legendCache) addKnown(b []byte, pos, arrived int, open, end string) int {
	if c.coming != nil || c.last == nil || !c.plain {
		return pos
	}
	for c.same < len(c.last.Entries) {
		from := pos + len(open)
		if from > arrived || string(b[pos:from]) != open {
			break
		}
		n := c.last.Entries[c.same].begins(b[from:arrived])
		to := from + n + len(end)
		if n < 0 || to > arrived || string(b[from+n:to]) != end {
			break
		}
		pos = to
		c.same++
		c.size += n
	}
	return pos
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
	if c.last == nil {
		return
	}
	copy(c.coming.legend.Entries, c.last.Entries)
	for _, e := range c.coming.legend.Entries {
		for _, s := range [...]string{string(e.CF), e.Class, e.UUID, e.Name} {
			c.coming.strings[s] = s
		}
	}
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
		c.last, c.plain, c.coming = c.coming.legend, c.coming.plain(), nil
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

// plain says whether the scanner may compare entries with the bytes of a
// document: nothing in them is spelled in another way in either form.
func (b *legendBuilder) plain() bool {
	for s := range b.strings {
		text := []byte(s + "\x00\x00\x00\x00\x00\x00\x00\x00") // textEnd looks ahead
		if textEnd(text, 0, len(s), formXML) < len(s) || textEnd(text, 0, len(s), formJSON) < len(s) {
			return false
		}
	}
	return len(b.legend.Bad) == 0
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
