package tui

import (
	"fmt"
	"math"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// MaxName is how many characters of a foreign text are looked at.
const MaxName = 256

// Clean makes a foreign text fit for one line of a terminal: what controls
// it, or changes the direction of the text, shows as �; spaces are
// spaces; and what changes how wide a character is, on which terminals do not
// agree, is left out.
func Clean(text string) string {
	var b strings.Builder
	n, marks := 0, 0
	for _, r := range text {
		if n++; n > MaxName {
			b.WriteRune('…')
			break
		}
		switch {
		case unicode.Is(unicode.M, r): // letters with more marks climb into other lines
			if marks++; marks > 2 || joins(r) {
				continue
			}
			b.WriteRune(r)
			continue
		case joins(r):
			continue
		case unicode.IsSpace(r), unicode.Is(unicode.Z, r):
			r = ' '
		case r == utf8.RuneError, unicode.Is(unicode.C, r):
			r = utf8.RuneError
		}
		marks = 0
		b.WriteRune(r)
	}
	return b.String()
}

// joins says whether a character only changes how those beside it look:
// joiners, variation selectors, skin tones.
func joins(r rune) bool {
	return r == 0x200c || r == 0x200d || r >= 0xfe00 && r <= 0xfe0f || r >= 0x1f3fb && r <= 0x1f3ff || r >= 0xe0000 && r <= 0xe0fff
}

// Width is how many cells a text takes; escapes take none.
func Width(text string) int { return ansi.StringWidth(text) }

// Fit makes a text exactly so wide, cutting or filling it on the right.
func Fit(text string, cells int) string {
	if cells <= 0 {
		return ""
	}
	if Width(text) > cells {
		text = ansi.Truncate(text, cells, "…")
	}
	return text + strings.Repeat(" ", max(0, cells-Width(text)))
}

// FitEnds is Fit for names of which both ends matter: it cuts in the middle.
func FitEnds(text string, cells int) string {
	wide := Width(text)
	if wide <= cells || cells < 3 {
		return Fit(text, cells)
	}
	end := cells / 2
	return Fit(ansi.Truncate(text, cells-1-end, "")+"…"+ansi.TruncateLeft(text, wide-end, ""), cells)
}

// Right is fit for what stands on the right.
func Right(text string, cells int) string {
	if gap := cells - Width(text); gap > 0 {
		return strings.Repeat(" ", gap) + text
	}
	return Fit(text, cells)
}

// Unknown stands where a value is not known.
const Unknown = "–"

// Known is the value behind a pointer, NaN for none.
func Known(v *float64) float64 {
	if v == nil {
		return math.NaN()
	}
	return *v
}

// Percent is a share as "97%".
func Percent(v float64) string {
	switch {
	case math.IsNaN(v):
		return Unknown
	case v >= 9.995:
		return ">999%"
	}
	return fmt.Sprintf("%.0f%%", v*100)
}

// Size is a number of bytes in at most four characters: 0, 512, 9.8K, 97G.
func Size(v float64) string {
	if math.IsNaN(v) {
		return Unknown
	}
	units := " KMGTPE"
	i := 0
	for math.Abs(v) >= 999.5 && i < len(units)-1 {
		v /= 1024
		i++
	}
	unit := strings.TrimSpace(units[i : i+1])
	if i > 0 && math.Abs(v) < 9.95 {
		return fmt.Sprintf("%.1f%s", v, unit)
	}
	return fmt.Sprintf("%.0f%s", v, unit)
}

// Seconds is a short time in at most five characters: 85us, 4.2ms, 1.3s.
func Seconds(v float64) string {
	switch {
	case math.IsNaN(v):
		return Unknown
	case v < 0.0009995:
		return fmt.Sprintf("%.0fus", v*1e6)
	case v < 0.00995:
		return fmt.Sprintf("%.1fms", v*1e3)
	case v < 0.9995:
		return fmt.Sprintf("%.0fms", v*1e3)
	case v < 9.95:
		return fmt.Sprintf("%.1fs", v)
	}
	return fmt.Sprintf("%.0fs", v)
}

// Sum adds what is known; NaN if nothing is.
func Sum(values ...float64) float64 {
	total, any := 0.0, false
	for _, v := range values {
		if !math.IsNaN(v) {
			total, any = total+v, true
		}
	}
	if !any {
		return math.NaN()
	}
	return total
}

// Number is a value whose unit is not known, with three or four digits that
// matter: 0.9712, 200k, 11.5M.
func Number(v float64) string {
	switch {
	case math.IsNaN(v):
		return Unknown
	case math.Abs(v) < 9999.5 || math.Abs(v) >= 1e18:
		return fmt.Sprintf("%.4g", v)
	}
	i := 0
	for ; math.Abs(v) >= 999.5; i++ {
		v /= 1000
	}
	return fmt.Sprintf("%.3g%c", v, " kMGTPE"[i])
}

// Ago is a length of time in its largest units, coarsely, so that it does not
// change all the time:
//
//	45 s, 5 min, 2 h 10 min, 1 d 4 h
func Ago(seconds int64) string {
	switch s := max(seconds, 0); {
	case s < 60:
		return fmt.Sprintf("%d s", s)
	case s < 3600:
		return fmt.Sprintf("%d min", s/60)
	case s < 86400:
		return two(s/3600, "h", s%3600/60, "min")
	default:
		return two(s/86400, "d", s%86400/3600, "h")
	}
}

// Short is a length of time in at most seven characters: 119 min, 47 h, 12 d.
func Short(seconds int64) string {
	switch {
	case seconds < 120:
		return fmt.Sprintf("%d s", seconds)
	case seconds < 7200:
		return fmt.Sprintf("%d min", seconds/60)
	case seconds < 2*86400:
		return fmt.Sprintf("%d h", seconds/3600)
	}
	return fmt.Sprintf("%d d", seconds/86400)
}

func two(a int64, first string, b int64, second string) string {
	if b == 0 {
		return fmt.Sprintf("%d %s", a, first)
	}
	return fmt.Sprintf("%d %s %d %s", a, first, b, second)
}
