package console

import (
	"fmt"
	"time"
)

// Times writes times for somebody who lives at Now, in his own zone.
type Times struct{ Now time.Time }

// At is a time with its zone, and with its day if that is not today.
func (t Times) At(unix int64) string {
	return t.Clock(unix) + time.Unix(unix, 0).In(t.Now.Location()).Format(" MST")
}

// Clock is the same without the zone.
func (t Times) Clock(unix int64) string {
	at := time.Unix(unix, 0).In(t.Now.Location())
	if y, m, d := t.Now.Date(); at.Year() != y || at.Month() != m || at.Day() != d {
		return at.Format("2006-01-02 15:04:05")
	}
	return at.Format("15:04:05")
}

// Short is a time for a list: of today by the clock, otherwise with its day.
func (t Times) Short(unix int64) string {
	at := time.Unix(unix, 0).In(t.Now.Location())
	switch y, m, d := t.Now.Date(); {
	case at.Year() != y:
		return at.Format("2006-01-02")
	case at.Month() != m || at.Day() != d:
		return at.Format("Jan _2 15:04")
	}
	return at.Format("15:04:05")
}

// Span is a length of time in its two largest units:
//
//	45 s, 5 min, 1 min 30 s, 2 h, 1 d 4 h
func Span(seconds int64) string {
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
