package rrd

import (
	"bytes"
	"math"
	"strconv"
)

// parseValue reads one value as any toolstack has printed it: "0.0",
// "209715200.0000", "8.5899e+09", "0.100000001490116", "NaN", "-Infinity".
// Decimal spellings alone: what Go reads besides (hexadecimal, underscores)
// is no number here. One out of a float64's range is infinite.
func parseValue(b []byte) (float64, bool) {
	if len(b) == 0 {
		return 0, false
	}
	for _, c := range b {
		if !('0' <= c && c <= '9' || c == '.' || c == '-' || c == '+' || c == 'e' || c == 'E') {
			return parseWord(b)
		}
	}
	f, err := strconv.ParseFloat(string(b), 64)
	if err != nil && !math.IsInf(f, 0) {
		return 0, false
	}
	return f, true
}

// parseWord reads the values that are words: C, C#, OCaml and Python spell
// them in their own ways.
func parseWord(b []byte) (float64, bool) {
	sign := 1
	switch b[0] {
	case '-':
		sign, b = -1, b[1:]
	case '+':
		b = b[1:]
	}
	switch {
	case bytes.EqualFold(b, []byte("nan")):
		return math.NaN(), true
	case bytes.EqualFold(b, []byte("inf")), bytes.EqualFold(b, []byte("infinity")):
		return math.Inf(sign), true
	}
	return 0, false
}

// parseInteger reads a time or a count; "5.0" is one too.
func parseInteger(b []byte) (int64, bool) {
	if n, err := strconv.ParseInt(string(b), 10, 64); err == nil {
		return n, true
	}
	f, ok := parseValue(b)
	if !ok || f != math.Trunc(f) || f < math.MinInt64 || f >= math.MaxInt64 {
		return 0, false
	}
	return int64(f), true
}

// trimSpace cuts the white space of XML and JSON off both ends.
func trimSpace(b []byte) []byte { return bytes.Trim(b, " \n\t\r") }
