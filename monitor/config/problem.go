package config

import (
	"fmt"
	"strings"
)

// Severity says what became of the thing that a Problem is about.
type Severity int

// The severities.
const (
	// Error: refused. A variable's last good version stays in force (Merge);
	// a document that cannot be read leaves everything as it was.
	Error Severity = iota
	// Lax: accepted with the meaning that the stock daemon gives it, though
	// probably not what was meant. `perfmonctl check` calls it an error.
	Lax
	// Warning: in force and well written, but something that reads alarms
	// will not understand it, or it does less than it seems to.
	Warning
)

// String is the word for the severity in a log.
func (s Severity) String() string {
	switch s {
	case Error:
		return "error"
	case Lax:
		return "lax"
	case Warning:
		return "warning"
	}
	return "unknown severity"
}

// Problem is one thing that is wrong with trigger XML.
type Problem struct {
	// Line and Column are where it is, from 1, the column in characters; 0
	// where there is no such place.
	Line, Column int
	// Variable is the name of the variable that it is about; "" where it is
	// about the document, or the variable has no name.
	Variable string
	Severity Severity
	Msg      string // what is wrong
	Fix      string // the way out; may be ""
}

// Format is the problem as `perfmonctl check` prints it, after the manner of
// compilers, so that editors can jump there:
//
//	host.xml:3:5: error: variable "cpu_usage": alarm_trigger_level "9O": not a number; fix: write a number such as 0.9
func (p Problem) Format(file string) string {
	word := "error"
	if p.Severity == Warning {
		word = "warning"
	}
	var b strings.Builder
	if p.Line > 0 {
		fmt.Fprintf(&b, "%s:%d:%d: %s: ", file, p.Line, p.Column, word)
	} else {
		fmt.Fprintf(&b, "%s: %s: ", file, word)
	}
	b.WriteString(p.String())
	return b.String()
}

// String is the problem without its place and severity.
func (p Problem) String() string {
	s := p.Msg
	if p.Variable != "" {
		s = fmt.Sprintf("variable %q: %s", p.Variable, s)
	}
	if p.Fix != "" {
		s += "; fix: " + p.Fix
	}
	return s
}
