package replay

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"perfmon/alarm"
	"perfmon/monitor"
)

// WriteOptions says how outcomes are printed.
type WriteOptions struct {
	PlotOptions
	Plots bool // plots too, of the variables that said something; of all if there is one object
}

// WriteTable prints what a rule would have said: the rows that were judged, a
// table of transitions by time, and plots.
func WriteTable(out io.Writer, outcomes []*Outcome, o WriteOptions) error {
	var b strings.Builder
	writeUsed(&b, outcomes, o.Location)
	b.WriteString("\n")
	writeTransitions(&b, outcomes, o)
	if o.Plots {
		for _, x := range outcomes {
			writePlots(&b, x, len(outcomes) == 1, o)
		}
	}
	if _, err := io.WriteString(out, b.String()); err != nil {
		return fmt.Errorf("write output: %w", err)
	}
	return nil
}

// writeUsed says of which archives rows were judged: once for all objects that
// have the same.
func writeUsed(b *strings.Builder, outcomes []*Outcome, loc *time.Location) {
	for i, x := range outcomes {
		same := func(other *Outcome) bool { return slices.Equal(other.Used, x.Used) }
		if slices.ContainsFunc(outcomes[:i], same) {
			continue
		}
		for _, other := range outcomes[i:] {
			if same(other) {
				b.WriteString(nameOf(other.Object) + "\n")
			}
		}
		if len(x.Used) == 0 {
			b.WriteString("  no rows with a known value\n")
		}
		for _, u := range x.Used {
			fmt.Fprintf(b, "  %5d %-4s of %-6s %s to %s\n", u.Rows, plural(u.Rows, "row"), length(u.Step),
				time.Unix(u.From, 0).In(loc).Format(minuteTime), time.Unix(u.To, 0).In(loc).Format(minuteTime))
		}
	}
}

// nameOf is an object in full. A host whose uuid nobody knows is the host.
func nameOf(o monitor.Object) string {
	if o.UUID == o.Class {
		return o.Class
	}
	return o.Class + " " + o.UUID
}

func plural(n int, what string) string {
	if n == 1 {
		return what
	}
	return what + "s"
}

const (
	minuteTime = "2006-01-02 15:04"
	fullTime   = "2006-01-02 15:04:05-07:00"
)

// length is a length of time in one or two units: "5 s", "1 h 5 min".
func length(seconds int64) string {
	units := []struct {
		n    int64
		name string
	}{{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}}
	for i, u := range units {
		if seconds < u.n {
			continue
		}
		text := fmt.Sprintf("%d %s", seconds/u.n, u.name)
		if i+1 < len(units) && seconds%u.n >= units[i+1].n {
			text += fmt.Sprintf(" %d %s", seconds%u.n/units[i+1].n, units[i+1].name)
		}
		return text
	}
	return "0 s"
}

