package config

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// runes is a set of characters as ranges, both ends in it.
type runes [][2]rune

// class reads a character class; its [ is already consumed.
func (p *regexParser) class() (item, error) {
	negate := p.take('^')
	var set runes
	empty := true
	for {
		c := p.next()
		if c == -1 {
			return item{}, errors.New("missing ], a character class is not closed")
		}
		p.pos++
		if c == ']' && !empty {
			break
		}
		p.posix = p.posix || c == '[' && p.next() == ':'
		empty = false
		from, single, err := p.member(c)
		if err != nil {
			return item{}, err
		}
		if !p.take('-') {
			set = append(set, from...)
			continue
		}
		if p.take(']') {
			set = append(append(set, from...), [2]rune{'-', '-'})
			break
		}
		if c = p.next(); c == -1 {
			return item{}, errors.New("missing ], a character class is not closed")
		}
		p.pos++
		to, alsoSingle, err := p.member(c)
		if err != nil {
			return item{}, err
		}
		if !single || !alsoSingle || to[0][0] < from[0][0] {
			return item{}, errors.New("bad character range")
		}
		set = append(set, [2]rune{from[0][0], to[0][0]})
	}
	return item{text: set.class(negate), lo: 1, hi: 1}, nil
}

// member reads one member of a class: a character (single), or a category
// such as \d.
func (p *regexParser) member(c rune) (set runes, single bool, err error) {
	if c != '\\' {
		return runes{{c, c}}, true, nil
	}
	e := p.next()
	if e == -1 {
		return nil, false, errors.New("a backslash at the end")
	}
	p.pos++
	switch {
	case strings.ContainsRune("dDsSwW", e):
		return category(e), false, nil
	case e == 'b':
		return runes{{'\b', '\b'}}, true, nil
	case isDigit(e, 8):
		digits := string(e) + p.digits(8, 2)
		n, err := strconv.ParseInt(digits, 8, 32)
		if err != nil || n > 0o377 {
			return nil, false, fmt.Errorf(`octal escape \%s outside 0 to 0o377`, digits)
		}
		return runes{{rune(n), rune(n)}}, true, nil
	}
	lit, err := p.character(e, 2)
	return runes{{lit, lit}}, true, err
}

// category is what \d, \s or \w stands for, in ASCII; an upper-case letter is
// every character that is not in it.
func category(c rune) runes {
	switch c {
	case 'd':
		return runes{{'0', '9'}}
	case 's':
		return runes{{'\t', '\r'}, {0x1c, ' '}}
	case 'w':
		// With them the letters that fold to ASCII ones: were they in \W,
		// then (?i)[^\W_] would not match i, k or s.
		return runes{{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}, {'İ', 'ı'}, {'ſ', 'ſ'}, {'\u212a', '\u212a'}}
	}
	return category(unicode.ToLower(c)).others()
}

// merged is the same set in order, without overlaps.
func (s runes) merged() runes {
	sorted := slices.SortedFunc(slices.Values(s), func(a, b [2]rune) int { return int(a[0] - b[0]) })
	var out runes
	for _, r := range sorted {
		if n := len(out); n > 0 && r[0] <= out[n-1][1]+1 {
			out[n-1][1] = max(out[n-1][1], r[1])
			continue
		}
		out = append(out, r)
	}
	return out
}

// others is every character that is not in the set.
func (s runes) others() runes {
	var out runes
	next := rune(0)
	for _, r := range s.merged() {
		if r[0] > next {
			out = append(out, [2]rune{next, r[0] - 1})
		}
		next = r[1] + 1
	}
	if next <= unicode.MaxRune {
		out = append(out, [2]rune{next, unicode.MaxRune})
	}
	return out
}

// class writes the set as a class that both engines read alike.
func (s runes) class(negate bool) string {
	var b strings.Builder
	b.WriteString("[")
	if negate {
		b.WriteString("^")
	}
	for _, r := range s.merged() {
		b.WriteString(member(r[0]))
		if r[1] > r[0] {
			b.WriteString("-" + member(r[1]))
		}
	}
	b.WriteString("]")
	return b.String()
}

// member writes a character of a class.
func member(c rune) string {
	if strings.ContainsRune(`\]^-[`, c) {
		return `\` + string(c)
	}
	return string(c)
}
