package rubberimport

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// literal is a string as Python writes it out: 'a\'b'.
func literal(s string) (string, error) {
	lex, err := newLexer([]byte(latin(s)))
	if err != nil {
		return "", err
	}
	t, err := lex.next()
	if err != nil {
		return "", err
	}
	if t.kind != tokenString {
		return "", fmt.Errorf("%.40q is no string", s)
	}
	return t.text, nil
}

// latin makes text of bytes.
func latin(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i := range len(s) {
		b.WriteRune(rune(s[i]))
	}
	return b.String()
}

// rawUnicode resolves \uXXXX, and nothing else; other bytes are Latin-1.
func rawUnicode(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		digits := 0
		if s[i] == '\\' && i+1 < len(s) {
			digits = map[byte]int{'u': 4, 'U': 8}[s[i+1]]
		}
		if digits > 0 && i+2+digits <= len(s) {
			if v, err := strconv.ParseUint(s[i+2:i+2+digits], 16, 32); err == nil && v <= utf8.MaxRune {
				b.WriteRune(rune(v))
				i += 1 + digits
				continue
			}
		}
		b.WriteRune(rune(s[i]))
	}
	return b.String()
}
