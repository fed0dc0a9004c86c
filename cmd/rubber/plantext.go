package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"perfmon/cmd/internal/console"
	"perfmon/scaling/rubber/api"
)

// text is a plan for a person:
//
//	plan of 12:00:00 UTC
//
//	PROFILE  WAITS  RUN  OLDEST  SLOTS  WANT  WISH  LIMIT  HAVE  READY  COMING
//	jobs        12    3    40 s      6     8     8     50     3      3       0
//
//	start 5 of jobs
//	  12 wait and 3 run, …
func (p *planned) text(on console.Screen) string {
	b := &console.Sheet{}
	if p.Plan == nil {
		b.WriteString("there is no plan yet\n")
		p.addChecks(b)
		return b.String()
	}
	t := console.Times{Now: time.Now()}
	fmt.Fprintf(b, "plan of %s%s\n\n", t.At(p.Plan.At.Unix()), p.fate())
	table := [][]string{{"~PROFILE", ">WAITS", ">RUN", ">OLDEST", ">SLOTS", ">WANT", ">WISH", ">LIMIT", ">HAVE", ">READY", ">COMING", ">RESTING"}}
	for _, g := range p.Plan.Targets {
		table = append(table, []string{
			cmp.Or(g.Profile, "(of none)"), number(g.Waits), number(g.Running), length(g.OldestS), fmt.Sprint(g.Slots), console.Paint(console.Strong, fmt.Sprint(g.Want)),
			fmt.Sprint(g.Wish), fmt.Sprint(g.Limit), fmt.Sprint(g.Have), fmt.Sprint(g.Ready), fmt.Sprint(g.Coming), fmt.Sprint(g.Resting),
		})
	}
	b.WriteString(on.Columns(table) + "\n")
	for i := range p.Plan.Lines {
		planLine(b, &p.Plan.Lines[i])
	}
	if len(p.Plan.Lines) == 0 {
		b.WriteString("nothing is to be done\n")
	}
	for _, profile := range slices.Sorted(maps.Keys(p.Holds)) {
		b.WriteString("hold " + profile + "\n")
		for _, text := range p.Holds[profile] {
			b.WriteString("  " + text + "\n")
		}
	}
	p.addChecks(b)
	return b.String()
}

// fate says what becomes of the plan.
func (p *planned) fate() string {
	switch {
	case p.Role == "dry-run":
		return ", of a dry run: nothing of it is done"
	case p.Paused:
		return ", while paused: nothing of it is done"
	}
	return ""
}

// planLine is a line of a plan, with its reasons below it.
func planLine(b *console.Sheet, l *api.Line) {
	head := l.Action
	style := console.Plain
	switch l.Action {
	case "start", "wake", "resume":
		style = console.Good
	case "drain", "delete", "park", "rest":
		style = console.Warned
	}
	head = console.Paint(style, head)
	if l.Count > 0 {
		head += fmt.Sprintf(" %d", l.Count)
	}
	if l.Machine != "" {
		head += " " + l.Machine
	}
	b.WriteString(head + " of " + l.Profile + "\n")
	for _, r := range l.Reasons {
		b.WriteString("  " + r.Text + " " + console.Paint(console.Faint, "("+r.Code+")") + "\n")
	}
	if len(l.Avoid) > 0 {
		b.WriteString("  not on " + strings.Join(l.Avoid, ", ") + "\n")
	}
	if len(l.AvoidStorage) > 0 {
		b.WriteString("  not on storage " + strings.Join(l.AvoidStorage, ", ") + "\n")
	}
	if len(l.Prefer) > 0 {
		b.WriteString("  rather on " + strings.Join(l.Prefer, ", ") + "\n")
	}
}

// addChecks says what --config has found beside the plan.
func (p *planned) addChecks(b *console.Sheet) {
	if len(p.Checks)+len(p.Notes)+len(p.Clouds)+len(p.Brokers) == 0 {
		return
	}
	b.WriteString("\n")
	b.Section("clouds", sourceLines(p.Clouds, "machine", time.Now())...)
	b.Section("brokers", sourceLines(p.Brokers, "worker", time.Now())...)
	var lines []string
	for _, c := range p.Checks {
		switch {
		case c.Error != "":
			lines = append(lines, c.Profile+": "+console.Paint(console.Bad, c.Error))
		case !c.Checked:
			lines = append(lines, c.Profile+": its cloud cannot say without making one")
		default:
			lines = append(lines, c.Profile+": "+console.Paint(console.Good, "machines can be made"))
		}
	}
	b.Section("checks", lines...)
	b.Section("note", p.Notes...)
}
