package rrd

import (
	"bytes"
	"math"
)

// How values stand in an array of them, after the comma or, the first one,
// without it. A bare number is over only where the next comma is.
var (
	jsonQuoted      = shape{open: ',' | '"'<<8, openMask: 1<<16 - 1, openLen: 2, end: '"', endMask: 0xff, endLen: 1, seen: 1}
	jsonQuotedFirst = shape{open: '"', openMask: 0xff, openLen: 1, end: '"', endMask: 0xff, endLen: 1, seen: 1}
	jsonBare        = shape{open: ',', openMask: 0xff, openLen: 1, end: ',', endMask: 0xff, seen: 1}
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
	values = values[:max(i, columns)]
	for i < columns {
		var n int
		b := s.window()
		to, wanted := d.run(i, columns)
		sh := &jsonQuoted
		switch {
		case first:
			sh, to = &jsonQuotedFirst, i+1
		case b[s.pos+1] != '"':
			sh = &jsonBare
		}
		quoted := sh != &jsonBare
		switch {
		case quoted && j.bare:
			// A string without escapes has its end in another place.
		case wanted || !quoted:
			n, s.pos = sh.scan(b, s.pos, s.end, values[i:to])
		default:
			n, s.pos = sh.skip(b, s.pos, s.end, values[i:to], formJSON)
		}
		if n > 0 {
			first = false
		}
		if !wanted {
			for k := range values[i : i+n] {
				values[i+k] = math.NaN()
			}
		}
		if i += n; i == to {
			continue
		}
		if wanted && quoted && !j.bare && s.end-s.pos > sh.openLen && string(b[s.pos:s.pos+sh.openLen]) == `,"`[2-sh.openLen:] {
			if v, end := d.rareNumber(b, s.pos+sh.openLen, formJSON); end > 0 && b[end] == '"' {
				values[i] = v
				i++
				s.pos = end + 1
				first = false
				continue
			}
		}
		if !j.cut(first) || !s.fill() {
			break
		}
	}
	d.values = values[:i]
	return first
}

// scanEntries takes the legend entries that are next, in the same way.
func (j *jsonForm) scanEntries(d *Decoder, first bool) (bool, error) {
	if j.general {
		return first, nil
	}
	s := j.src
	for {
		b := s.window()
		if !first && !j.bare {
			s.pos = d.legends.addKnown(b, s.pos, s.end, `,"`, `"`)
		}
		at := s.pos
		if !first && at < s.end && b[at] == ',' {
			at++
		}
		if (first || at > s.pos) && at < s.end && b[at] == '"' {
			to := textEnd(b, at+1, s.end, formJSON)
			if to < s.end && b[to] == '"' && (!j.bare || to+1 < s.end && (b[to+1] == ',' || b[to+1] == ']')) {
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
		return end == 0 || j.bare && end == len(rest)-1
	}
	return !bytes.ContainsAny(rest, ",:]}[{\" \n\r\t")
}
