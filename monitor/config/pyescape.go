package config

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// escape reads what follows a backslash outside a class.
func (p *regexParser) escape() (item, error) {
	c := p.next()
	if c == -1 {
		return item{}, errors.New("a backslash at the end")
	}
	p.pos++
	switch c {
	case 'A':
		return position(`\A`), nil
	case 'Z':
		return position(`\z`), nil
	case 'b', 'B':
		return position(`\` + string(c)), nil
	case 'd', 'D', 's', 'S', 'w', 'W':
		return one(category(c).class(false)), nil
	case '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return p.reference(c)
	}
	lit, err := p.character(c, 2)
	return literal(lit), err
}

// character reads an escape that stands for one character; an octal one has
// up to octal more digits after a 0.
func (p *regexParser) character(c rune, octal int) (rune, error) {
	length := map[rune]int{'x': 2, 'u': 4, 'U': 8}[c]
	switch {
	case c == '0':
		n, err := strconv.ParseInt("0"+p.digits(8, octal), 8, 32)
		return rune(n), err
	case length > 0:
		hex := p.digits(16, length)
		n, err := strconv.ParseInt(hex, 16, 64)
		if err != nil || len(hex) != length || !utf8.ValidRune(rune(n)) || n > unicode.MaxRune {
			return 0, fmt.Errorf(`\%c%s is incomplete, or no character`, c, hex)
		}
		return rune(n), nil
	case c == 'N':
		return 0, errors.New(`\N{…} is not supported: write the character itself`)
	}
	if i := strings.IndexRune("afnrtv", c); i >= 0 {
		return rune("\a\f\n\r\t\v"[i]), nil
	}
	if c < unicode.MaxASCII && unicode.IsLetter(c) || isDigit(c, 10) {
		return 0, fmt.Errorf(`bad escape \%c`, c)
	}
	return c, nil
}

// reference reads \1 to \99, which three octal digits are not.
func (p *regexParser) reference(c rune) (item, error) {
	digits := string(c)
	if isDigit(p.next(), 10) {
		digits += string(p.next())
		p.pos++
		if isDigit(c, 8) && isDigit(rune(digits[1]), 8) && isDigit(p.next(), 8) {
			digits += string(p.next())
			p.pos++
			n, err := strconv.ParseInt(digits, 8, 32)
			if err != nil || n > 0o377 {
				return item{}, fmt.Errorf(`octal escape \%s outside 0 to 0o377`, digits)
			}
			return literal(rune(n)), nil
		}
	}
	n, err := strconv.Atoi(digits)
	if err != nil {
		return item{}, err
	}
	return p.backReference(n)
}

// backReference is the text that a group matched.
func (p *regexParser) backReference(n int) (item, error) {
	if err := p.checkReference(n); err != nil {
		return item{}, err
	}
	g := p.groups[n]
	return item{text: fmt.Sprintf(`(?:\%d)`, n), lo: g.lo, hi: g.hi, size: 1}, nil
}

func (p *regexParser) checkReference(n int) error {
	switch {
	case n >= len(p.groups):
		return fmt.Errorf("there is no group %d", n)
	case p.groups[n].open:
		return fmt.Errorf("group %d is not closed yet", n)
	case n >= p.lookbehind:
		return fmt.Errorf("group %d is in the same look-behind", n)
	}
	return nil
}
