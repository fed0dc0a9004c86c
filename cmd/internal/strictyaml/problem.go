package strictyaml

import (
	"fmt"
	"strings"
)

// MaxProblems bounds what is said about one file.
const MaxProblems = 100

// Problem is one thing that is wrong with the settings.
type Problem struct {
	// Line and Column are where it is, from 1, the column in characters; 0
	// where there is no such place.
	Line, Column int
	Key          string // with those above it, as sinks.pager.url; "" for the file
	Warning      bool   // the settings are in force all the same
	Msg          string // what is wrong; never has a secret in it
	Fix          string // the way out; may be ""
}

// Format is the problem as `perfmonctl check` prints it, after the manner of
// compilers, so that editors can jump there:
//
//	perfmon.yaml:7:5: error: sinks.pager.ulr: unknown key; fix: did you mean url?
func (p Problem) Format(file string) string {
	word := "error"
	if p.Warning {
		word = "warning"
	}
	var b strings.Builder
	b.WriteString(file)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d", p.Line)
	}
	if p.Column > 0 {
		fmt.Fprintf(&b, ":%d", p.Column)
	}
	fmt.Fprintf(&b, ": %s: %s", word, p.String())
	return b.String()
}

// String is the problem without its place and severity.
func (p Problem) String() string {
	s := p.Msg
	if p.Key != "" {
		s = p.Key + ": " + s
	}
	if p.Fix != "" {
		s += "; fix: " + p.Fix
	}
	return s
}

// Error is all that is wrong with a settings file.
type Error struct {
	Path     string
	Problems []Problem // in the order of the file, warnings too
}

// Error has a line for each problem.
func (e *Error) Error() string {
	var lines []string
	for _, p := range e.Problems {
		lines = append(lines, p.Format(e.Path))
	}
	return strings.Join(lines, "\n")
}
