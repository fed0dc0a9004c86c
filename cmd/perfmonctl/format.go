package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"perfmon/monitor"
)

// times writes times for somebody who lives at now, in his own zone.
type times struct{ now time.Time }

// at is a time with its zone, and with its day if that is not today.
func (t times) at(unix int64) string {
	at := time.Unix(unix, 0).In(t.now.Location())
	return t.clock(unix) + at.Format(" MST")
}

// clock is the same without the zone.
func (t times) clock(unix int64) string {
	at := time.Unix(unix, 0).In(t.now.Location())
	if y, m, d := t.now.Date(); at.Year() != y || at.Month() != m || at.Day() != d {
		return at.Format("2006-01-02 15:04:05")
	}
	return at.Format("15:04:05")
}

// short is a time for a list: of today by the clock, otherwise with its day.
func (t times) short(unix int64) string {
	at := time.Unix(unix, 0).In(t.now.Location())
	switch y, m, d := t.now.Date(); {
	case at.Year() != y:
		return at.Format("2006-01-02")
	case at.Month() != m || at.Day() != d:
		return at.Format("Jan _2 15:04")
	}
	return at.Format("15:04:05")
}

// span is a length of time in its two largest units:
//
//	45 s, 5 min, 1 min 30 s, 2 h, 1 d 4 h
func span(seconds int64) string {
	seconds = max(seconds, 0)
	units := []struct {
		name   string
		length int64
	}{{"d", 86400}, {"h", 3600}, {"min", 60}, {"s", 1}}
	for i, u := range units {
		n := seconds / u.length
		if n == 0 {
			continue
		}
		text := fmt.Sprintf("%d %s", n, u.name)
		if i+1 < len(units) {
			if rest := seconds % u.length / units[i+1].length; rest > 0 {
				text += fmt.Sprintf(" %d %s", rest, units[i+1].name)
			}
		}
		return text
	}
	return "0 s"
}

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
