package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"perfmon/cmd/internal/console"
	"perfmon/cmd/internal/tui"
	"perfmon/scaling/rubber/api"
)

// statusText is the status for a person:
//
//	rubber 1.0 of "tiles" is active, for 3 h 12 min
//
//	turn       2 s ago; 7 of at most 50 machines
//	PROFILE  WAITS  RUN  …
func statusText(s *api.Status, all bool, on console.Screen) string {
	b := &console.Sheet{Width: on.Width}
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
	lines = nil
	for i := range s.Profiles {
		p := &s.Profiles[i]
		if p.Error != "" {
			lines = append(lines, p.Name+": "+console.Paint(console.Bad, profileError(s, p)))
		}
		if p.Blocked != "" && !braked(s, p) {
			lines = append(lines, p.Name+": "+console.Paint(console.Warned, "no machine can be had: "+p.Blocked))
		}
	}
	for i, line := range lines {
		if i == 0 {
			b.WriteString("\n")
		}
		b.WriteString(console.Wrap("", "  ", line, on.Width) + "\n")
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

// profileError is what is wrong with a profile, in short if its broker's line
// says it already.
func profileError(s *api.Status, p *api.Profile) string {
	for i := range s.Brokers {
		if b := &s.Brokers[i]; b.Name == p.Broker && b.Error == p.Error {
			return "nobody knows what its queue holds: see broker " + b.Name
		}
	}
	return p.Error
}

// braked says whether a brake's line says already why there is no machine.
func braked(s *api.Status, p *api.Profile) bool {
	return slices.ContainsFunc(s.Brakes, func(b api.Brake) bool {
		return b.Cloud == p.Cloud && (b.Profile == "" || b.Profile == p.Name) && strings.Contains(p.Blocked, b.Text)
	})
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

// fewer is a table with its first rows, whose last column has notes, and how many there are beside them; ""
// if it has none. way says where the others are.
func fewer(table [][]string, all int, way string, on console.Screen) string {
	rows := len(table) - 1
	if rows < 1 {
		return ""
	}
	text := on.Noted(table)
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
		switch {
		case s.Good != nil:
			good = "last seen " + since(now, *s.Good) + " ago"
		case s.Fails > 0:
			good = "no answer yet"
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
		return []string{"not listened to (alarms.from)"}
	}
	return lines
}

func brakeText(b *api.Brake, now time.Time) string {
	what := "cloud " + b.Cloud
	if b.Profile != "" {
		what += ", profile " + b.Profile
	}
	text := what + ": " + console.Paint(console.Warned, b.Text)
	if b.Kind != "transient" && !strings.Contains(b.Text, b.Kind) { // transient says no more than the wait below
		text += " (" + b.Kind + ")"
	}
	if !strings.Contains(b.Text, b.Hint) {
		text += "; " + b.Hint
	}
	if left := b.Until.Sub(now); left > 0 {
		text += "; asked again in " + console.Span(int64(left/time.Second)+1)
	}
	return text
}

// profileTable is a line a profile.
func profileTable(s *api.Status, on console.Screen) string {
	table := [][]string{{"~PROFILE", ">WAITS", ">RUN", ">OLDEST", ">BUSY", ">SLOTS", ">WANT", ">HAVE", "MACHINES"}}
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
	return on.Noted(table)
}

// states of a machine, in the order of its life.
var states = []string{"requested", "building", "booting", "ready", "resting", "draining", "deleting", "warm"}

// statesText is how many machines are in which state.
func statesText(of map[string]int) string {
	var others []string // of a newer rubber
	for state := range of {
		if !slices.Contains(states, state) {
			others = append(others, state)
		}
	}
	slices.Sort(others)
	return orNothing(strings.Join(append(counted(of, states), counted(of, others)...), ", "))
}

// counted is how many there are of those that there are, in an order.
func counted(of map[string]int, order []string) (list []string) {
	for _, what := range order {
		if n := of[what]; n > 0 {
			list = append(list, fmt.Sprintf("%d %s", n, what))
		}
	}
	return list
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
	said := m.TroubleText()
	if said != "" {
		add(console.Paint(console.Bad, said))
	}
	if m.Protected != "" {
		add("protected: " + m.Protected)
	}
	add(m.LeftAlone)
	if !strings.Contains(said, m.Ending) {
		add(m.Ending)
	}
	if m.Ending == "" && m.Released != "" {
		add("let go: " + m.Released)
	}
	return strings.Join(notes, "; "), m.Overdue || m.Trouble != ""
}

// machineTable is a line a machine; "" if there is none to show.
func machineTable(s *api.Status, all bool, on console.Screen) string {
	table := [][]string{{"MACHINE", "~PROFILE", "STATE", ">FOR", ">BUSY", "~HOST", "NOTE"}}
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
		table = append(table, []string{m.Name, m.Profile, m.State, tui.Short(int64(m.AgeS)), busy, orNothing(s.HostName(m.Host)), note})
	}
	if on.Width > 0 && on.Width < allColumns && profilesInNames(table) {
		for i := range table {
			table[i] = slices.Delete(table[i], 1, 2)
		}
	}
	return fewer(table, max(there, s.InTrouble), way, on)
}

// allColumns is how wide a screen is that has room for all that is said of a
// machine.
const allColumns = 100

// profilesInNames says whether the name of each machine begins with that of its
// profile.
func profilesInNames(table [][]string) bool {
	for _, row := range table[1:] {
		if !strings.HasPrefix(row[0], row[1]) {
			return false
		}
	}
	return true
}

// hostTable is a line a host with which something is the matter; "" if there is
// none.
func hostTable(s *api.Status, on console.Screen) string {
	table := [][]string{{"~HOST", "~TROUBLE", "ALARMS"}}
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
	table := [][]string{{"~STORAGE", "~TROUBLE", "ALARMS"}}
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
