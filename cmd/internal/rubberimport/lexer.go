package rubberimport

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxConfig bounds a Python file, bytes.
const MaxConfig = 1 << 20

type kind int

const (
	tokenEnd     kind = iota
	tokenNewline      // the end of a statement
	tokenName
	tokenNumber
	tokenString // text is its value
	tokenOther  // a bracket, an operator: text is it
)

type token struct {
	kind       kind
	text       string
	line       int
	indent     int // of the line that it is the first of; -1: it is not
	start, end int // in the source
	formatted  bool
}

// lexer makes tokens of Python source. Line ends within brackets mean nothing.
type lexer struct {
	src   string
	at    int
	line  int
	depth int
	fresh bool // at the begin of a line that is not within brackets
}

var errBadText = errors.New("not UTF-8 text")

func newLexer(src []byte) (*lexer, error) {
	if len(src) > MaxConfig {
		return nil, fmt.Errorf("more than %d bytes", MaxConfig)
	}
	if !utf8.Valid(src) || strings.ContainsRune(string(src), 0) {
		return nil, errBadText
	}
	text := strings.ReplaceAll(strings.TrimPrefix(string(src), "\ufeff"), "\r\n", "\n")
	return &lexer{src: text, line: 1, fresh: true}, nil
}

func (l *lexer) errorf(format string, args ...any) error {
	return fmt.Errorf("line %d: %s", l.line, fmt.Sprintf(format, args...))
}

// next is the next token.
func (l *lexer) next() (token, error) {
	indent := l.skip()
	t := token{line: l.line, start: l.at, indent: indent}
	l.fresh = false
	if l.at >= len(l.src) {
		t.end = l.at
		return t, nil
	}
	c := l.src[l.at]
	switch {
	case c == '\n':
		l.at++
		l.line++
		t.kind, t.text = tokenNewline, "\n"
	case c == '"' || c == '\'':
		text, err := l.str("")
		if err != nil {
			return t, err
		}
		t.kind, t.text = tokenString, text
	case c >= '0' && c <= '9' || c == '.' && l.at+1 < len(l.src) && l.src[l.at+1] >= '0' && l.src[l.at+1] <= '9':
		t.kind, t.text = tokenNumber, l.number()
	case c == '_' || c >= utf8.RuneSelf || unicode.IsLetter(rune(c)):
		word := l.word()
		if l.at < len(l.src) && (l.src[l.at] == '"' || l.src[l.at] == '\'') && isPrefix(word) {
			text, err := l.str(strings.ToLower(word))
			if err != nil {
				return t, err
			}
			t.kind, t.text, t.formatted = tokenString, text, strings.ContainsAny(word, "fF")
			break
		}
		t.kind, t.text = tokenName, word
	default:
		t.kind, t.text = tokenOther, l.operator()
		switch t.text {
		case "(", "[", "{":
			l.depth++
		case ")", "]", "}":
			l.depth = max(l.depth-1, 0)
		case ";":
			t.kind = tokenNewline
		}
	}
	t.end = l.at
	if t.kind == tokenNewline && t.text == "\n" {
		l.fresh = true
	}
	return t, nil
}

// skip skips what means nothing. It returns the indentation of the line if the
// next token is its first, or else -1.
func (l *lexer) skip() int {
	width, first := 0, l.fresh
	for l.at < len(l.src) {
		switch c := l.src[l.at]; {
		case c == ' ' || c == '\f':
			width++
		case c == '\t':
			width += 8 - width%8
		case c == '\\' && strings.HasPrefix(l.src[l.at:], "\\\n"):
			l.at++
			l.line++
		case c == '#':
			for l.at < len(l.src) && l.src[l.at] != '\n' {
				l.at++
			}
			continue
		case c == '\n' && (l.depth > 0 || first):
			l.line++
			width = 0
		default:
			if first {
				return width
			}
			return -1
		}
		l.at++
	}
	return -1
}

func isPrefix(word string) bool {
	switch strings.ToLower(word) {
	case "r", "u", "b", "f", "ur", "br", "rb", "fr", "rf":
		return true
	}
	return false
}

