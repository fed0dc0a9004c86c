package shadow

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
)

const (
	maxName  = 24 // of an object in the table, characters
	maxWord  = 48 // of other foreign text
	timeForm = "2006-01-02 15:04:05"
)

// WriteTable writes all that was compared, and what waits, up to a time.
func (c *Comparison) WriteTable(w io.Writer, until int64) error {
	var b strings.Builder
	fmt.Fprintf(&b, "Alarms of this agent (here) and of the stock daemon, %s to %s UTC\n\n", minute(c.opts.Began), minute(until))
	n := c.Counts()
	if n.Forgotten > 0 {
		fmt.Fprintf(&b, "(%d earlier ones are in the log alone)\n", n.Forgotten)
	}
	rows := append(append([]Finding{}, c.findings...), c.waiting()...)
	if len(rows) == 0 {
		fmt.Fprintln(&b, "There were none.")
	} else {
		var lines strings.Builder
		table := tabwriter.NewWriter(&lines, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "RESULT\tROW\tMESSAGE\tOBJECT\tVARIABLE\tHERE\tSTOCK\tWHY")
		for _, f := range rows {
			fmt.Fprintln(table, strings.Join(f.cells(), "\t"))
		}
		_ = table.Flush() // to a string it cannot fail
		for line := range strings.Lines(lines.String()) {
			fmt.Fprintln(&b, strings.TrimRight(line, " \n"))
		}
	}
	fmt.Fprintf(&b, "\n%s\n", n)
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write table: %w", err)
	}
	return nil
}

// cells are the columns of a line.
func (f Finding) cells() []string {
	result := f.Result.String()
	if len(f.Differs) > 0 {
		result += " (" + strings.Join(f.Differs, ", ") + ")"
	}
	row, message := "-", "-"
	if f.Row != 0 {
		row = time.Unix(f.Row, 0).UTC().Format(timeForm)
	}
	switch {
	case f.Message != 0 && f.Row != 0:
		message = fmt.Sprintf("%+ds", f.Message-f.Row)
	case f.Message != 0:
		message = time.Unix(f.Message, 0).UTC().Format(timeForm)
	}
	why := f.Why()
	if f.Result == "" {
		why = ""
	}
	uuid, _, _ := strings.Cut(f.UUID, "-")
	return []string{
		result, row, message, f.Class + " " + plain(f.Name, maxName) + " (" + plain(uuid, maxWord) + ")", plain(f.Variable, maxWord),
		number(f.Here), number(f.Stock), why,
	}
}

// String is one line: "agreed 3, only here 2 (1 not explained), ...".
func (n Counts) String() string {
	var list []string
	for _, r := range Results {
		text := fmt.Sprintf("%v %d", r, n.Results[r])
		if u := n.Unexplained[r]; u > 0 {
			text += fmt.Sprintf(" (%d not explained)", u)
		}
		list = append(list, text)
	}
	if open := n.OpenHere + n.OpenStock; open > 0 {
		list = append(list, fmt.Sprintf("not decided %d", open))
	}
	if n.Dropped > 0 {
		list = append(list, fmt.Sprintf("not compared %d", n.Dropped))
	}
	return strings.Join(list, ", ")
}

// number is a value without the zeros at its end.
func number(text string) string {
	if text == "" {
		return "-"
	}
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return plain(text, maxWord)
}

// plain is foreign text on one line, of at most so many characters.
func plain(text string, most int) string {
	text = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
	if r := []rune(text); len(r) > most {
		text = string(r[:most-1]) + "…"
	}
	return text
}

func minute(t int64) string { return time.Unix(t, 0).UTC().Format("2006-01-02 15:04") }
