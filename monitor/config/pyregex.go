package config

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// maxPattern is the length of a pattern in bytes. It bounds how deep the
// parser and the engines recurse.
const maxPattern = 4096

// translated is a Python regular expression in the words of Go's engines.
// What both know is written so that regexp (RE2) and regexp2 (.NET) mean the
// same; look-around, back references, atomic groups and conditionals are what
// only regexp2 knows.
type translated struct {
	text string
	// posix is set where a class looks like [[:alpha:]], which Python does
	// not know: it takes it for the letters in it.
	posix bool
	// size is how many instructions RE2 makes of it, about.
	size int64
}

// translateRegex reads an expression as Python's re module does (3.6 to
// 3.13: what any of them accepts) and refuses what it refuses. RE2's own
// reading differs in more than what it lacks: \z, \pL, \Q..\E, (?U) and
// (?<n>..) are errors in Python, \Z and {,3} mean something else, \12 is a
// group, [[:alpha:]] no class.
//
// Three meanings are not kept. \N{…} is refused; \d, \s, \w and \b look at
// ASCII alone; $ does not match before a line feed. Names of data sources have
// neither line feeds nor, in any toolstack, letters beyond ASCII.
func translateRegex(pattern string) (*translated, error) {
	if len(pattern) > maxPattern {
		return nil, fmt.Errorf("%d bytes; the limit is %d", len(pattern), maxPattern)
	}
	p := &regexParser{in: []rune(pattern), groups: []group{{open: true}}, names: make(map[string]int), lookbehind: noLookbehind}
	it, err := p.alternatives(false, true)
	if err != nil {
		return nil, err
	}
	if p.pos < len(p.in) {
		return nil, errors.New("unbalanced parenthesis")
	}
	for _, n := range p.conditions {
		if n >= len(p.groups) {
			return nil, fmt.Errorf("there is no group %d", n)
		}
	}
	return &translated{text: p.global + it.text, posix: p.posix, size: it.size}, nil
}

// item is a part of an expression.
type item struct {
	text   string // its translation
	lo, hi int64  // how many characters it can match
	size   int64  // instructions, with its repeats written out
	repeat bool   // has a quantifier
	at     bool   // matches a place, and cannot be repeated
}

// group is a capturing group.
type group struct {
	open   bool
	lo, hi int64
}

const (
	unbounded    = math.MaxUint32 // as many as you like, of repeats and widths
	noLookbehind = math.MaxInt
)

type regexParser struct {
	in         []rune
	pos        int
	global     string // (?i) and the like, of the whole expression
	verbose    bool   // (?x) of the whole expression
	groups     []group
	names      map[string]int
	conditions []int  // group numbers that conditionals ask for
	charset    string // the flag a or u of the whole expression
	lookbehind int    // number of groups before the look-behind that we are in
	posix      bool
}

// next is the next character, or -1 at the end.
func (p *regexParser) next() rune {
	if p.pos >= len(p.in) {
		return -1
	}
	return p.in[p.pos]
}

// take consumes the next character if it is c.
func (p *regexParser) take(c rune) bool {
	if p.next() != c {
		return false
	}
	p.pos++
	return true
}

// digits consumes up to most digits of a base.
func (p *regexParser) digits(base, most int) string {
	start := p.pos
	for p.pos < len(p.in) && p.pos-start < most && isDigit(p.in[p.pos], base) {
		p.pos++
	}
	return string(p.in[start:p.pos])
}

func isDigit(c rune, base int) bool {
	switch {
	case c >= '0' && c <= '9':
		return int(c-'0') < base
	case base == 16:
		return c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
	}
	return false
}

// until consumes up to a character and it.
func (p *regexParser) until(c rune) (string, error) {
	i := slices.Index(p.in[p.pos:], c)
	if i < 0 {
		return "", fmt.Errorf("missing %c", c)
	}
	s := string(p.in[p.pos : p.pos+i])
	p.pos += i + 1
	return s, nil
}

// alternatives reads up to the closing parenthesis or the end.
func (p *regexParser) alternatives(verbose, top bool) (item, error) {
	var texts []string
	all := item{lo: unbounded}
	for {
		it, err := p.sequence(verbose, top && len(texts) == 0)
		if err != nil {
			return item{}, err
		}
		if top {
			verbose = p.verbose
		}
		texts = append(texts, it.text)
		all.lo, all.hi = min(all.lo, it.lo), max(all.hi, it.hi)
		all.size = min(all.size+it.size+1, unbounded)
		if !p.take('|') {
			break
		}
	}
	all.text = strings.Join(texts, "|")
	return all, nil
}

