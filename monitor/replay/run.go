package replay

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"perfmon/alarm"
	"perfmon/monitor"
)

var nan = math.NaN()

// Result is what came of one run of a case.
type Result struct {
	Case  *Case
	Lines []Comparison // by time
	Notes []string     // what went wrong besides
	// States has the variables after each poll.
	states []picture
}

// Comparison is what was expected at one time beside what came. One of the
// two may be nil; where both are there they agree.
type Comparison struct {
	Expected, Got *Expectation
}

// At is the time of what is compared, in seconds.
func (c Comparison) At() int64 {
	if c.Expected != nil {
		return c.Expected.At
	}
	return c.Got.At
}

// Good says that what was expected came.
func (c Comparison) Good() bool { return c.Expected != nil && c.Got != nil }

// OK says that all came as expected.
func (r *Result) OK() bool {
	return len(r.Notes) == 0 && !slices.ContainsFunc(r.Lines, func(c Comparison) bool { return !c.Good() })
}

// Run lets the case happen, from its beginning. The error is that of ctx.
func (c *Case) Run(ctx context.Context) (*Result, error) {
	w := newWorld(c)
	if err := w.run(ctx); err != nil {
		return nil, err
	}
	r := &Result{Case: c, Notes: w.notes, states: w.states}
	taken := make([]bool, len(w.events))
	for i := range c.expected {
		e := &c.expected[i]
		line := Comparison{Expected: e}
		if e.What == isState {
			line.Got = r.stateLike(e)
		} else if k := slices.IndexFunc(w.events, func(g Expectation) bool { return e.met(g) }); k >= 0 {
			for taken[k] { // the same thing twice at one time
				next := slices.IndexFunc(w.events[k+1:], func(g Expectation) bool { return e.met(g) })
				if next < 0 {
					k = -1
					break
				}
				k += 1 + next
			}
			if k >= 0 {
				taken[k], line.Got = true, &w.events[k]
			}
		}
		r.Lines = append(r.Lines, line)
	}
	for k := range w.events {
		if !taken[k] {
			r.Lines = append(r.Lines, Comparison{Got: &w.events[k]})
		}
	}
	slices.SortStableFunc(r.Lines, func(a, b Comparison) int { return cmp.Compare(a.At(), b.At()) })
	return r, nil
}

// met says whether what came is what was expected. A value that is not written
// down may be any.
func (e *Expectation) met(got Expectation) bool {
	return e.At == got.At && e.What == got.What && e.Object == got.Object && e.Name == got.Name &&
		e.Severity == got.Severity && e.Inhibited == got.Inhibited && e.Silenced == got.Silenced && e.Reason == got.Reason &&
		(!e.HasValue || formatValue(e.Value) == formatValue(got.Value))
}

// stateLike is the state that an expectation speaks of if it is as expected.
func (r *Result) stateLike(e *Expectation) *Expectation {
	v := r.variable(e.At, e.Object, e.Name)
	if v == nil || v.State != e.State || e.Severity != "" && v.Severity != e.Severity || e.HasValue && formatValue(e.Value) != formatValue(valueOf(v)) {
		return nil
	}
	got := *e
	got.HasValue, got.Value, got.Severity = true, valueOf(v), v.Severity
	return &got
}

func valueOf(v *monitor.VariableStatus) float64 {
	if !v.Known {
		return nan
	}
	return v.Value
}

// variable is the state of a variable after the last poll up to some time; nil
// if there was none.
func (r *Result) variable(at int64, o monitor.Object, name string) *monitor.VariableStatus {
	i, found := slices.BinarySearchFunc(r.states, at+1, func(p picture, t int64) int { return cmp.Compare(p.at, t) })
	_ = found // a poll after it does not count
	if i == 0 {
		return nil
	}
	// Of several polls at one time the last one counts: it is the one before i.
	list := r.states[i-1].variables
	k := slices.IndexFunc(list, func(v monitor.VariableStatus) bool {
		return v.Class == o.Class && v.UUID == o.UUID && v.Variable == name
	})
	if k < 0 {
		return nil
	}
	return &list[k]
}

// text is a line without its time, as tests write it.
func (e *Expectation) text(c *Case) string {
	parts := []string{e.What, c.label(e.Object, e.Name)}
	if e.What == isState {
		parts = append(parts, e.State.String())
	}
	if e.HasValue {
		parts = append(parts, formatValue(e.Value))
	}
	if e.Severity == alarm.Warning || e.What == isState && e.Severity != "" {
		parts = append(parts, string(e.Severity))
	}
	if e.Inhibited {
		parts = append(parts, "inhibited")
	}
	if e.Silenced {
		parts = append(parts, "silenced")
	}
	if e.What == string(alarm.KindCleared) && e.Reason != alarm.ReasonLevel {
		parts = append(parts, string(e.Reason))
	}
	return strings.Join(parts, " ")
}

// describe is the state of a variable in words.
func describe(label string, v *monitor.VariableStatus) string {
	if v == nil {
		return fmt.Sprintf("%s is not in force", label)
	}
	text := fmt.Sprintf("%s is %s", label, v.State)
	if v.Severity == alarm.Warning {
		text += " (warning)"
	}
	value := "unknown"
	if v.Known {
		value = formatValue(v.Value)
	}
	sense := "above"
	if v.Low {
		sense = "below"
	}
	return fmt.Sprintf("%s, its value %s; bad is %s %s", text, value, sense, formatValue(v.Level))
}
