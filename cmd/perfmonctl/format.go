package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"perfmon/monitor"
)

// number is a value with four digits that matter, and all before the point.
func number(v float64) string {
	if math.Abs(v) >= 1000 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

// compact is a number for a list: a large one with four digits that matter and
// a unit's prefix of the SI.
//
//	0.97, 1234, 123.5M
func compact(v float64) string {
	scaled := v
	for _, prefix := range []string{"", "k", "M", "G", "T", "P", "E"} {
		if math.Abs(v) < 1e6 {
			return number(v)
		}
		if math.Abs(scaled) < 999.95 {
			return strconv.FormatFloat(scaled, 'g', 4, 64) + prefix
		}
		scaled /= 1000
	}
	return number(v)
}

// exact is a number as somebody has written it.
func exact(v float64) string {
	if math.Abs(v) >= 1e15 || v != 0 && math.Abs(v) < 1e-6 {
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}

// blocks are the heights of a sparkline.
var blocks = []rune("▁▂▃▄▅▆▇█")

// sparkline is a small picture of values, unknown ones being dots, and the
// numbers that it lies between. The level is in the picture's range.
//
//	▁▂·▇██  0.3 to 0.98, level 0.9 (▇)
func sparkline(rows []monitor.ExplainedRow, level float64) string {
	low, high, known := math.Inf(1), math.Inf(-1), false
	for _, r := range rows {
		if r.Value != nil {
			low, high, known = min(low, *r.Value), max(high, *r.Value), true
		}
	}
	from, to := min(low, level), max(high, level)
	block := func(v float64) rune {
		height := 0.0
		if to > from {
			height = v/(to-from) - from/(to-from) // each by itself stays finite
		}
		return blocks[max(0, min(len(blocks)-1, int(height*float64(len(blocks)))))]
	}
	var b strings.Builder
	for _, r := range rows {
		if r.Value == nil {
			b.WriteRune('·')
			continue
		}
		b.WriteRune(block(*r.Value))
	}
	switch {
	case !known:
		b.WriteString("  all unknown, level " + exact(level))
	case low == high:
		fmt.Fprintf(&b, "  %s, level %s (%c)", number(low), exact(level), block(level))
	default:
		fmt.Fprintf(&b, "  %s to %s, level %s (%c)", number(low), number(high), exact(level), block(level))
	}
	return b.String()
}
