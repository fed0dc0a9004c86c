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
//	PROFILE  WAITS  RUN  OLDEST  SLOTS  NEED  LIMIT  WANT  HAVE
//	jobs        12    3    40 s      6     8     50     8  3 ready
//
//	start 5 of jobs
//	  12 wait and 3 run, …
func (p *planned) text(on console.Screen) string { return p.textAt(time.Now(), on) }

func (p *planned) textAt(now time.Time, on console.Screen) string {
	b := &console.Sheet{Width: on.Width}
	if p.Plan == nil {
		b.WriteString("there is no plan yet\n")
		p.addChecks(b, now)
		return b.String()
	}
	t := console.Times{Now: now}
	fmt.Fprintf(b, "plan of %s%s\n\n", t.At(p.Plan.At.Unix()), p.fate())
	table := [][]string{{"~PROFILE", ">WAITS", ">RUN", ">OLDEST", ">SLOTS", ">NEED", ">LIMIT", ">WANT", "HAVE"}}
	for _, g := range p.Plan.Targets {
		table = append(table, []string{
			cmp.Or(g.Profile, "(of none)"), number(g.Waits), number(g.Running), length(g.OldestS), fmt.Sprint(g.Slots), fmt.Sprint(g.Wish), fmt.Sprint(g.Limit),
			console.Paint(console.Strong, fmt.Sprint(g.Want)), orNothing(strings.Join(counted(map[string]int{"ready": g.Ready, "coming": g.Coming, "resting": g.Resting}, []string{"ready", "coming", "resting"}), ", ")),
		})
	}
	b.WriteString(on.Noted(table) + "\n")
	for i := range p.Plan.Lines {
		planLine(b, &p.Plan.Lines[i], on)
	}
	if len(p.Plan.Lines) == 0 {
		b.WriteString("nothing is to be done\n")
	}
	for _, profile := range slices.Sorted(maps.Keys(p.Holds)) {
		b.WriteString("hold " + profile + "\n")
		for _, text := range p.Holds[profile] {
			b.WriteString(console.Wrap("  ", "    ", text, on.Width) + "\n")
		}
	}
	p.addChecks(b, now)
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
func planLine(b *console.Sheet, l *api.Line, on console.Screen) {
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
		b.WriteString(console.Wrap("  ", "    ", r.Text+" "+console.Paint(console.Faint, "("+r.Code+")"), on.Width) + "\n")
	}
	if len(l.Avoid) > 0 {
		b.WriteString(console.Wrap("  ", "    ", "not on "+strings.Join(l.Avoid, ", "), on.Width) + "\n")
	}
	if len(l.AvoidStorage) > 0 {
		b.WriteString("  not on storage " + strings.Join(l.AvoidStorage, ", ") + "\n")
	}
	if len(l.Prefer) > 0 {
		b.WriteString(console.Wrap("  ", "    ", "rather on "+strings.Join(l.Prefer, ", "), on.Width) + "\n")
	}
}

// addChecks says what --config has found beside the plan.
func (p *planned) addChecks(b *console.Sheet, now time.Time) {
	if len(p.Checks)+len(p.Notes)+len(p.Clouds)+len(p.Brokers) == 0 {
		return
	}
	b.WriteString("\n")
	b.Section("clouds", sourceLines(p.Clouds, "machine", now)...)
	b.Section("brokers", sourceLines(p.Brokers, "worker", now)...)
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
