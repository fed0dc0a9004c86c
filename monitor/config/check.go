package config

import (
	"fmt"
	"slices"
	"strings"
)

// Check is everything that can be said of trigger XML before it is in force:
// the problems of Parse, and a Warning for each variable whose alarms one of
// the programs that read them would not understand.
func Check(class, text string, opts Options) []Problem {
	c, problems := Parse(class, text, opts)
	if c == nil {
		return problems
	}
	for _, v := range c.Variables {
		problems = append(problems, readerWarnings(class, v)...)
	}
	sortProblems(problems)
	return problems
}

// sortProblems puts problems into the order of the document; those without a
// place come last.
func sortProblems(problems []Problem) {
	slices.SortStableFunc(problems, func(a, b Problem) int {
		if (a.Line == 0) != (b.Line == 0) {
			return b.Line - a.Line
		}
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
}

// readerWarnings says which readers would not understand a variable's alarms.
func readerWarnings(class string, v *Variable) []Problem {
	alarming := v
	if v.PerHost {
		var err error
		if alarming, err = PerHostVariable("00000000-0000-0000-0000-000000000000", v); err != nil {
			return []Problem{v.problem(Warning, err.Error(), "")}
		}
		class = ClassHost
	}
	body := alarming.Body(alarming.badValue())
	var reasons []misread
	readers := make(map[misread][]string)
	for _, r := range alarmReaders {
		got, bad := r.read(class, body)
		if bad == nil && got.name != alarming.Name {
			bad = &misread{fmt.Sprintf("it reads the name as %q", got.name), "choose a name of letters, digits and _"}
		}
		if bad == nil {
			continue
		}
		if len(readers[*bad]) == 0 {
			reasons = append(reasons, *bad)
		}
		readers[*bad] = append(readers[*bad], r.name)
	}
	var problems []Problem
	for _, why := range reasons {
		msg := fmt.Sprintf("not understood by %s: %s", strings.Join(readers[why], " and "), why.msg)
		problems = append(problems, v.problem(Warning, msg, why.fix))
	}
	return problems
}

// badValue is a value that raises the alarm, a negative one if such a value
// can and the level lets it.
func (v *Variable) badValue() float64 {
	switch {
	case v.Sense == Low && v.Level > 0:
		return v.Level / 2
	case v.Sense == Low:
		return v.Level - 1
	case v.Level < 0:
		return v.Level / 2
	}
	return v.Level + 1
}

// problem is one that is about the whole variable.
func (v *Variable) problem(s Severity, msg, fix string) Problem {
	return Problem{Line: v.Line, Column: v.Column, Variable: v.Name, Severity: s, Msg: msg, Fix: fix}
}
