package main

import (
	"regexp"
	"strconv"
	"time"
)

var days = regexp.MustCompile(`^(\d{1,5})([dw])$`)

// away is the time that is a length of time away from now, such as 90m, 2h,
// 3d or 1w: ahead with sign 1, back with -1. Days are those of the calendar.
func away(length string, now time.Time, sign int) (at time.Time, ok bool) {
	if m := days.FindStringSubmatch(length); m != nil {
		n, _ := strconv.Atoi(m[1]) // digits, and few
		return now.AddDate(0, 0, sign*n*map[string]int{"d": 1, "w": 7}[m[2]]), true
	}
	d, err := time.ParseDuration(length)
	if err != nil || d < time.Second {
		return time.Time{}, false
	}
	return now.Add(time.Duration(sign) * d), true
}

// timeIn is the time that a text says. A time of day is that of today.
func timeIn(text string, now time.Time) (at time.Time, today, ok bool) {
	for _, form := range []string{time.RFC3339, "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02T15:04", "2006-01-02"} {
		if at, err := time.ParseInLocation(form, text, now.Location()); err == nil {
			return at, false, true
		}
	}
	for _, form := range []string{"15:04", "15:04:05"} {
		if at, err := time.Parse(form, text); err == nil {
			return time.Date(now.Year(), now.Month(), now.Day(), at.Hour(), at.Minute(), at.Second(), 0, now.Location()), true, true
		}
	}
	return time.Time{}, false, false
}
