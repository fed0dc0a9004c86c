package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"perfmon/cmd/internal/console"
	"perfmon/scaling/rubber/api"
)

// statusText is the status for a person:
//
//	rubber 1.0 of "tiles" is active, for 3 h 12 min
//
//	turn       2 s ago; 7 of at most 50 machines
//	PROFILE  WAITS  RUN  …
func statusText(s *api.Status, all bool, on console.Screen) string {
	b := &console.Sheet{}
	now := s.Now
	fmt.Fprintf(b, "rubber %s of %q is %s, for %s\n\n", s.Version, s.Owner, roleText(s.Role), since(now, s.Since))
	if s.Problem != "" {
		b.Section("problem", console.Paint(console.Bad, s.Problem))
	}
	if s.Paused {
		b.Section("paused", console.Paint(console.Warned, orNothing(s.Reason))+": rubber resume ends that")
	}
	if s.Turns > 0 {
		b.Section("turn", fmt.Sprintf("%s ago; %d of at most %s", since(now, s.At), s.MachineCount, count(s.Cap, "machine")))
	}
	if s.Engine != nil {
		b.Section("engine", engineText(s.Engine))
	}
	b.Section("clouds", sourceLines(s.Clouds, "machine", now)...)
	b.Section("brokers", sourceLines(s.Brokers, "worker", now)...)
	b.Section("alarms", hearingLines(s.Hearing)...)
	var lines []string
	for i := range s.Brakes {
		lines = append(lines, brakeText(&s.Brakes[i], now))
	}
	some(b, "brake", lines, len(s.Brakes))
	lines = nil
	for i := range s.Rivals {
		if r := &s.Rivals[i]; !r.Aside { // else it is the problem
			lines = append(lines, console.Paint(console.Bad, r.Text))
		}
	}
	some(b, "rival", lines, len(lines))
	lines = nil
	for _, x := range s.Strange {
		lines = append(lines, fmt.Sprintf("%s of %s: %s", x.Name, x.Cloud, console.Paint(console.Warned, x.Reason)))
	}
	some(b, "strange", lines, s.StrangeCount)
	lines = nil
	for _, x := range s.Unread {
		lines = append(lines, console.Paint(console.Bad, x))
	}
	some(b, "unread", lines, s.UnreadCount)
	if len(s.Profiles) > 0 {
		b.WriteString("\n" + profileTable(s, on))
	}
	for i := range s.Profiles {
		p := &s.Profiles[i]
		if p.Error != "" {
			b.WriteString("\n" + p.Name + ": " + console.Paint(console.Bad, p.Error) + "\n")
		}
		if p.Blocked != "" {
			b.WriteString("\n" + p.Name + ": " + console.Paint(console.Warned, "no machine can be had: "+p.Blocked) + "\n")
		}
	}
	if table := machineTable(s, all, on); table != "" {
		b.WriteString("\n" + table)
	}
	for _, table := range []string{hostTable(s, on), storageTable(s, on)} {
		if table != "" {
			b.WriteString("\n" + table)
		}
	}
	return b.String()
}

// Of what is the same trouble many times, the first are told and the others
// counted.
const (
	fewLines = 5
	fewRows  = 20
)

// some says the first of all lines of a kind, a section each.
func some(b *console.Sheet, name string, lines []string, all int) {
	shown := lines[:min(len(lines), fewLines)]
	for _, line := range shown {
		b.Section(name, line)
	}
	if all > len(shown) {
		b.Section(name, fmt.Sprintf("and %d more", all-len(shown)))
	}
}

// fewer is a table with its first rows, and how many there are beside them; ""
// if it has none. way says where the others are.
func fewer(table [][]string, all int, way string, on console.Screen) string {
	rows := len(table) - 1
	if rows < 1 {
		return ""
	}
	text := on.Columns(table)
	if all > rows {
		text += fmt.Sprintf("and %d more%s\n", all-rows, way)
	}
	return text
}

