package replay

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Write prints what came of a case: a line if all is well, and what was
// expected beside what came if not. With all, both for every case.
func (r *Result) Write(out io.Writer, all bool) error {
	word := "ok  "
	if !r.OK() {
		word = "FAIL"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %s:%d: %s\n", word, r.Case.Pos.File, r.Case.Pos.Line, r.Case.Name)
	if all || !r.OK() {
		r.table(&b)
	}
	if _, err := io.WriteString(out, b.String()); err != nil {
		return fmt.Errorf("write result: %w", err)
	}
	return nil
}

// table aligns the two sides on their times. A line that differs is marked,
// and the state of its variable at that time stands below.
func (r *Result) table(b *strings.Builder) {
	for _, note := range r.Notes {
		fmt.Fprintf(b, "      ! %s\n", note)
	}
	if len(r.Lines) == 0 {
		b.WriteString("        nothing was said, as expected\n")
		return
	}
	type cells struct{ at, expected, got string }
	rows := make([]cells, 0, len(r.Lines))
	width := len("expected")
	for _, c := range r.Lines {
		row := cells{formatElapsed(c.At()), "-", "-"}
		if c.Expected != nil {
			row.expected = c.Expected.text(r.Case)
		}
		if c.Got != nil {
			row.got = c.Got.text(r.Case)
		}
		rows = append(rows, row)
		width = max(width, utf8.RuneCountInString(row.expected))
	}
	if r.OK() {
		for _, row := range rows {
			fmt.Fprintf(b, "        %-10s  %s\n", row.at, row.got)
		}
		return
	}
	line := func(mark string, row cells) {
		b.WriteString(strings.TrimRight(fmt.Sprintf("      %s %-10s  %-*s  %s", mark, row.at, width, row.expected, row.got), " ") + "\n")
	}
	line(" ", cells{"time", "expected", "came"})
	for i, c := range r.Lines {
		if c.Good() {
			line(" ", rows[i])
			continue
		}
		line("!", rows[i])
		// Several lines of one time and variable share what follows.
		if i+1 < len(r.Lines) && !r.Lines[i+1].Good() && r.Lines[i+1].At() == c.At() && r.about(r.Lines[i+1]) == r.about(c) {
			continue
		}
		fmt.Fprintf(b, "        %-10s  %s\n", "", r.about(c))
	}
}

// about is the state of what a comparison is about, at its time.
func (r *Result) about(c Comparison) string {
	e := c.Expected
	if e == nil {
		e = c.Got
	}
	return describe(r.Case.label(e.Object, e.Name), r.variable(e.At, e.Object, e.Name))
}
