package config

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// group reads what follows an opening parenthesis.
func (p *regexParser) group(verbose *bool, first bool) (item, bool, error) {
	if !p.take('?') {
		it, err := p.capture("", *verbose)
		return it, true, err
	}
	c := p.next()
	if c == -1 {
		return item{}, false, errors.New("it ends in (?")
	}
	p.pos++
	var it item
	var err error
	switch c {
	case ':':
		it, err = p.body("(?:", *verbose)
	case '>':
		it, err = p.body("(?>", *verbose)
	case 'P':
		it, err = p.named(*verbose)
	case '#':
		_, err = p.until(')')
		return item{}, false, err
	case '=', '!':
		it, err = p.body("(?"+string(c), *verbose)
		it.lo, it.hi = 0, 0
	case '<':
		it, err = p.behind(*verbose)
	case '(':
		it, err = p.conditional(*verbose)
	default:
		return p.inlineFlags(c, verbose, first)
	}
	return it, true, err
}

// body reads a group up to its closing parenthesis.
func (p *regexParser) body(open string, verbose bool) (item, error) {
	it, err := p.alternatives(verbose, false)
	if err != nil {
		return item{}, err
	}
	if !p.take(')') {
		return item{}, errors.New("missing ), a group is not closed")
	}
	it.text = open + it.text + ")"
	return it, nil
}

// capture reads a capturing group. Its name, if any, is ours to know: the
// translation only has numbers.
func (p *regexParser) capture(name string, verbose bool) (item, error) {
	n := len(p.groups)
	p.groups = append(p.groups, group{open: true})
	if name != "" {
		p.names[name] = n
	}
	it, err := p.body("(", verbose)
	p.groups[n] = group{lo: it.lo, hi: it.hi}
	return it, err
}

// named reads (?P<name>…) and (?P=name).
func (p *regexParser) named(verbose bool) (item, error) {
	switch {
	case p.take('<'):
		name, err := p.until('>')
		if err != nil {
			return item{}, err
		}
		if !isIdentifier(name) {
			return item{}, fmt.Errorf("bad group name %q", name)
		}
		if _, used := p.names[name]; used {
			return item{}, fmt.Errorf("two groups named %q", name)
		}
		return p.capture(name, verbose)
	case p.take('='):
		name, err := p.until(')')
		if err != nil {
			return item{}, err
		}
		n, ok := p.names[name]
		if !ok {
			return item{}, fmt.Errorf("there is no group named %q", name)
		}
		return p.backReference(n)
	}
	return item{}, errors.New("unknown extension (?P")
}

func isIdentifier(s string) bool {
	for i, c := range s {
		if c != '_' && !unicode.IsLetter(c) && (i == 0 || !unicode.IsDigit(c)) {
			return false
		}
	}
	return s != ""
}

// behind reads a look-behind, which must have one width.
func (p *regexParser) behind(verbose bool) (item, error) {
	c := p.next()
	if c != '=' && c != '!' {
		return item{}, errors.New("unknown extension (?<; a named group is (?P<name>…)")
	}
	p.pos++
	outer := p.lookbehind
	if outer == noLookbehind {
		p.lookbehind = len(p.groups)
	}
	it, err := p.body("(?<"+string(c), verbose)
	p.lookbehind = outer
	if err == nil && it.lo != it.hi {
		err = errors.New("a look-behind must have a fixed width")
	}
	it.lo, it.hi = 0, 0
	return it, err
}

// conditional reads (?(1)yes|no) and (?(name)yes|no).
func (p *regexParser) conditional(verbose bool) (item, error) {
	name, err := p.until(')')
	if err != nil {
		return item{}, err
	}
	n, ok := p.names[name]
	if !ok {
		if n, err = strconv.Atoi(name); err != nil || n <= 0 || name[0] == '+' {
			return item{}, fmt.Errorf("bad group %q in a conditional", name)
		}
		p.conditions = append(p.conditions, n)
	}
	if n >= p.lookbehind {
		return item{}, fmt.Errorf("group %d is in the same look-behind", n)
	}
	yes, err := p.sequence(verbose, false)
	if err != nil {
		return item{}, err
	}
	var no item
	if p.take('|') {
		if no, err = p.sequence(verbose, false); err != nil {
			return item{}, err
		}
		if p.next() == '|' {
			return item{}, errors.New("a conditional with more than two branches")
		}
	}
	if !p.take(')') {
		return item{}, errors.New("missing ), a conditional is not closed")
	}
	return item{
		text: fmt.Sprintf("(?(%d)%s|%s)", n, yes.text, no.text),
		lo:   min(yes.lo, no.lo),
		hi:   max(yes.hi, no.hi),
		size: min(yes.size+no.size+1, unbounded),
	}, nil
}

// inlineFlags reads (?i) for the whole expression, which must begin with it,
// and (?i-s:…) for a group. c is already consumed.
func (p *regexParser) inlineFlags(c rune, verbose *bool, first bool) (item, bool, error) {
	p.pos--
	on, err := p.flagLetters("aiLmsux")
	if err != nil {
		return item{}, false, err
	}
	if on == "" && p.next() != '-' {
		return item{}, false, fmt.Errorf("unknown extension (?%c", c)
	}
	inner := *verbose || strings.Contains(on, "x")
	if p.take(')') {
		if !first {
			return item{}, false, fmt.Errorf("(?%s) is not at the start", on)
		}
		for _, c := range "au" {
			if strings.ContainsRune(on, c) {
				p.charset += string(c)
			}
		}
		if strings.Contains(p.charset, "a") && strings.Contains(p.charset, "u") {
			return item{}, false, errors.New("the flags a and u exclude each other")
		}
		*verbose, p.verbose = inner, inner
		p.global += engineFlags(on, "")
		return item{}, false, nil
	}
	off := ""
	if p.take('-') {
		if off, err = p.flagLetters("imsx"); err != nil {
			return item{}, false, err
		}
		if off == "" || strings.ContainsAny(on, off) {
			return item{}, false, fmt.Errorf("bad flags (?%s-%s", on, off)
		}
		inner = inner && !strings.Contains(off, "x")
	}
	if !p.take(':') {
		return item{}, false, fmt.Errorf("bad flags (?%s", on)
	}
	open := "(?:"
	if inline := engineFlags(on, off); inline != "" {
		open = strings.TrimSuffix(inline, ")") + ":"
	}
	it, err := p.body(open, inner)
	return it, true, err
}

// flagLetters reads the letters overbose bool.
func (p *regexParser) flagLetters(allowed string) (string, error) {
	var letters string
	for c := p.next(); unicode.IsLetter(c); c = p.next() {
		if !strings.ContainsRune(allowed, c) {
			return "", fmt.Errorf("unknown flag %q", c)
		}
		if c == 'L' {
			return "", errors.New("the flag L is for bytes, not for text")
		}
		letters += string(c)
		p.pos++
	}
	if strings.Contains(letters, "a") && strings.Contains(letters, "u") {
		return "", errors.New("the flags a and u exclude each other")
	}
	return letters, nil
}

// engineFlags writes the flags that the engines have too.
func engineFlags(on, off string) string {
	pick := func(letters string) string {
		var s string
		for _, c := range "ims" {
			if strings.ContainsRune(letters, c) {
				s += string(c)
			}
		}
		return s
	}
	on, off = pick(on), pick(off)
	switch {
	case on == "" && off == "":
		return ""
	case off == "":
		return "(?" + on + ")"
	}
	return "(?" + on + "-" + off + ")"
}