// roleText is what an instance does.
func roleText(role string) string {
	switch role {
	case "active":
		return console.Paint(console.Good, "active")
	case "standby":
		return "standing by"
	case "dry-run":
		return console.Paint(console.Warned, "planning, and doing nothing (--dry-run)")
	}
	return console.Paint(console.Warned, role)
}

func engineText(e *api.Engine) string {
	text := e.Where
	if e.Owner {
		text += ", served by this process"
	}
	if !e.OK {
		text += ": " + console.Paint(console.Bad, joined("not connected", e.Error))
	}
	return text
}

// sourceLines say how asking clouds, or brokers, goes.
func sourceLines(list []api.Source, what string, now time.Time) []string {
	var lines []string
	for _, s := range list {
		if s.OK {
			lines = append(lines, fmt.Sprintf("%s: %s; %s", s.Name, console.Paint(console.Good, "fine"), count(s.Count, what)))
			continue
		}
		good := "not asked yet"
		if s.Good != nil {
			good = "last seen " + since(now, *s.Good) + " ago"
		}
		if s.Fails > 0 {
			good = fmt.Sprintf("%s, %s", count(s.Fails, "failure"), good)
		}
		lines = append(lines, fmt.Sprintf("%s: %s (%s)", s.Name, console.Paint(console.Bad, orNothing(s.Error)), good))
	}
	if len(lines) == 0 {
		return []string{"none"}
	}
	return lines
}

func hearingLines(list []api.Hearing) []string {
	var lines []string
	for _, h := range list {
		switch {
		case !h.Connected:
			lines = append(lines, h.Name+": "+console.Paint(console.Bad, joined("not heard", h.Error)))
		case !h.Complete:
			lines = append(lines, h.Name+": heard, but not long enough to know all")
		default:
			lines = append(lines, h.Name+": "+console.Paint(console.Good, "heard"))
		}
	}
	if len(lines) == 0 {
		return []string{"none are heard"}
	}
	return lines
}

func brakeText(b *api.Brake, now time.Time) string {
	what := "cloud " + b.Cloud
	if b.Profile != "" {
		what += ", profile " + b.Profile
	}
	text := fmt.Sprintf("%s: %s (%s)", what, console.Paint(console.Warned, b.Text), b.Kind)
	if b.Hint != "" {
		text += ": " + b.Hint
	}
	if left := b.Until.Sub(now); left > 0 {
		text += "; asked again in " + console.Span(int64(left/time.Second)+1)
	}
	return text
}

// profileTable is a line a profile.
func profileTable(s *api.Status, on console.Screen) string {
	table := [][]string{{"~PROFILE", ">WAITS", ">RUN", ">OLDEST", ">BUSY", ">SLOTS", ">WANT", ">HAVE", "~MACHINES"}}
	for i := range s.Profiles {
		p := &s.Profiles[i]
		want := fmt.Sprint(p.Want)
		if p.Have != p.Want {
			want = console.Paint(console.Strong, want)
		}
		table = append(table, []string{
			p.Name, number(p.Waits), number(p.Running), length(p.OldestS), fmt.Sprint(p.Busy + p.StaticBusy), fmt.Sprint(p.Slots + p.Static), want, fmt.Sprint(p.Have), statesText(p.States),
		})
	}
	return on.Columns(table)
}

// states of a machine, in the order of its life.
var states = []string{"requested", "building", "booting", "ready", "resting", "draining", "deleting", "warm"}

// statesText is how many machines are in which state.
func statesText(of map[string]int) string {
	var list []string
	for _, state := range states {
		if n := of[state]; n > 0 {
			list = append(list, fmt.Sprintf("%d %s", n, state))
		}
	}
	var others []string
	for state, n := range of {
		if n > 0 && !slices.Contains(states, state) { // of a newer rubber
			others = append(others, fmt.Sprintf("%d %s", n, state))
		}
	}
	slices.Sort(others)
	return orNothing(strings.Join(append(list, others...), ", "))
}

