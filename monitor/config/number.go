package config

import (
	"errors"
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// Numbers are read as Python's int() and float() read them, since that is
// what the stock daemon does:
//
//	" 120 "  "1_20"  "+5"  "007"  "1e3" (float only)  "٣"
//
// The error, if any, is one of these.
var (
	errNotInt    = errors.New("not a whole number")
	errNotFloat  = errors.New("not a number")
	errNotFinite = errors.New("not a finite number")
	errTooLarge  = errors.New("too large")
)

var (
	intSyntax   = regexp.MustCompile(`^[+-]?[0-9]+(_[0-9]+)*$`)
	floatSyntax = regexp.MustCompile(`^[+-]?([0-9]+(_[0-9]+)*\.?|([0-9]+(_[0-9]+)*)?\.[0-9]+(_[0-9]+)*)([eE][+-]?[0-9]+(_[0-9]+)*)?$`)
	notFinite   = regexp.MustCompile(`^(?i:[+-]?(nan|inf|infinity))$`)
	plain       = regexp.MustCompile(`^[+-]?[0-9.]+([eE][+-]?[0-9]+)?$`)
)

// isPlain says whether every program reads the number: no blanks,
// underscores or digits of other scripts.
func isPlain(text string) bool { return plain.MatchString(text) }

// parseInt reads a whole number. One that does not fit is errTooLarge, with
// the limit on its side.
func parseInt(text string) (int64, error) {
	s := asciiNumber(text)
	// Python refuses more than 4300 digits; so long a number has no meaning.
	if !intSyntax.MatchString(s) || len(s) > 4300 {
		return 0, errNotInt
	}
	n, ok := new(big.Int).SetString(strings.ReplaceAll(s, "_", ""), 10)
	switch {
	case !ok:
		return 0, errNotInt
	case n.IsInt64():
		return n.Int64(), nil
	case n.Sign() < 0:
		return math.MinInt64, errTooLarge
	}
	return math.MaxInt64, errTooLarge
}

// parseFloat reads a finite number.
func parseFloat(text string) (float64, error) {
	s := asciiNumber(text)
	if notFinite.MatchString(s) {
		return 0, errNotFinite
	}
	if !floatSyntax.MatchString(s) {
		return 0, errNotFloat
	}
	f, err := strconv.ParseFloat(strings.ReplaceAll(s, "_", ""), 64)
	if math.IsInf(f, 0) {
		return 0, errTooLarge
	}
	if err != nil {
		return 0, errNotFloat
	}
	return f, nil
}

// asciiNumber is the text without white space around it, decimal digits of
// any script as ASCII ones.
func asciiNumber(text string) string {
	return strings.Map(func(r rune) rune {
		if r > unicode.MaxASCII {
			if d, ok := decimalDigit(r); ok {
				return '0' + d
			}
		}
		return r
	}, strings.TrimSpace(text))
}

// decimalDigit is the value of a digit. Unicode keeps the digits of every
// script together and in order, from 0 to 9.
func decimalDigit(r rune) (rune, bool) {
	for _, t := range unicode.Nd.R16 {
		if lo, hi := rune(t.Lo), rune(t.Hi); lo <= r && r <= hi {
			return (r - lo) % 10, true
		}
	}
	for _, t := range unicode.Nd.R32 {
		if lo, hi := rune(t.Lo), rune(t.Hi); lo <= r && r <= hi {
			return (r - lo) % 10, true
		}
	}
	return 0, false
}
