package rrd

import (
	"bytes"
	"math"
)

// scanValues takes the values that are next in an array of them, and adds
// them to the row:
//
//	"0.100000001490116","NaN","0.0"]      0.1000,NaN,0.0000]
//
// It is called where an element or, unless first, the comma before it is
// next, and stops at such a place or at the end of the array. It says whether
// that is still the beginning.
func (j *jsonForm) scanValues(d *Decoder, first bool) bool {
	if j.general {
		return first
	}
	s := j.src
	values, columns := d.room()
	i := len(values)
	if i < columns {
		values = values[:columns]
	}
	for i < columns {
		b := s.window()
		for i < columns && s.pos < s.end {
			v, next := d.scanElement(b, s.pos, first, i)
			// The end of the element shows only by what follows it.
			if next == 0 || next >= s.end || b[next] != ',' && b[next] != ']' {
				break
			}
			values[i] = v
			i++
			s.pos, first = next, false
		}
		if i == columns || !j.cut(first) || !s.fill() {
			break
		}
	}
	d.values = values[:i]
	return first
}

// scanElement reads element i, which begins at byte at with its comma, and
// returns where it ends, or 0 if it is spelled in another way.
func (d *Decoder) scanElement(b []byte, at int, first bool, i int) (float64, int) {
	if !first {
		if b[at] != ',' {
			return 0, 0
		}
		at++
	}
	quoted := b[at] == '"'
	if quoted {
		at++
	}
	skip := d.some && !d.wants(i)
	v, next := math.NaN(), 0
	if skip && quoted {
		next = d.skipText(b, at)
	} else {
		w := (*window)(b[at:])
		var n int
		if v, n = scanNumber(w, 0); n > 0 {
			next = at + n
		} else if w.load(0)&0xffffff == 'N'|'a'<<8|'N'<<16 {
			v, next = math.NaN(), at+3
		} else if quoted {
			v, next = d.rareNumber(b, at)
		}
		if skip {
			v = math.NaN()
		}
	}
	if quoted {
		if next == 0 || b[next] != '"' {
			return 0, 0
		}
		next++
	}
	return v, next
}

// scanEntries takes the legend entries that are next, in the same way.
func (j *jsonForm) scanEntries(d *Decoder, first bool) (bool, error) {
	if j.general {
		return first, nil
	}
	s := j.src
	for {
		b := s.window()
		at := s.pos
		if !first && at < s.end && b[at] == ',' {
			at++
		}
		if (first || at > s.pos) && at < s.end && b[at] == '"' {
			to := textEnd(b, at+1, s.end)
			if to+1 < s.end && b[to] == '"' && (b[to+1] == ',' || b[to+1] == ']') {
				s.pos, first = to+1, false
				if err := d.addEntry(b[at+1 : to]); err != nil {
					return first, err
				}
				continue
			}
		}
		if !j.cut(first) || !s.fill() {
			return first, nil
		}
	}
}

// cut says whether the bytes that have arrived end within an element, so that
// the general decoder would have to ask for more, too.
func (j *jsonForm) cut(first bool) bool {
	rest := j.src.buf[j.src.pos:j.src.end]
	if !first && len(rest) > 0 {
		if rest[0] != ',' {
			return false
		}
		rest = rest[1:]
	}
	if len(rest) == 0 || len(rest) > scanLongest {
		return len(rest) == 0
	}
	if rest[0] == '"' {
		end := bytes.IndexByte(rest[1:], '"') + 1
		return end == 0 || end == len(rest)-1
	}
	return !bytes.ContainsAny(rest, ",:]}[{\" \n\r\t")
}
