package rrd

import "encoding/xml"

// ready says that the scanner may look at the next byte of the source: the
// tokenizer has handed out all that it has read, and is at the beginning of a
// tag or a text. It does so by itself only after a tag, and not if that was
// <a/>, of which it still owes the end.
func (x *xmlForm) ready() bool {
	return !x.general && !x.owesEnd && x.bytes.given == x.tokens.InputOffset()
}

// tag takes the tag that is next if it is spelled as this one, and all there.
func (x *xmlForm) tag(spelled string) bool {
	if !x.ready() {
		return false
	}
	s := x.src
	for s.end-s.pos < len(spelled) {
		if string(s.buf[s.pos:s.end]) != spelled[:s.end-s.pos] || !s.fill() {
			return false
		}
	}
	if string(s.buf[s.pos:s.pos+len(spelled)]) != spelled {
		return false
	}
	s.pos += len(spelled)
	return true
}

// element takes <name>text</name>, of which open is the first tag, if its text
// is plain and not longer than limit. The text, which begins at offset, is valid
// until the source is asked for more.
func (x *xmlForm) element(open string, limit int) (text []byte, offset int64, ok bool) {
	if !x.ready() {
		return nil, 0, false
	}
	s := x.src
	for {
		from := s.pos + len(open)
		if from <= s.end && string(s.buf[s.pos:from]) == open {
			to := textEnd(s.window(), from, s.end, formXML)
			after := to + 1 + len(open)
			if after <= s.end && string(s.buf[to:to+2]) == "</" && string(s.buf[to+2:after]) == open[1:] {
				if to-from > limit {
					return nil, 0, false
				}
				s.pos = after
				return s.buf[from:to], s.base + int64(from), true
			}
		}
		if !x.cut(open) || !s.fill() {
			return nil, 0, false
		}
	}
}

// cut says whether the bytes that have arrived end within the element that
// open begins: there are fewer than its two tags. The tokenizer would have to
// ask for more, too.
func (x *xmlForm) cut(open string) bool {
	rest := x.src.buf[x.src.pos:x.src.end]
	if len(rest) < len(open) {
		return string(rest) == open[:len(rest)]
	}
	if string(rest[:len(open)]) != open || len(rest) > scanLongest {
		return false
	}
	for _, c := range rest[len(open):] {
		if c == '>' {
			return false
		}
	}
	return true
}

// scanNumbers takes the numbers before the legend, in the order that
// toolstacks have them in.
func (x *xmlForm) scanNumbers(d *Decoder) error {
	for i, name := range metaNames {
		text, offset, ok := x.element("<"+name+">", maxValueBytes)
		if !ok {
			continue
		}
		if err := d.meta.set(i, trimSpace(text), offset); err != nil {
			return err
		}
	}
	return nil
}

// scanEntries takes the legend entries that are next.
func (x *xmlForm) scanEntries(d *Decoder) error {
	for {
		if s := x.src; x.ready() {
			s.pos = d.legends.addKnown(s.buf, s.pos, s.end, "<entry>", "</entry>")
		}
		text, _, ok := x.element("<entry>", maxEntryBytes)
		if !ok {
			return nil
		}
		if err := x.entry(d, text); err != nil {
			return err
		}
	}
}

// scanRow takes the beginning of a row.
func (x *xmlForm) scanRow() bool {
	if !x.tag("<row>") {
		return false
	}
	x.open = append(x.open, xml.Name{Local: "row"})
	return true
}

// scanRowEnd takes the end of the row that is open.
func (x *xmlForm) scanRowEnd() bool {
	if !x.tag("</row>") {
		return false
	}
	x.open = x.open[:len(x.open)-1]
	return true
}

// scanTime takes the time of a row, if it is next.
func (x *xmlForm) scanTime(d *Decoder) (t int64, ok bool, err error) {
	text, offset, ok := x.element("<t>", maxValueBytes)
	if ok {
		t, err = d.rowTime(trimSpace(text), offset)
	}
	return t, ok, err
}

// xmlValue is <v>...</v>.
var xmlValue = shape{
	open: '<' | 'v'<<8 | '>'<<16, openMask: 1<<24 - 1, openLen: 3,
	end: '<' | '/'<<8 | 'v'<<16 | '>'<<24, endMask: 1<<32 - 1, endLen: 4, seen: 4,
}

// scanValues takes the <v>...</v> that are next, and adds them to the row.
func (x *xmlForm) scanValues(d *Decoder) {
	if !x.ready() {
		return
	}
	s := x.src
	values, columns := d.room()
	i := len(values)
	values = values[:max(i, columns)]
	for i < columns {
		var n int
		b := s.window()
		to, wanted := d.run(i, columns)
		if wanted {
			n, s.pos = xmlValue.scan(b, s.pos, s.end, values[i:to])
		} else {
			n, s.pos = xmlValue.skip(b, s.pos, s.end, values[i:to], formXML)
		}
		if i += n; i == to {
			continue
		}
		if wanted && s.end-s.pos > 7 && string(b[s.pos:s.pos+3]) == "<v>" {
			if v, end := d.rareNumber(b, s.pos+3, formXML); end > 0 && end+4 <= s.end && string(b[end:end+4]) == "</v>" {
				values[i] = v
				i++
				s.pos = end + 4
				continue
			}
		}
		if !x.cut("<v>") || !s.fill() {
			break
		}
	}
	d.values = values[:i]
}