// machineNote is what there is to say of a machine, and whether that is
// trouble.
func machineNote(m *api.Machine) (note string, trouble bool) {
	var notes []string
	add := func(text string) {
		if text != "" {
			notes = append(notes, text)
		}
	}
	if m.Overdue {
		add(console.Paint(console.Bad, "takes too long"))
	}
	if m.Trouble != "" {
		text := m.Trouble
		if m.Hint != "" {
			text += ": " + m.Hint
		}
		add(console.Paint(console.Bad, text))
	}
	if m.Protected != "" {
		add("protected: " + m.Protected)
	}
	add(m.LeftAlone)
	add(m.Ending)
	if m.Ending == "" && m.Released != "" {
		add("let go: " + m.Released)
	}
	return strings.Join(notes, "; "), m.Overdue || m.Trouble != ""
}

// machineTable is a line a machine; "" if there is none to show.
func machineTable(s *api.Status, all bool, on console.Screen) string {
	table := [][]string{{"~MACHINE", "~PROFILE", "STATE", ">FOR", ">BUSY", "~HOST", "~NOTE"}}
	there, way := s.MachineCount, ": the page has all of them, and so has GET /v1/machines"
	if !all {
		there, way = 0, ": --machines lists them" // of those in trouble, or protected
	}
	for i := range s.Machines {
		m := &s.Machines[i]
		note, trouble := machineNote(m)
		if !all && !trouble && m.Protected == "" {
			continue
		}
		if !all {
			if there++; there > fewRows {
				continue
			}
		}
		busy := ""
		if m.Slots > 0 || m.Busy != nil {
			busy = fmt.Sprintf("%s/%d", number(m.Busy), m.Slots)
		}
		table = append(table, []string{m.Name, m.Profile, m.State, console.Span(int64(m.AgeS)), busy, orNothing(m.Host), note})
	}
	return fewer(table, max(there, s.InTrouble), way, on)
}

// hostTable is a line a host with which something is the matter; "" if there is
// none.
func hostTable(s *api.Status, on console.Screen) string {
	table := [][]string{{"~HOST", "~TROUBLE", "~ALARMS"}}
	bad := 0
	for i := range s.Hosts {
		h := &s.Hosts[i]
		if !h.Silent && len(h.Bad) == 0 {
			continue
		}
		if bad++; bad > fewRows {
			continue
		}
		trouble := strings.Join(h.Bad, ", ")
		if h.Silent {
			trouble = joined("silent", trouble)
		}
		table = append(table, []string{cmp.Or(h.Name, h.UUID), console.Paint(console.Warned, trouble), alarmsText(h.Alarms)})
	}
	return fewer(table, bad, ": the page has all of them, and so has --output json", on)
}

// storageTable is a line a storage repository with which something is the
// matter; "" if there is none.
func storageTable(s *api.Status, on console.Screen) string {
	table := [][]string{{"~STORAGE", "~TROUBLE", "~ALARMS"}}
	bad := 0
	for i := range s.Storage {
		st := &s.Storage[i]
		if len(st.Bad) == 0 {
			continue
		}
		if bad++; bad > fewRows {
			continue
		}
		table = append(table, []string{cmp.Or(st.Name, st.UUID), console.Paint(console.Warned, strings.Join(st.Bad, ", ")), alarmsText(st.Alarms)})
	}
	return fewer(table, bad, ": the page has all of them, and so has --output json", on)
}

// alarmsText is what fires, and what nobody knows.
func alarmsText(list []api.Alarm) string {
	var alarms []string
	for i := range list {
		text := list[i].Class + " " + list[i].Variable
		if !list[i].Known {
			text += " (nobody knows)"
		}
		alarms = append(alarms, text)
	}
	return strings.Join(alarms, ", ")
}