func (l *lexer) word() string {
	start := l.at
	for l.at < len(l.src) {
		r, n := utf8.DecodeRuneInString(l.src[l.at:])
		if r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			break
		}
		l.at += n
	}
	if l.at == start { // a sign that is none of Python's
		_, n := utf8.DecodeRuneInString(l.src[l.at:])
		l.at += n
	}
	return l.src[start:l.at]
}

func (l *lexer) number() string {
	start := l.at
	for l.at < len(l.src) {
		c := l.src[l.at]
		sign := (c == '+' || c == '-') && l.at > start && (l.src[l.at-1] == 'e' || l.src[l.at-1] == 'E') && !strings.HasPrefix(strings.ToLower(l.src[start:]), "0x")
		if !sign && c != '.' && c != '_' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			break
		}
		l.at++
	}
	return l.src[start:l.at]
}

func (l *lexer) operator() string {
	for _, op := range []string{"**=", "//=", ">>=", "<<=", "...", "==", "!=", "<=", ">=", "->", ":=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "**", "//", "<<", ">>"} {
		if strings.HasPrefix(l.src[l.at:], op) {
			l.at += len(op)
			return op
		}
	}
	l.at++
	return l.src[l.at-1 : l.at]
}

// str reads a string, whose prefix was read.
func (l *lexer) str(prefix string) (string, error) {
	quote := l.src[l.at : l.at+1]
	long := strings.HasPrefix(l.src[l.at:], strings.Repeat(quote, 3))
	if long {
		quote = strings.Repeat(quote, 3)
	}
	l.at += len(quote)
	raw, start := strings.Contains(prefix, "r"), l.line
	var b strings.Builder
	for {
		switch rest := l.src[l.at:]; {
		case rest == "":
			l.line = start
			return "", l.errorf("a string without an end")
		case strings.HasPrefix(rest, quote):
			l.at += len(quote)
			return b.String(), nil
		case rest[0] == '\n' && !long:
			return "", l.errorf("a string without an end")
		case rest[0] == '\\' && len(rest) > 1:
			if raw {
				b.WriteByte('\\')
				l.at++
				l.plain(&b)
				continue
			}
			l.escape(&b, strings.Contains(prefix, "b"))
		default:
			l.plain(&b)
		}
	}
}

func (l *lexer) plain(b *strings.Builder) {
	if l.src[l.at] == '\n' {
		l.line++
	}
	b.WriteByte(l.src[l.at])
	l.at++
}

// escape reads a backslash and what belongs to it. What means nothing stays as
// it is, as Python has it.
func (l *lexer) escape(b *strings.Builder, bytes bool) {
	c := l.src[l.at+1]
	simple := map[byte]string{'\n': "", '\\': "\\", '\'': "'", '"': `"`, 'a': "\a", 'b': "\b", 'f': "\f", 'n': "\n", 'r': "\r", 't': "\t", 'v': "\v"}
	if s, ok := simple[c]; ok {
		if c == '\n' {
			l.line++
		}
		b.WriteString(s)
		l.at += 2
		return
	}
	digits, base := 0, 16
	switch {
	case c == 'x':
		digits = 2
	case c == 'u' && !bytes:
		digits = 4
	case c == 'U' && !bytes:
		digits = 8
	case c >= '0' && c <= '7':
		n := 1
		for n < 3 && l.at+1+n < len(l.src) && l.src[l.at+1+n] >= '0' && l.src[l.at+1+n] <= '7' {
			n++
		}
		v, err := strconv.ParseUint(l.src[l.at+1:l.at+1+n], 8, 16)
		if err == nil {
			b.WriteRune(rune(v))
			l.at += 1 + n
			return
		}
	}
	if digits > 0 && l.at+2+digits <= len(l.src) {
		if v, err := strconv.ParseUint(l.src[l.at+2:l.at+2+digits], base, 32); err == nil && v <= unicode.MaxRune {
			b.WriteRune(rune(v))
			l.at += 2 + digits
			return
		}
	}
	b.WriteByte('\\')
	l.at++
}
