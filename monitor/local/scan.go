package local

import (
	"bytes"
	"fmt"
	"math"
)

// lines walks over the lines of a file and counts them. What it returns is
// part of the file.
type lines struct {
	rest []byte
	n    int // of the line returned last, from 1
}

func newLines(data []byte) lines { return lines{rest: data} }

// next returns the line that follows, without its end, or false.
func (l *lines) next() ([]byte, bool) {
	if len(l.rest) == 0 {
		return nil, false
	}
	l.n++
	end := bytes.IndexByte(l.rest, '\n')
	if end < 0 {
		line := l.rest
		l.rest = nil
		return line, true
	}
	line := l.rest[:end]
	l.rest = l.rest[end+1:]
	return line, true
}

// shown is how much of a line an error shows.
const shown = 120

// malformed is the error of the line returned last.
func (l *lines) malformed(what string, line []byte) error {
	return fmt.Errorf("line %d: %s in %q", l.n, what, line[:min(len(line), shown)])
}

// blank says whether b stands between two words.
func blank(b byte) bool { return b == ' ' || b == '\t' }

// word returns the first word of a line, empty at its end, and what follows.
func word(line []byte) (first, rest []byte) {
	i := 0
	for i < len(line) && blank(line[i]) {
		i++
	}
	line = line[i:]
	for i = 0; i < len(line) && !blank(line[i]); i++ {
	}
	return line[:i], line[i:]
}

// number reads a word that is a decimal number of up to 64 bits, nothing
// else: no sign, no fraction.
func number(word []byte) (uint64, bool) {
	var n uint64
	for _, c := range word {
		digit := uint64(c - '0')
		if digit > 9 || n > math.MaxUint64/10 || n*10 > math.MaxUint64-digit {
			return 0, false
		}
		n = n*10 + digit
	}
	return n, len(word) > 0
}

// numbers reads the words of a line into out until either ends, and returns
// how many it read. It says false when one is not a number.
func numbers(line []byte, out []uint64) (int, bool) {
	for i := range out {
		var w []byte
		w, line = word(line)
		if len(w) == 0 {
			return i, true
		}
		n, ok := number(w)
		if !ok {
			return i, false
		}
		out[i] = n
	}
	return len(out), true
}
