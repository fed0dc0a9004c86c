package main

import (
	"fmt"
	"strings"
	"time"

	"perfmon/cmd/internal/console"
	"perfmon/cmd/internal/tui"
)

// nothing stands where a value is not known.
const nothing = "–"

// number is a count that may not be known.
func number(n *int) string {
	if n == nil {
		return nothing
	}
	return fmt.Sprint(*n)
}

// length is a length of time in seconds that may not be known, for a table.
func length(seconds *float64) string {
	if seconds == nil {
		return nothing
	}
	return tui.Short(int64(*seconds + 0.5))
}

// since is how long ago a time is.
func since(now, at time.Time) string { return console.Span(int64(now.Sub(at) / time.Second)) }

// count is a number with what it counts.
func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// orNothing is a text, or what stands for none.
func orNothing(text string) string {
	if text == "" {
		return nothing
	}
	return text
}

// joined is texts that there are, with commas.
func joined(texts ...string) string {
	var list []string
	for _, t := range texts {
		if t != "" {
			list = append(list, t)
		}
	}
	return strings.Join(list, ", ")
}
