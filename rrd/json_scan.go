package rrd

import (
	"bytes"
	"fmt"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// jsonScan is a tokenizer for the JSON of toolstacks, old ones included:
// keys may stand without quotes, and numbers may be the bare words NaN and
// Infinity.
//
// Where keys are bare, strings are not escaped: a quote ends a string only
// if a comma or the closing bracket follows at once, and a backslash is
// itself. Else the rules of JSON hold.
//
// Methods that read what is inside an array or an object take its closing
// bracket, end.
type jsonScan struct {
	src  *source
	bare bool // keys have no quotes, as told by the first one
	text []byte
}

// expect takes the next byte, which has to be c.
func (j *jsonScan) expect(c byte) error {
	next, err := j.src.skipSpace()
	if err != nil {
		return err
	}
	if next != c {
		return fmt.Errorf("%q where %q is expected", next, c)
	}
	j.src.pos++
	return nil
}

// more goes to the next element or member of what end closes, past the
// comma. It says false at the end, which it takes.
func (j *jsonScan) more(end byte, first bool) (bool, error) {
	c, err := j.src.skipSpace()
	if err != nil {
		return false, err
	}
	switch {
	case c == end:
		j.src.pos++
		return false, nil
	case first:
		return true, nil
	case c != ',':
		return false, fmt.Errorf("%q where %q or %q is expected", c, ',', end)
	}
	j.src.pos++
	c, err = j.src.skipSpace()
	if err == nil && c == end {
		err = fmt.Errorf("%q after a comma", c)
	}
	return true, err
}

// member goes to the next member of an object and returns its key, past the
// colon; false at the end of the object.
func (j *jsonScan) member(first bool) (string, bool, error) {
	ok, err := j.more('}', first)
	if err != nil || !ok {
		return "", false, err
	}
	var key []byte
	if c, _ := j.src.peek(); c == '"' {
		key, err = j.quotedString(maxValueBytes)
	} else {
		key, err = j.word(maxValueBytes)
	}
	if err != nil {
		return "", false, err
	}
	name := known(key)
	return name, true, j.expect(':')
}

// known makes a string of a key without allocating for those that matter.
func known(key []byte) string {
	switch string(key) {
	case "t":
		return "t"
	case "values":
		return "values"
	}
	return string(key)
}

// scalar reads a string, a number or a word, and returns its text and where
// that begins. The text is valid until the next call.
func (j *jsonScan) scalar(end byte, limit int) (text []byte, offset int64, err error) {
	c, err := j.src.skipSpace()
	offset = j.src.offset()
	switch {
	case err != nil:
	case c == '{' || c == '[':
		err = fmt.Errorf("%q where a single value is expected", c)
	case c != '"':
		text, err = j.word(limit)
	case j.bare:
		offset++
		text, err = j.bareString(end, limit)
	default:
		offset++
		text, err = j.quotedString(limit)
	}
	return text, offset, err
}

// word reads a bare key, a number or a word like NaN.
func (j *jsonScan) word(limit int) ([]byte, error) {
	s := j.src
	j.text = j.text[:0]
	for {
		c, err := s.peek()
		if err != nil {
			return nil, err
		}
		if isSpace(c) || c == ',' || c == ':' || c == ']' || c == '}' {
			break
		}
		if c == '"' || c == '{' || c == '[' {
			return nil, fmt.Errorf("%q inside a word", c)
		}
		if err := j.add(c, limit); err != nil {
			return nil, err
		}
		s.pos++
	}
	if len(j.text) == 0 {
		c, _ := s.peek()
		return nil, fmt.Errorf("%q where a value is expected", c)
	}
	return j.text, nil
}

func (j *jsonScan) add(c byte, limit int) error {
	if len(j.text) >= limit {
		return fmt.Errorf("text of more than %d bytes", limit)
	}
	j.text = append(j.text, c)
	return nil
}

// bareString reads a string of the form that escapes nothing.
func (j *jsonScan) bareString(end byte, limit int) ([]byte, error) {
	s := j.src
	s.pos++ // the quote
	j.text = j.text[:0]
	for {
		c, err := s.peek()
		if err != nil {
			return nil, err
		}
		s.pos++
		if c == '"' {
			next, err := s.peek()
			if err != nil {
				return nil, err
			}
			if next == ',' || next == end {
				return j.validText(), nil
			}
		}
		if err := j.add(c, limit); err != nil {
			return nil, err
		}
	}
}

// quotedString reads a string as JSON has it.
func (j *jsonScan) quotedString(limit int) ([]byte, error) {
	s := j.src
	s.pos++ // the quote
	j.text = j.text[:0]
	for {
		c, err := s.peek()
		if err != nil {
			return nil, err
		}
		s.pos++
		switch c {
		case '"':
			return j.validText(), nil
		case '\\':
			if err := j.escape(limit); err != nil {
				return nil, err
			}
		default:
			if err := j.add(c, limit); err != nil {
				return nil, err
			}
		}
	}
}

// validText is the string just read; a name has to be UTF-8 further on.
func (j *jsonScan) validText() []byte {
	if !utf8.Valid(j.text) {
		j.text = bytes.ToValidUTF8(j.text, []byte("\ufffd"))
	}
	return j.text
}

// escape reads what follows a backslash.
func (j *jsonScan) escape(limit int) error {
	c, err := j.src.peek()
	if err != nil {
		return err
	}
	j.src.pos++
	switch c {
	case '"', '\\', '/':
	case 'b':
		c = '\b'
	case 'f':
		c = '\f'
	case 'n':
		c = '\n'
	case 'r':
		c = '\r'
	case 't':
		c = '\t'
	case 'u':
		return j.escapedRune(limit)
	default:
		return fmt.Errorf("unknown escape %q", `\`+string(rune(c)))
	}
	return j.add(c, limit)
}

// escapedRune reads the four digits after \u, and the second half of a
// surrogate pair. Half a pair becomes U+FFFD.
func (j *jsonScan) escapedRune(limit int) error {
	r, err := j.fourDigits()
	if err != nil {
		return err
	}
	for utf16.IsSurrogate(r) {
		if string(j.src.ahead(2)) != `\u` {
			r = utf8.RuneError
			break
		}
		j.src.pos += 2
		second, err := j.fourDigits()
		if err != nil {
			return err
		}
		if pair := utf16.DecodeRune(r, second); pair != utf8.RuneError {
			r = pair
			break
		}
		if err := j.addRune(utf8.RuneError, limit); err != nil {
			return err
		}
		r = second
	}
	return j.addRune(r, limit)
}

func (j *jsonScan) addRune(r rune, limit int) error {
	if len(j.text)+utf8.UTFMax > limit {
		return fmt.Errorf("text of more than %d bytes", limit)
	}
	j.text = utf8.AppendRune(j.text, r)
	return nil
}

func (j *jsonScan) fourDigits() (rune, error) {
	var r rune
	for range 4 {
		c, err := j.src.peek()
		if err != nil {
			return 0, err
		}
		j.src.pos++
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, fmt.Errorf("%q is not a hexadecimal digit", c)
		}
		r = r<<4 | rune(c)
	}
	return r, nil
}

// skip reads over one value of any kind, depth levels down.
func (j *jsonScan) skip(end byte, depth int) error {
	c, err := j.src.skipSpace()
	if err != nil {
		return err
	}
	if c != '{' && c != '[' {
		_, _, err := j.scalar(end, maxEntryBytes)
		return err
	}
	if depth >= maxDepth {
		return fmt.Errorf("more than %d values inside one another", maxDepth)
	}
	j.src.pos++
	inner := c + 2 // ASCII has '[' and ']', '{' and '}' two apart
	for first := true; ; first = false {
		ok := true
		if inner == '}' {
			_, ok, err = j.member(first)
		} else {
			ok, err = j.more(inner, first)
		}
		if err != nil || !ok {
			return err
		}
		if err := j.skip(inner, depth+1); err != nil {
			return err
		}
	}
}

// end returns io.EOF if nothing but white space is left.
func (j *jsonScan) end() error {
	for !j.src.atEnd() {
		c, err := j.src.peek()
		if err != nil {
			return err
		}
		if !isSpace(c) {
			return fmt.Errorf("%q follows the document", c)
		}
		j.src.pos++
	}
	return io.EOF
}