// writeTransitions prints the table.
func writeTransitions(b *strings.Builder, outcomes []*Outcome, o WriteOptions) {
	head := []string{"time", "object", "variable", "what", "value", "lasted"}
	rows := [][]string{}
	for _, t := range byTime(outcomes) {
		what := string(t.Kind)
		if t.Severity == alarm.Warning && t.Kind == alarm.KindRaised {
			what = string(alarm.Warning)
		}
		if t.Inhibited {
			what += ", held"
		}
		if t.Reason != "" && t.Reason != alarm.ReasonLevel {
			what += ": " + string(t.Reason)
		}
		value, lasted := "unknown", ""
		if t.Known {
			value = plainValue(t.Value)
		}
		if t.Lasted > 0 {
			lasted = formatElapsed(t.Lasted)
		}
		rows = append(rows, []string{time.Unix(t.Time, 0).In(o.Location).Format(fullTime), shortObject(t.ID), t.Variable, what, value, lasted})
	}
	for _, x := range outcomes {
		for _, v := range x.Variables {
			if since := v.Fires(); since != 0 {
				end := v.Points[len(v.Points)-1]
				rows = append(rows, []string{time.Unix(end.T, 0).In(o.Location).Format(fullTime), shortObject(v.ID), v.Variable,
					"still firing", plainValue(end.Value), formatElapsed(end.T - since)})
			}
		}
	}
	if len(rows) == 0 {
		b.WriteString("nothing would have been said\n")
		return
	}
	rows = append([][]string{head}, rows...)
	columns := []int{0, 1, 2, 3, 4, 5}
	if len(outcomes) == 1 {
		columns = []int{0, 2, 3, 4, 5} // there is one object
	}
	width := make([]int, len(head))
	for _, row := range rows {
		for i, cell := range row {
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	gap, total := 2, 0
	for _, c := range columns {
		total += width[c]
	}
	if total+gap*(len(columns)-1) > o.Width {
		gap = 1
	}
	if over := total + gap*(len(columns)-1) - o.Width; over > 0 { // names give way, down to some letters
		width[2] = max(width[2]-over, 8)
	}
	for _, row := range rows {
		var line strings.Builder
		row[2] = clipTo(row[2], width[2])
		for _, c := range columns {
			if c == 4 { // numbers
				fmt.Fprintf(&line, "%*s%*s", width[c], row[c], gap, "")
				continue
			}
			fmt.Fprintf(&line, "%-*s%*s", width[c], row[c], gap, "")
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
}

// clipTo shortens a text to some characters.
func clipTo(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}

// plainValue is a value for people, without an exponent where that is short.
func plainValue(v float64) string {
	switch size := math.Abs(v); {
	case math.IsNaN(v):
		return "unknown"
	case size >= 1000 && size < 1e12:
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.4g", v)
}

// byTime is all transitions, oldest first.
func byTime(outcomes []*Outcome) []Transition {
	var all []Transition
	for _, x := range outcomes {
		all = append(all, x.Transitions...)
	}
	slices.SortStableFunc(all, func(a, b Transition) int { return cmp.Compare(a.Time, b.Time) })
	return all
}

// shortObject names an object in a table.
func shortObject(id alarm.ID) string {
	uuid := id.UUID
	if len(uuid) > 8 {
		uuid = uuid[:8]
	}
	return uuid
}

// writePlots draws the variables of an object; those that said nothing only
// if all is set.
func writePlots(b *strings.Builder, x *Outcome, all bool, o WriteOptions) {
	for _, v := range x.Variables {
		said := slices.ContainsFunc(x.Transitions, func(t Transition) bool { return t.ID == v.ID })
		if !said && !all {
			continue
		}
		b.WriteString("\n" + v.title(all, o.Width) + "\n")
		b.WriteString(v.Plot(o.PlotOptions))
	}
}

// title says what a plot shows, and which line is which level.
func (t *Track) title(alone bool, width int) string {
	sense, text, levels := "above", t.Variable, ""
	if t.Low {
		sense = "below"
	}
	if !alone {
		text += " of " + t.Class + " " + shortObject(t.ID)
	}
	levels += fmt.Sprintf("%s %s (%c) for %s", sense, plainValue(t.Level), levelMark, length(max(t.Period, 1)))
	if !math.IsNaN(t.Warning) {
		levels += fmt.Sprintf(", warning %s (%c)", plainValue(t.Warning), warningMark)
	}
	if !math.IsNaN(t.Clear) {
		levels += fmt.Sprintf(", clear %s (%c)", plainValue(t.Clear), clearMark)
	}
	if utf8.RuneCountInString(text+": "+levels) > width {
		return clipTo(text, width-1) + ":\n  " + levels
	}
	return text + ": " + levels
}

// WriteJSON prints the same for programs, without plots.
func WriteJSON(out io.Writer, outcomes []*Outcome) error {
	type used struct {
		Step int64     `json:"step_s"`
		Rows int       `json:"rows"`
		From time.Time `json:"from"`
		To   time.Time `json:"to"`
	}
	type transition struct {
		Time      time.Time      `json:"time"`
		Class     string         `json:"class"`
		UUID      string         `json:"uuid"`
		Variable  string         `json:"variable"`
		Kind      alarm.Kind     `json:"kind"`
		Value     *float64       `json:"value"` // null: unknown
		Level     float64        `json:"level"`
		Severity  alarm.Severity `json:"severity,omitempty"`
		Inhibited bool           `json:"inhibited"`
		Reason    alarm.Reason   `json:"reason,omitempty"`
		Lasted    int64          `json:"lasted_s,omitempty"`
	}
	type firing struct {
		Class    string    `json:"class"`
		UUID     string    `json:"uuid"`
		Variable string    `json:"variable"`
		Since    time.Time `json:"since"`
	}
	type object struct {
		Class string `json:"class"`
		UUID  string `json:"uuid"`
		Used  []used `json:"used"`
	}
	report := struct {
		Objects     []object     `json:"objects"`
		Transitions []transition `json:"transitions"`
		Firing      []firing     `json:"firing"` // at the end
	}{[]object{}, []transition{}, []firing{}}
	utc := func(t int64) time.Time { return time.Unix(t, 0).UTC() }
	for _, x := range outcomes {
		one := object{x.Object.Class, x.Object.UUID, []used{}}
		for _, u := range x.Used {
			one.Used = append(one.Used, used{u.Step, u.Rows, utc(u.From), utc(u.To)})
		}
		report.Objects = append(report.Objects, one)
		for _, v := range x.Variables {
			if since := v.Fires(); since != 0 {
				report.Firing = append(report.Firing, firing{v.Class, v.UUID, v.Variable, utc(since)})
			}
		}
	}
	for _, t := range byTime(outcomes) {
		line := transition{
			utc(t.Time), t.Class, t.UUID, t.Variable, t.Kind, nil, t.Level, t.Severity, t.Inhibited, t.Reason, t.Lasted,
		}
		if t.Known && !math.IsNaN(t.Value) {
			line.Value = &t.Value
		}
		report.Transitions = append(report.Transitions, line)
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(report); err != nil {
		return fmt.Errorf("write output: %w", err)
	}
	return nil
}
