package rrd

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"unicode"
	"unicode/utf8"
)

// maxSeries keeps a slip like "1x1000000000" from filling the memory.
const maxSeries = 1 << 20

// seriesNumber is a decimal number, NaN or infinity. In an expression its sign may
// not be mistaken for the operator: "1e+3+2x4" is 1000, 1002, ...
const seriesNumber = `[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[nN]a[nN]|[iI]nf(?:inity)?)`

var (
	singleWord = regexp.MustCompile(`^` + seriesNumber + `$`)
	seriesWord = regexp.MustCompile(`^(_|` + seriesNumber + `)(?:([+-])(` + seriesNumber + `))?x(\d+)$`)
)

// SeriesError says where a series notation makes no sense.
type SeriesError struct {
	Offset int    // of the word at fault, in bytes
	Word   string // the word
	Reason string
}

func (e *SeriesError) Error() string { return fmt.Sprintf("value %q: %s", e.Word, e.Reason) }

// ParseSeries reads values that are written for people, in the notation of
// Prometheus's rule tests. Words are separated by spaces:
//
//	0.5       a number as Go reads it, NaN and inf included
//	_         unknown: NaN
//	AxN       A, then A repeated N times more: N+1 values, as in Prometheus
//	_xN       N unknown values (not one more, again as in Prometheus)
//	A+BxN     A, A+B, A+2B, ... A+N*B: N+1 values
//	A-BxN     A, A-B, A-2B, ... A-N*B: N+1 values
//
// so that "1x4" is 1 1 1 1 1, "_x3" is _ _ _, and "0+10x3" is 0 10 20 30. An
// error is a *SeriesError.
func ParseSeries(text string) ([]float64, error) {
	var values []float64
	for at := 0; at < len(text); {
		if r, n := utf8.DecodeRuneInString(text[at:]); unicode.IsSpace(r) {
			at += n
			continue
		}
		end := at
		for end < len(text) {
			r, n := utf8.DecodeRuneInString(text[end:])
			if unicode.IsSpace(r) {
				break
			}
			end += n
		}
		var reason string
		if values, reason = appendSeries(values, text[at:end]); reason != "" {
			return nil, &SeriesError{Offset: at, Word: text[at:end], Reason: reason}
		}
		at = end
	}
	return values, nil
}

// appendSeries appends the values of one word, or says what is wrong with it.
func appendSeries(values []float64, word string) (_ []float64, wrong string) {
	if word == "_" {
		return append(values, math.NaN()), ""
	}
	if singleWord.MatchString(word) {
		return append(values, seriesFloat(word)), ""
	}
	parts := seriesWord.FindStringSubmatch(word)
	if parts == nil {
		return nil, "want a number, _, AxN, _xN, A+BxN or A-BxN"
	}
	first, operator, by := parts[1], parts[2], parts[3]
	n, err := strconv.Atoi(parts[4])
	if err != nil || n > maxSeries-len(values) {
		return nil, fmt.Sprintf("more than %d values", maxSeries)
	}
	if first == "_" {
		if operator != "" {
			return nil, "nothing can be added to _"
		}
		for range n {
			values = append(values, math.NaN())
		}
		return values, ""
	}
	start, step := seriesFloat(first), 0.0
	if operator != "" {
		step = seriesFloat(operator+"1") * seriesFloat(by)
	}
	for i := range n + 1 {
		values = append(values, start+float64(i)*step)
	}
	return values, ""
}

// seriesFloat reads what matches seriesNumber. One out of range is infinite.
func seriesFloat(s string) float64 {
	f, _ := strconv.ParseFloat(s, 64)
	return f
}
