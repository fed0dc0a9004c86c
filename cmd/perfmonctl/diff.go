package main

import (
	"fmt"
	"strings"
)

// diffContext is how many unchanged lines are shown around a change.
const diffContext = 3

// diff shows in the unified form what has changed between two texts, as one
// change: an edit is of one place. XML in one line, as XenCenter writes it, is
// shown element by element.
func diff(name, before, after string) string {
	a, b := xmlLines(before), xmlLines(after)
	start := 0
	for start < min(len(a), len(b)) && a[start] == b[start] {
		start++
	}
	end := 0
	for end < min(len(a), len(b))-start && a[len(a)-1-end] == b[len(b)-1-end] {
		end++
	}
	from := max(start-diffContext, 0)
	tail := min(end, diffContext)
	var out strings.Builder
	fmt.Fprintf(&out, "--- %s\n+++ %s\n@@ -%s +%s @@\n", name, name, hunk(from, len(a)-end+tail), hunk(from, len(b)-end+tail))
	write := func(mark string, lines []string) {
		for _, l := range lines {
			out.WriteString(mark + l + "\n")
		}
	}
	write(" ", a[from:start])
	write("-", a[start:len(a)-end])
	write("+", b[start:len(b)-end])
	write(" ", a[len(a)-end:len(a)-end+tail])
	return out.String()
}

// hunk is the lines from one up to another, counted from 0, as a diff has
// them.
func hunk(from, to int) string {
	if from == to {
		return fmt.Sprintf("%d,0", from)
	}
	return fmt.Sprintf("%d,%d", from+1, to-from)
}

// xmlLines are the lines of a text; without any, one for each element.
func xmlLines(text string) []string {
	text = strings.TrimSuffix(text, "\n")
	if text == "" {
		return nil
	}
	if !strings.Contains(text, "\n") {
		text = strings.ReplaceAll(text, "><", ">\n<")
	}
	return strings.Split(text, "\n")
}