// sequence reads one alternative. Only at the very start (first) may it set
// flags for the whole expression.
func (p *regexParser) sequence(verbose, first bool) (item, error) {
	var items []item
	for {
		c := p.next()
		if c == -1 || c == '|' || c == ')' {
			return join(items), nil
		}
		if verbose && p.skipVerbose(c) {
			continue
		}
		lo, hi, ok, err := p.quantifier(c)
		if err != nil {
			return item{}, err
		}
		if ok {
			if err := p.applyRepeat(items, lo, hi); err != nil {
				return item{}, err
			}
			continue
		}
		p.pos++
		it, some, err := p.atom(c, &verbose, first && len(items) == 0)
		if err != nil {
			return item{}, err
		}
		if some {
			items = append(items, it)
		}
	}
}

// join puts the items of a sequence one after the other.
func join(items []item) item {
	var all item
	var b strings.Builder
	for _, it := range items {
		b.WriteString(it.text)
		all.lo, all.hi = min(all.lo+it.lo, unbounded), min(all.hi+it.hi, unbounded)
		all.size = min(all.size+it.size, unbounded)
	}
	all.text = b.String()
	return all
}

// skipVerbose skips what does not count in a verbose expression.
func (p *regexParser) skipVerbose(c rune) bool {
	switch {
	case strings.ContainsRune(" \t\n\r\v\f", c):
		p.pos++
	case c == '#':
		for p.pos < len(p.in) && !p.take('\n') {
			p.pos++
		}
	default:
		return false
	}
	return true
}

// quantifier reads * + ? {n} {n,} {,m} {n,m}; other braces are text.
func (p *regexParser) quantifier(c rune) (lo, hi int64, ok bool, err error) {
	switch c {
	case '*':
		p.pos++
		return 0, unbounded, true, nil
	case '+':
		p.pos++
		return 1, unbounded, true, nil
	case '?':
		p.pos++
		return 0, 1, true, nil
	case '{':
	default:
		return 0, 0, false, nil
	}
	start := p.pos
	p.pos++
	if p.next() == '}' {
		p.pos = start
		return 0, 0, false, nil
	}
	from := p.digits(10, len(p.in))
	to := from
	if p.take(',') {
		to = p.digits(10, len(p.in))
	} else if from == "" {
		p.pos = start
		return 0, 0, false, nil
	}
	if !p.take('}') {
		p.pos = start
		return 0, 0, false, nil
	}
	lo, hi = 0, unbounded
	if from != "" {
		if lo, err = strconv.ParseInt(from, 10, 64); err != nil || lo >= unbounded {
			return 0, 0, false, fmt.Errorf("the repetition number %s is too large", from)
		}
	}
	if to != "" {
		if hi, err = strconv.ParseInt(to, 10, 64); err != nil || hi >= unbounded {
			return 0, 0, false, fmt.Errorf("the repetition number %s is too large", to)
		}
	}
	if hi < lo {
		return 0, 0, false, fmt.Errorf("{%s,%s}: at least more than at most", from, to)
	}
	return lo, hi, true, nil
}

// applyRepeat gives the last item a quantifier, which ? makes lazy and +
// possessive.
func (p *regexParser) applyRepeat(items []item, lo, hi int64) error {
	if len(items) == 0 || items[len(items)-1].at {
		return errors.New("nothing to repeat before a quantifier")
	}
	last := &items[len(items)-1]
	if last.repeat {
		return errors.New("two quantifiers one after the other")
	}
	var q string
	switch {
	case lo == 0 && hi == 1:
		q = "?"
	case lo == 0 && hi == unbounded:
		q = "*"
	case lo == 1 && hi == unbounded:
		q = "+"
	case hi == unbounded:
		q = fmt.Sprintf("{%d,}", lo)
	default:
		q = fmt.Sprintf("{%d,%d}", lo, hi)
	}
	switch {
	case p.take('?'):
		last.text += q + "?"
	case p.take('+'):
		last.text = "(?>" + last.text + q + ")"
	default:
		last.text += q
	}
	last.repeat = true
	last.lo, last.hi = times(last.lo, lo), times(last.hi, hi)
	copies := hi
	if hi == unbounded {
		copies = lo + 1
	}
	last.size = times(last.size+1, copies)
	return nil
}

// times multiplies widths; both are at most unbounded, so that 64 bits hold
// the product.
func times(width, count int64) int64 {
	return int64(min(uint64(width)*uint64(count), unbounded))
}

// one is an item that matches one character.
func one(text string) item { return item{text: text, lo: 1, hi: 1, size: 1} }

// literal is the one character c.
func literal(c rune) item { return one(regexp.QuoteMeta(string(c))) }

// position is an item that matches a place, not a character.
func position(text string) item { return item{text: text, size: 1, at: true} }

// atom reads the thing that c, already consumed, begins. Some things are
// none: comments, and flags of the whole expression, which change verbose.
func (p *regexParser) atom(c rune, verbose *bool, first bool) (item, bool, error) {
	var it item
	var err error
	switch c {
	case '.':
		it = one(".")
	case '^', '$':
		it = position(string(c))
	case '[':
		it, err = p.class()
	case '\\':
		it, err = p.escape()
	case '(':
		return p.group(verbose, first)
	default:
		it = literal(c)
	}
	return it, true, err
}
